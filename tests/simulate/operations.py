"""What people and services do in a history, and what each of it should mean, worked out without the
code under test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.chaos.expected import IN, OUT
from tests.chaos.shared import BEGIN
from tests.simulate.lines import LINES, REACHES_FROM, WORDS
from tests.support.payloads import report_event, sms_event

# Requests in other words, and what some programs make of them; elsewhere they suppress.
PROBABLE = frozenset({"I have moved stop", "do not want"})
POLICIES = {"contoso-canada": "review", "contoso-uk": "ignore"}
# The name that a list had before, under which people are still on it.
FORMERLY = {"contoso-canada": "contoso-uk"}
DAY = timedelta(days=1)


def moment(milliseconds: int) -> datetime:
    """A time of the simulation as a date."""
    return BEGIN + timedelta(milliseconds=milliseconds)


@dataclass(frozen=True)
class Operation:
    """One thing that somebody does, as often as it is delivered.

    `kind`: message, report, link, manual, import, verdict, check, malformed. `says` is the text, "out"
    or "in" with its target, or a verdict. `at` and `deliveries` are milliseconds; `clock` says where
    its time comes from: its own, none, or one that is far ahead. `about` is the number of the message
    that a verdict is about, or whose id another message has. `key`: a change that says that it is the
    same.
    """

    number: int
    kind: str
    person: str
    sender: str
    says: str
    at: int
    deliveries: tuple[int, ...]
    clock: str = "own"
    about: int | None = None
    key: bool = True

    @property
    def time(self) -> datetime:
        return moment(self.at)

    @property
    def message_id(self) -> str:
        is_again = self.kind == "message" and self.about is not None
        return f"m{self.about if is_again else self.number}"

    @property
    def text(self) -> str | None:
        """What a person wrote."""
        return self.says if self.kind == "message" else None

    @property
    def target(self) -> str:
        """What a change by hand or an import names: sender, list or everything."""
        return self.says.split()[1]

    @property
    def out(self) -> bool | None:
        """Out, in, or None where it says neither."""
        if self.kind in ("manual", "import"):
            return self.says.startswith("out")
        if self.kind in ("report", "link"):
            return True
        line = LINES[self.sender]
        if self.kind != "message" or self.says in line.ignored:
            return None
        if self.says in PROBABLE:
            return None if line.list in POLICIES else True
        if self.word is not None:
            return self.word[0]
        return True if self.says in OUT else False if self.says in IN else None

    @property
    def word(self) -> tuple[bool, str | None] | None:
        """What a word that the program adds means, if it is one."""
        return WORDS.get(self.sender, {}).get(self.says) if self.kind == "message" else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """The consents that it may speak about, whenever it counts."""
        return self.scopes_at(datetime.max.replace(tzinfo=UTC))

    def scopes_at(self, at: datetime) -> tuple[str, ...]:
        """The consents that it speaks about if it is of a time: from its day on, an opt-out that
        reaches everything is about that, too."""
        said = self._named
        begins = REACHES_FROM.get(self.sender)
        names_sender = self.kind in ("message", "link") or (
            self.kind == "manual" and self.target == "sender"
        )
        stops = self.out or self.is_probable
        if begins is None or not names_sender or not stops or at < moment(begins):
            return said
        return said if "everything" in said else (*said, "everything")

    @property
    def _named(self) -> tuple[str, ...]:
        own, whole_list = f"sender:{self.sender}", f"list:{LINES[self.sender].list}"
        if self.kind == "report":
            return (own,)
        if self.kind in ("manual", "import"):
            wide = {"list": (whole_list,), "everything": ("everything",)}
            return wide.get(self.target, (own, whole_list))
        if self.word is not None and self.word[1] is not None:
            return (f"list:{self.word[1]}",)
        return (own, whole_list, "everything") if self.says == "STOP ALL" else (own, whole_list)

    @property
    def blocks(self) -> bool:
        """Whether a carrier or ACS refuses our messages after it."""
        line = LINES[self.sender]
        if self.kind == "message":
            return self.says in line.blocked
        return self.kind == "report" and bool(line.blocked)

    @property
    def is_probable(self) -> bool:
        return self.kind == "message" and self.says in PROBABLE

    @property
    def is_new_each_time(self) -> bool:
        """Whether doing it again is another one, as nothing says that it is the same."""
        return self.kind == "link" or (self.kind == "manual" and not self.key)

    @property
    def is_reviewed(self) -> bool:
        return self.is_probable and POLICIES.get(LINES[self.sender].list) != "ignore"

    @property
    def is_recorded(self) -> bool:
        """Whether it becomes evidence of its own, and not an event in quarantine."""
        if self.kind == "report":
            return True
        return self.kind == "message" and not self._has_no_time

    @property
    def is_quarantined(self) -> bool:
        return self.kind == "malformed" or (self.kind == "message" and self._has_no_time)

    @property
    def _has_no_time(self) -> bool:
        """Without a time, only a clear opt-out is recorded."""
        ignored = LINES[self.sender].ignored
        stops = self.word[0] if self.word is not None else self.says in OUT
        return self.clock == "none" and (not stops or self.says in ignored)

    def event(self) -> str:
        """The event that Event Grid delivers."""
        if self.kind == "malformed":
            return json.dumps({"number": self.number})
        if self.kind == "report":
            details = "4007: Recipient has opted out"
            return report_event(
                details, from_=self.sender, to=self.person, at=self.time, message_id=self.message_id
            )
        times: Mapping[str, datetime | str] = {"none": "no time", "ahead": self.time + DAY}
        return sms_event(
            self.says,
            to=self.sender,
            from_=self.person,
            at=times.get(self.clock, self.time),
            message_id=self.message_id,
            schema="cloud_events" if self.number % 2 else "event_grid",
        )
