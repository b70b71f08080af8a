"""What the app answers, as values. All times are aware and in UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Link:
    """One recipient's address that opts them out of a sender with one tap, for ever and always the same.

    `index` is its place among the recipients that were given, from 0. `recipient` is the number in E.164.
    Where `error` says that it is not certainly a number, it is what was given, and `url` is None.
    """

    index: int
    recipient: str
    url: str | None
    error: str | None = None

    @classmethod
    def from_json(cls, told: Json, index: int) -> "Link":
        """One of the results. Raises KeyError, TypeError or ValueError for what is none."""
        if "error" in told:
            return cls(index, str(told["recipient"]), None, str(told["error"]))
        url = told["url"]
        if not isinstance(url, str) or "://" not in url:
            raise ValueError("url")
        return cls(index, str(told["recipient"]), url)


@dataclass(frozen=True)
class CheckResult:
    """Whether one recipient may be texted from the sender that was asked about.

    `index` is its place among the recipients that were given, from 0. `recipient` is the number in E.164
    that was understood, which is the one to text; where `error` says that there is none, it is what was
    given, and it counts as suppressed. `state` is "out", "in" (an opt-in is on record), "none" (nothing
    is), or None (not suppressed, and more was not looked up among so many). `since`, `scope`, `source`,
    `keyword` and `blocked_by` tell of the opt-out. `reachable` is False for a number of a country that the
    sender does not reach.
    """

    index: int
    recipient: str
    suppressed: bool
    state: str | None = None
    since: datetime | None = None
    scope: str | None = None
    source: str | None = None
    keyword: str | None = None
    blocked_by: str | None = None
    reachable: bool = True
    error: str | None = None

    @property
    def explanation(self) -> str | None:
        """Why nobody may text them, as a sentence; None where somebody may."""
        if not self.suppressed:
            return None
        if self.error:
            return self.error
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        by = f" by {self.keyword}" if self.keyword else f" ({self.source})" if self.source else ""
        return f"opted out{since}{by}"

    @classmethod
    def from_json(cls, told: Json, index: int) -> "CheckResult":
        """One of the results. Raises KeyError, TypeError or ValueError for what is none."""
        return cls(
            index=index,
            recipient=str(told["recipient"]),
            suppressed=_suppressed(told),
            state=told.get("state"),
            since=moment(told.get("since")),
            scope=told.get("scope"),
            source=told.get("source"),
            keyword=told.get("keyword"),
            blocked_by=told.get("blocked_by"),
            reachable=bool(told.get("reachable", True)),
            error=told.get("error"),
        )


@dataclass(frozen=True)
class Entry:
    """What one consent says. `since` is when it began to, `at` the newest that said so; None where nobody
    said anything. `blocked_by` is "carrier", "acs" or "service" for an opt-out from a sender."""

    suppressed: bool
    since: datetime | None = None
    at: datetime | None = None
    blocked_by: str | None = None

    @classmethod
    def from_json(cls, told: Json) -> "Entry":
        return cls(
            _suppressed(told),
            moment(told.get("since")),
            moment(told.get("at")),
            told.get("blocked_by"),
        )


@dataclass(frozen=True)
class Standing:
    """All that one recipient's consents together say. Of two, the one with the higher version is right.

    `lists` by their names, `senders` by number, sender IDs in lower case; `other_lists` is what holds for
    any list that is not there.
    """

    recipient: str
    version: int
    lists: Mapping[str, Entry]
    other_lists: Entry
    senders: Mapping[str, Entry]

    @classmethod
    def from_json(cls, told: Json) -> "Standing":
        """A document of the feed, of an announcement or of a status. Raises KeyError or TypeError for what
        is none."""
        return cls(
            recipient=str(told["recipient"]),
            version=int(told["version"]),
            lists={name: Entry.from_json(entry) for name, entry in told["lists"].items()},
            other_lists=Entry.from_json(told["other_lists"]),
            senders={name: Entry.from_json(entry) for name, entry in told["senders"].items()},
        )

    def suppression(self, sender: str, lists: Sequence[str], stands_for: str | None = None) -> Entry | None:
        """What forbids texting them from a sender, whose `lists` are its own and the former ones, and which
        may stand for a sender ID, as `senders` of the client gives them; None where nothing does.

        The sender's own opt-out comes first, and that of the sender ID; then the newest entry among its
        lists (on a tie, out), or `other_lists` where none of them is there.
        """
        there = [self.lists[name] for name in lists if name in self.lists]
        names = (sender, stands_for) if stands_for else (sender,)
        own = [self.senders[name.lower()] for name in names if name.lower() in self.senders]
        return forbidding(own, there, self.other_lists)


@dataclass(frozen=True)
class ChangesPage:
    """Some people, each as they are now. `next` is where to go on, now if there is `more`, or later."""

    items: Sequence[Standing]
    next: str
    more: bool

    @classmethod
    def from_json(cls, told: Json) -> "ChangesPage":
        items = tuple(Standing.from_json(item) for item in told["items"])
        if not isinstance(told["more"], bool):
            raise TypeError("more")
        return cls(items, str(told["next"]), told["more"])


@dataclass(frozen=True)
class Sender:
    """A sender of the program file. `lists` are its own, then those that were renamed to it. `stands_for` is
    the sender ID, in lower case, in whose place networks show this number: an opt-out of it counts, too."""

    sender: str
    program: str
    lists: Sequence[str]
    country: str | None = None
    stands_for: str | None = None

    @classmethod
    def from_json(cls, told: Json) -> "Sender":
        return cls(
            str(told["sender"]),
            str(told["program"]),
            tuple(told["lists"]),
            told.get("country"),
            told.get("stands_for"),
        )


@dataclass(frozen=True)
class ChangeResult:
    """What holds now, after a change by hand.

    `effect` is "opted_out", "opted_in", "confirmed", "outdated" (a newer consent prevails) or "none".
    `remedy` is what the person must text where a carrier or ACS blocks. `repeated`: the change had been
    made before, under the same key.
    """

    recipient: str
    suppressed: bool
    effect: str
    remedy: str | None = None
    repeated: bool = False

    @classmethod
    def from_json(cls, told: Json) -> "ChangeResult":
        return cls(
            str(told["recipient"]),
            bool(told["suppressed"]),
            str(told["effect"]),
            told.get("remedy"),
            bool(told.get("repeated", False)),
        )


def moment(text: str | None) -> datetime | None:
    """A time as the app writes it: RFC 3339, UTC. Raises ValueError for another."""
    if not text:
        return None
    read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if read.tzinfo is None:
        raise ValueError("a time without a time zone")
    return read


def forbidding(own: Sequence[Entry], lists: Sequence[Entry], other_lists: Entry) -> Entry | None:
    """What forbids texting somebody from a sender; None where nothing does. `own` are the entries of the
    sender itself and of what it stands for, `lists` those of its lists, of those that are there."""
    for each in own:
        if each.suppressed:
            return each
    newest = max(lists or (other_lists,), key=lambda entry: (_sorted(entry.at), entry.suppressed))
    return newest if newest.suppressed else None


def _suppressed(told: Json) -> bool:
    """What is neither true nor false must not become "may be texted"."""
    suppressed = told["suppressed"]
    if not isinstance(suppressed, bool):
        raise TypeError("suppressed")
    return suppressed


def _sorted(at: datetime | None) -> float:
    return at.timestamp() if at else float("-inf")
