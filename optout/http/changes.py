"""Opt a person out or in by hand."""

from collections.abc import Sequence
from typing import Annotated, NotRequired

from pydantic import Field

from optout.decisions import target as targets
from optout.decisions.target import Target
from optout.domain.enums import Effect
from optout.http.exchange import Body, Request, parse_body, parse_headers, principal
from optout.http.suppressions import PersonState, person_state
from optout.http.values import (
    FreeText,
    IdempotencyKey,
    Moment,
    Number,
    TargetRequest,
)
from optout.operations import changes
from optout.operations.shapes import Blocker, Shape
from optout.service import Service


class ChangeRequest(TargetRequest):
    """Exactly one of sender, list and everything."""

    recipient: Number
    reason: FreeText
    actor: FreeText
    at: Moment | None = Field(
        None, description="When the person asked, by default now; not in the future."
    )


class ChangeHeaders(Body):
    """What makes a retry the same change."""

    key: IdempotencyKey | None = Field(None, alias="Idempotency-Key")


class Named(Shape, total=False):
    """What a change is about: a sender and its list, a list, or everything."""

    sender: str
    list: str
    everything: Annotated[bool, Field(description="true where it is there")]


class Block(Shape):
    """An opt-out from one sender that a change leaves in place."""

    sender: str
    blocked_by: Blocker
    remedy: Annotated[str, Field(description="what would lift it")]


class Outcome(Shape):
    """The effect, and what a person at a desk cannot do."""

    effect: Annotated[Effect, Field(description="outdated: a newer consent prevails")]
    remedy: NotRequired[
        Annotated[str, Field(description="what the person must text, where a carrier or ACS blocks")]
    ]
    still_blocked: NotRequired[Sequence[Block]]
    repeated: NotRequired[
        Annotated[
            bool,
            Field(
                description="true where it is there: the change was recorded before, under the same key"
            ),
        ]
    ]


class Changed(Named, PersonState, Outcome):
    """The state that now holds."""


_WHO = {"recipient": "+14255550123", "reason": "asked on the phone", "actor": "ann"}
OPT_INS = {"sender": {"sender": "12345", **_WHO}}
OPT_OUTS = {
    **OPT_INS,
    "list": {**_WHO, "list": "contoso-alerts", "at": "2026-05-31T09:00:00Z"},
    "everything": {**_WHO, "everything": True},
}
OPTED_OUT = {
    "sender": "12345",
    "list": "contoso-alerts",
    "recipient": "+14255550123",
    "suppressed": True,
    "since": "2026-06-01T12:00:00.000000Z",
    "scope": "sender",
    "source": "manual",
    "keyword": None,
    "blocked_by": "service",
    "effect": "opted_out",
}
OPTED_IN = {
    "sender": "12345",
    "list": "contoso-alerts",
    "recipient": "+14255550123",
    "suppressed": False,
    "since": None,
    "scope": None,
    "source": None,
    "keyword": None,
    "blocked_by": None,
    "effect": "opted_in",
}


def opt_out(request: Request, service: Service) -> Changed:
    """Opt a person out by hand.

    With an Idempotency-Key a repeated call is the same change, and is answered with what holds now.
    Repeating it announces what an earlier call could not.
    """
    return _change(request, service, out=True)


def opt_in(request: Request, service: Service) -> Changed:
    """Opt a person in by hand.

    Send an Idempotency-Key: without one, a retry is another opt-in, and undoes what the person has
    texted meanwhile. With one it is the same change, and is answered with what holds now.

    A block by a carrier or ACS is not lifted: the answer stays suppressed, and `remedy` says what
    the person must text.
    """
    return _change(request, service, out=False)


def named(target: Target) -> Named:
    if target.sender:
        return {"sender": target.sender.name, "list": target.sender.list}
    return {"everything": True} if target.everything else {"list": target.list or ""}


def _change(request: Request, service: Service, *, out: bool) -> Changed:
    body = parse_body(ChangeRequest, request)
    target = body.find_target(service.directory)
    changed = service.changes.record(
        target,
        body.recipient,
        out=out,
        actor=body.actor,
        reason=body.reason,
        at=body.at,
        principal=principal(request),
        key=parse_headers(ChangeHeaders, request).key,
    )
    return {**named(target), **person_state(changed.answer), **_outcome(changed, target)}


def _outcome(changed: changes.Changed, target: Target) -> Outcome:
    outcome: Outcome = {"effect": changed.effect}
    if target.sender and changed.blocks:
        outcome["remedy"] = changed.blocks[0].remedy
    elif changed.blocks:
        outcome["still_blocked"] = [_block(block) for block in changed.blocks]
    if changed.repeated:
        outcome["repeated"] = True
    return outcome


def _block(block: targets.Block) -> Block:
    return {"sender": block.sender.name, "blocked_by": block.blocked_by, "remedy": block.remedy}
