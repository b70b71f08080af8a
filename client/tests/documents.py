"""Documents as the feed has them, random ones among them, and an oracle that follows the prose of
docs/api.md and shares nothing with the package."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from optout_client import ChangesPage, Sender

Document = Mapping[str, Any]

SENDERS = [
    Sender("12345", "Contoso Alerts", ("contoso-alerts", "contoso"), "US"),
    Sender("+18335550100", "Contoso Alerts", ("contoso-alerts", "contoso"), "US"),
    Sender("CONTOSO", "Contoso UK", ("contoso-uk",), "GB"),
    Sender("+447400123456", "Contoso UK", ("contoso-uk",), "GB", "contoso"),
]
NEVER = {"suppressed": False, "since": None, "at": None}


def time(minute: int) -> str:
    return f"2026-06-01T12:{minute:02}:00.123456Z"


def entry(suppressed: bool, minute: int) -> dict[str, Any]:
    return {"suppressed": suppressed, "since": time(minute), "at": time(minute)}


def document(
    recipient: str,
    version: int = 1,
    lists: Document | None = None,
    other_lists: Document = NEVER,
    senders: Document | None = None,
) -> Document:
    return {
        "recipient": recipient,
        "version": version,
        "lists": lists or {},
        "other_lists": other_lists,
        "senders": {name: {"blocked_by": None, **each} for name, each in (senders or {}).items()},
    }


def out(recipient: str, version: int = 1) -> Document:
    """Somebody who is out of Contoso Alerts' list."""
    return document(recipient, version, {"contoso-alerts": entry(True, 1)})


def back(recipient: str, version: int = 2) -> Document:
    """Somebody who is in again."""
    return document(recipient, version, {"contoso-alerts": entry(False, 2)})


def page(items: Iterable[Document], next_: str = "end", *, more: bool = False) -> ChangesPage:
    return ChangesPage.from_json({"items": list(items), "next": next_, "more": more})


def is_suppressed(document: Document | None, sender: Sender) -> bool:
    """The prose: not where `senders[sender].suppressed`, nor where that of what it stands for is; or
    else when the newest (by `at`, on a tie out) of the entries for its lists that are there is; or else,
    where none is there, when `other_lists` is."""
    if document is None:
        return False
    own = {sender.sender.lower(), sender.stands_for}
    if any(each["suppressed"] for name, each in document["senders"].items() if name in own):
        return True
    mine = [each for name, each in document["lists"].items() if name in sender.lists]
    if not mine:
        return bool(document["other_lists"]["suppressed"])
    # All times are written alike, and sort as text.
    latest = sorted(each["at"] for each in mine)[-1]
    return any(each["suppressed"] for each in mine if each["at"] == latest)


NAMES = ("12345", "+18335550100", "contoso", "+447400123456")
RECIPIENTS = ("+14255550123", "+14255550124", "+447700900123", "+4520123456", "+390612345678")
_entries = st.builds(entry, st.booleans(), st.integers(0, 5))


@st.composite
def versions_of_people(draw: st.DrawFn) -> list[Document]:
    """Documents about a few people, each version of a person's once."""
    return [
        document(
            recipient,
            version,
            draw(st.dictionaries(st.sampled_from(["contoso-alerts", "contoso", "contoso-uk"]), _entries)),
            draw(_entries | st.just(NEVER)),
            draw(st.dictionaries(st.sampled_from(NAMES), _entries)),
        )
        for recipient in RECIPIENTS
        for version in range(1, draw(st.integers(0, 4)) + 1)
    ]
