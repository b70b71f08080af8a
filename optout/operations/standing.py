"""One document about one recipient, with a version that only grows: what others are told, and keep."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from optout.azure.topic import Notice
from optout.decisions import standing as decisions
from optout.domain.ids import announcement_id
from optout.domain.model import NOBODY, Consent, ConsentSnapshot, Evidence
from optout.operations.shapes import Blocker, Shape, Time, shown

STANDING, IMPORTED = "optout.standing", "optout.imported"
# The numbers of one person's evidence that a generation has room for.
_GENERATION = 2**32


class StandingEntry(Shape):
    """Whether it is suppressed, since when, and when the newest word to that was; null: there was
    none."""

    suppressed: bool
    since: Time | None
    at: Time | None


class SenderEntry(StandingEntry):
    """The same of a sender, and who refuses its messages."""

    blocked_by: Blocker | None


class Standing(Shape):
    """What all that is known of a recipient says. It does not depend on the program file.

    The recipient may not be texted from a sender when `senders[sender].suppressed`, or that of the
    sender ID that it `stands_for`; or else when the newest, by `at` and on a tie the suppressed, of the
    entries of its `lists` that are there is suppressed; or else, where none is there, when
    `other_lists` is. Of two documents the one with the higher `version` is right.
    """

    recipient: str
    version: Annotated[int, Field(description="only grows")]
    lists: Annotated[
        Mapping[str, StandingEntry], Field(description="by the names under which they were recorded")
    ]
    other_lists: StandingEntry
    senders: Annotated[
        Mapping[str, SenderEntry],
        Field(description="by number, short code, or sender ID in lower case"),
    ]


def version(generation: int, number: int) -> int:
    """The version of a standing: of the store's generation and the newest evidence's number."""
    return generation * _GENERATION + number


def document(snapshot: ConsentSnapshot, generation: int) -> Standing:
    """The standing of a recipient, by all consents at one moment."""
    held = decisions.standing(snapshot.consents)
    return {
        "recipient": snapshot.recipient,
        "version": version(generation, snapshot.number),
        "lists": {name: _entry(held.lists[name]) for name in sorted(held.lists)},
        "other_lists": _entry(held.other_lists),
        "senders": {name: _sender_entry(held.senders[name]) for name in sorted(held.senders)},
    }


def notice(evidence: Evidence, snapshot: ConsentSnapshot, generation: int) -> Notice:
    """The announcement of the standing that a piece of evidence has changed."""
    data = document(snapshot, generation)
    return Notice(
        id=announcement_id(evidence.recipient, data["version"]),
        type=STANDING,
        time=evidence.at,
        data={**data, "cause": _cause(evidence)},
    )


def import_notice(evidence: Evidence) -> Notice:
    """The announcement of an import, which may have changed the standing of many: they are in the
    feed."""
    return Notice(
        id=evidence.id,
        type=IMPORTED,
        time=evidence.at,
        data={
            "sender": evidence.sender,
            "list": evidence.list,
            "everything": evidence.sender is None and evidence.list is None,
            "counts": dict(evidence.counts or {}),
            "at": shown(evidence.at),
        },
    )


def announced_as(evidence: Evidence) -> str | None:
    """The id of the announcement that told of a piece of evidence; None if there was none yet."""
    announcement = evidence.announcement
    if announcement is None or announcement.is_pending:
        return None
    if is_import(evidence):
        return evidence.id
    version = announcement.version
    return None if version is None else announcement_id(evidence.recipient, version)


def is_import(evidence: Evidence) -> bool:
    """Whether evidence is of an import as a whole."""
    return evidence.recipient == NOBODY


def _cause(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": evidence.kind,
        "at": shown(evidence.at),
        "sender": evidence.sender,
        "list": evidence.list,
        "keyword": evidence.keyword,
        "message_id": evidence.message_id,
    }


def _entry(consent: Consent | None) -> StandingEntry:
    if consent is None:
        return {"suppressed": False, "since": None, "at": None}
    return {"suppressed": consent.out, "since": shown(consent.since), "at": shown(consent.at)}


def _sender_entry(consent: Consent) -> SenderEntry:
    return {**_entry(consent), "blocked_by": consent.blocked_by if consent.out else None}
