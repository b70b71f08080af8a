"""Evidence to write into a store, and what to expect of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from optout.domain.enums import (
    Effect,
    EvidenceKind,
    Intent,
    Party,
    ReplyStatus,
    ScopeKind,
)
from optout.domain.ids import evidence_id
from optout.domain.model import (
    Consent,
    Decision,
    Evidence,
    Inquiry,
    RecipientState,
    Reply,
    Scope,
)
from optout.store.protocol import JournalPage, Store
from tests.support.world import NOON, PERSON

SCOPE = Scope(ScopeKind.SENDER, "12345")
LIST = Scope(ScopeKind.LIST, "contoso-alerts")


def evidence(number: int = 1, recipient: str = PERSON, **changed: object) -> Evidence:
    """A STOP of a recipient; the number is its place in the recipient's evidence."""
    made = Evidence(
        id=evidence_id(EvidenceKind.MESSAGE, f"m{number}", recipient),
        number=number,
        kind=EvidenceKind.MESSAGE,
        recipient=recipient,
        at=NOON,
        received_at=NOON + timedelta(seconds=number),
        sender="12345",
        list="contoso-alerts",
        scopes=(SCOPE, LIST),
        text="STOP",
        intent=Intent.STOP,
        effect=Effect.OPTED_OUT,
        flags=("event_time",),
        reply=Reply(Party.SERVICE, ReplyStatus.PENDING, "Bye.", send_id="i", expires_at=NOON),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


class Looked(Exception):
    """Ends an update after it was read for."""


def state_of(
    store: Store,
    person: str = PERSON,
    sender: str | None = None,
    since: datetime = NOON,
    limit: int = 20,
) -> RecipientState:
    """What a store tells a decision about somebody; nothing is written."""
    seen: list[RecipientState] = []

    def look(state: RecipientState) -> Decision:
        timeline = state.timeline()
        seen.append(replace(state, timeline=lambda: timeline))
        raise Looked

    with pytest.raises(Looked):
        store.update(Inquiry(person, "another", sender, since, limit), look)
    return seen[0]


OUT = Consent(True, NOON, NOON, EvidenceKind.MESSAGE, "STOP", Party.CARRIER, "some id")


def journal(turn: Callable[[int, str | None], JournalPage], limit: int) -> list[Evidence]:
    """All pages of a journal."""
    found: list[Evidence] = []
    after = None
    while True:
        page = turn(limit, after)
        found += page.items
        if (after := page.after) is None:
            return found
