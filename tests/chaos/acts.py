"""What people at desks do in a campaign, drawn from its seed: changes by hand and imports."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.expected import EVERYTHING, LINES, Message, Said, scopes_of
from tests.chaos.shared import BEGIN

CHANGES_SHARE = 0.1
IMPORTS_SHARE = 0.015
MOST_ROWS = 12
# Imports are about every third person, so that following by push alone can be judged by the others.
IMPORTED_EVERY = 3
KEY_SHARE = 0.6
DATED_SHARE = 0.5
LONG_AGO_SECONDS = 1200.0
# As long as some messages are on their way.
LONGER_SECONDS = 900.0
TIE_SHARE = 0.15
OWN_SHARE = 0.8
# Repeated long after it was answered: by a client that lost the answer.
REPEATED_SHARE = 0.3
REPEATED_SECONDS = (60.0, 1500.0)
# Does not ask again after an error.
GIVES_UP_SHARE = 0.25
TARGETS = {"sender": 6, "list": 3, "everything": 2}


@dataclass(frozen=True)
class Target:
    """A sender and its list, a list, or everything."""

    sender: str | None = None
    list: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        if self.sender is not None:
            line = LINES[self.sender]
            unknown = {} if line.is_configured else {"allow_unconfigured": True}
            return {"sender": line.name or self.sender, **unknown}
        return {"list": self.list} if self.list is not None else {"everything": True}

    @property
    def scopes(self) -> tuple[str, ...]:
        if self.sender is not None:
            return scopes_of(self.sender)
        return (f"list:{self.list}",) if self.list is not None else (EVERYTHING,)


@dataclass(frozen=True)
class Row:
    """Whom an act is about, and since when; without a time, since whenever it is recorded."""

    person: str
    at: datetime | None


@dataclass(frozen=True)
class Act:
    """An opt-out or opt-in that somebody enters by hand, of one person, or imports, of several.

    With a `key` it is one change, however often it is repeated. `again` is when somebody repeats it who
    had an answer. `gives_up`: it is not repeated after an error.
    """

    id: str
    due: float
    target: Target
    out: bool
    rows: tuple[Row, ...]
    is_import: bool
    key: str | None = None
    again: float | None = None
    gives_up: bool = False

    @property
    def operation(self) -> str:
        if self.is_import:
            return "import" if self.out else "import-opt-ins"
        return "opt-out" if self.out else "opt-in"

    @property
    def body(self) -> dict[str, Any]:
        who = {"actor": "ann", "reason": self.id}
        if self.is_import:
            return {**self.target.body, **who, "rows": [_row(row) for row in self.rows]}
        return {**self.target.body, **who, **_row(self.rows[0])}

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Idempotency-Key": f'"{self.key}"'} if self.key else {}

    def said(self, evidence_id: str, at: datetime) -> Said:
        """What one record of it says."""
        yields_to = self.target.sender if not self.out else None
        return Said(evidence_id, at, self.out, self.target.scopes, yields_to=yields_to)


def acts(seed: int, messages: Sequence[Message], span: float, more: float) -> tuple[Act, ...]:
    """The same for the same seed; `more` of them than usual."""
    chance = random.Random(f"{seed}-acts")
    people = list(dict.fromkeys(message.person for message in messages))
    texted: dict[str, list[Message]] = {person: [] for person in people}
    for message in messages:
        texted[message.person].append(message)
    drawn = _Draw(chance, texted, span)
    count = len(messages) * more
    changes = [drawn.change(number) for number in range(int(count * CHANGES_SHARE))]
    # The others are followed by push alone.
    imported = people[::IMPORTED_EVERY]
    imports = [drawn.imported(n, imported) for n in range(max(2, int(count * IMPORTS_SHARE)))]
    return (*changes, *imports)


@dataclass
class _Draw:
    chance: random.Random
    messages: Mapping[str, Sequence[Message]]
    span: float

    def change(self, number: int) -> Act:
        due = self.chance.uniform(0, self.span + LONGER_SECONDS)
        person = self.chance.choice(list(self.messages))
        is_dated = self.chance.random() < DATED_SHARE
        key = f"key-{number}" if self.chance.random() < KEY_SHARE else None
        is_repeated = key is not None and self.chance.random() < REPEATED_SHARE
        return Act(
            id=f"change-{number}",
            due=due,
            target=self._target(person),
            out=self.chance.random() < 0.5,
            rows=(Row(person, self._time(person, due) if is_dated else None),),
            is_import=False,
            key=key,
            again=due + self.chance.uniform(*REPEATED_SECONDS) if is_repeated else None,
            gives_up=self.chance.random() < GIVES_UP_SHARE,
        )

    def imported(self, number: int, people: Sequence[str]) -> Act:
        due = self.chance.uniform(0, self.span + LONGER_SECONDS)
        out = self.chance.random() < 0.6
        return Act(
            id=f"import-{number}",
            due=due,
            target=self._target(people[0]),
            out=out,
            rows=tuple(self._rows(people, due, out)),
            is_import=True,
            gives_up=self.chance.random() < GIVES_UP_SHARE,
        )

    def _rows(self, people: Sequence[str], due: float, out: bool) -> Iterator[Row]:
        for _ in range(self.chance.randint(1, MOST_ROWS)):
            person = self.chance.choice(people)
            is_dated = not out or self.chance.random() < DATED_SHARE
            yield Row(person, self._time(person, due) if is_dated else None)

    def _target(self, person: str) -> Target:
        """Mostly what the person texts, too."""
        (kind,) = self.chance.choices(list(TARGETS), list(TARGETS.values()))
        own = [message.sender for message in self.messages[person]]
        sender = self.chance.choice(own if self.chance.random() < OWN_SHARE else list(LINES))
        if kind == "sender":
            return Target(sender=sender)
        if kind == "list" and LINES[sender].is_configured:
            return Target(list=LINES[sender].list)
        return Target()

    def _time(self, person: str, due: float) -> datetime:
        """Some time before; now and then that of a message of the person."""
        now = BEGIN + timedelta(seconds=due)
        earlier = [message.at for message in self.messages[person] if message.at < now]
        if earlier and self.chance.random() < TIE_SHARE:
            return self.chance.choice(earlier)
        return now - timedelta(milliseconds=int(self.chance.uniform(0, LONG_AGO_SECONDS) * 1000))


def _row(row: Row) -> dict[str, Any]:
    return {"recipient": row.person, **({"at": row.at.isoformat()} if row.at else {})}
