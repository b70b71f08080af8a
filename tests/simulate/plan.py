"""What a seed makes of a history before anything goes wrong: who says what when, how often each of it
is delivered, which processes there are, and how rough it gets."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.simulate.choices import Spans, Value, weighted
from tests.simulate.lines import DEALS, LINES, NEWS
from tests.simulate.operations import PROBABLE, Operation

TEXTS = {
    "STOP": 18, "QUIT": 4, "STOP ALL": 6, "START": 22, "UNSTOP": 3, "HELP": 7, "hello": 3,
    "I have moved stop": 7, "do not want": 3, "JOIN": 3, "KEEP": 3, "HUSH": 2, "MUTE": 2,
}  # fmt: skip
KINDS = {
    "message": 60, "report": 5, "link": 6, "manual": 9, "import": 4, "verdict": 9, "check": 10,
    "poll": 8, "malformed": 2,
}  # fmt: skip
# How long a delivery takes, in milliseconds, and how many there are of an event.
DELAYS = Spans(
    1_000, 10, (1_000, 4_000, 56), (4_000, 60_000, 22), (60_000, 330_000, 8), (330_000, 1_500_000, 4)
)
AT_ONCE = Spans(1_000, 40, (1_000, 2_000, 40), (2_000, 20_000, 15), (280_000, 320_000, 5))
COPIES = {"1": 60, "2": 28, "3": 12}
CROWDED = {"1": 15, "2": 45, "3": 40}
# Clocks of processes differ by so many milliseconds at most, and in some histories by more.
SKEWS = Spans(400, 75, (3_000, 3_000, 25))
TIES = 0.1


@dataclass(frozen=True)
class Theme:
    """What a history is about. `most` people, senders and bursts of so many milliseconds; `victims` are
    the kinds of what is hit in a focused one; `unbelieved` is the share of what has no time of its own;
    `away` is what may not answer for a while."""

    weight: float
    roughness: str
    kinds: Mapping[str, int] = field(default_factory=lambda: KINDS)
    texts: Mapping[str, int] = field(default_factory=lambda: TEXTS)
    victims: frozenset[str] = frozenset()
    most: int = 1
    counts: tuple[int, ...] = (2, 3, 4, 6)
    spread: int = 25_000
    copies: Mapping[str, int] = field(default_factory=lambda: CROWDED)
    delays: Spans = AT_ONCE
    unbelieved: float = 0.1
    skew: int | None = None
    away: tuple[str, ...] = ()
    senders: tuple[str, ...] = tuple(LINES)


_ANYTHING = Theme(
    weight=40, roughness="even", most=3, counts=(6, 12, 24, 40), copies=COPIES, delays=DELAYS
)
# Those whose answers are ours to give.
_ANSWERED = tuple(name for name, line in LINES.items() if line.answers and not line.elsewhere)
_BY_HAND = {"manual": 60, "link": 15, "message": 20, "import": 10, "verdict": 10, "check": 5}
# Where uniform chance is weak, what goes wrong and who goes on is chosen: it hits one person and one
# sender, and of all effects those that it is about.
THEMES = {
    "anything": _ANYTHING,
    "rough": replace(_ANYTHING, weight=15, roughness="rough"),
    "answers": Theme(
        weight=25,
        roughness="focused",
        kinds={"message": 80, "manual": 10, "verdict": 5, "check": 5},
        victims=frozenset({"message"}),
        senders=_ANSWERED,
    ),
    # Deliveries of one message at once, and soon another message that says the opposite.
    "duel": Theme(
        weight=12,
        roughness="focused",
        kinds={"message": 1},
        texts={"STOP": 1, "START": 1},
        victims=frozenset({"message"}),
        counts=(2, 3),
        spread=8_000,
        delays=Spans(1_000, 60, (1_000, 1_500, 40)),
        unbelieved=0,
        senders=_ANSWERED,
    ),
    "away": replace(
        _ANYTHING,
        weight=10,
        roughness="calm",
        counts=(6, 12),
        delays=AT_ONCE,
        away=("acs", "topic"),
        senders=_ANSWERED,
    ),
    "by hand": Theme(
        weight=10,
        roughness="focused",
        kinds=_BY_HAND,
        victims=frozenset({"manual", "link", "import", "verdict"}),
    ),
    # Around the moment from which a STOP ends everything, to a program that adds words.
    "reach": replace(
        _ANYTHING,
        weight=15,
        counts=(4, 8, 12),
        spread=500_000,
        texts={
            "STOP": 20,
            "START": 20,
            "JOIN": 12,
            "KEEP": 16,
            "HUSH": 8,
            "MUTE": 10,
            "do not want": 6,
        },
        senders=(DEALS, DEALS, DEALS, NEWS, "12345"),
    ),
    "clocks": Theme(
        weight=10,
        roughness="focused",
        kinds={"message": 40, "manual": 60},
        copies={"1": 1},
        spread=5_000,
        delays=Spans(1_000, 1),
        unbelieved=0.6,
        skew=3_000,
    ),
}


class Outage(NamedTuple):
    """What does not answer, from when until when."""

    what: str
    begins: int
    ends: int


@dataclass(frozen=True)
class Plan:
    """A history but for its choices. `roughness` names the odds of faults in `faults.py`; in a focused
    one they are for the `victims` alone."""

    store: str
    skews: tuple[int, ...]
    operations: tuple[Operation, ...]
    roughness: str = "even"
    victims: frozenset[int] = frozenset()
    away: tuple[Outage, ...] = ()
    queue: str = "storage"

    @property
    def skew(self) -> int:
        """How far a clock is wrong at most."""
        return max(map(abs, self.skews))


@dataclass(frozen=True)
class History:
    """All that decides what happens: the same history gives the same trace."""

    plan: Plan
    choices: Mapping[str, Value] = field(default_factory=dict)


def drawn(seed: int, store: str) -> Plan:
    """The same plan for the same seed."""
    chance = random.Random(f"{seed}/plan")
    theme = THEMES[weighted(chance, {name: each.weight for name, each in THEMES.items()})]
    skew = theme.skew or SKEWS.draw(chance)
    skews = tuple(chance.randint(-skew, skew) for _ in range(chance.randint(1, 3)))
    # Nothing arrives before it was sent, by the clock of any process.
    operations = tuple(
        replace(each, deliveries=tuple(due + skew for due in each.deliveries))
        for each in _operations(chance, theme)
    )
    victims = frozenset(each.number for each in operations if each.kind in theme.victims)
    away = tuple(_outage(chance, name) for name in theme.away if chance.random() < 0.75)
    # Where the store finds what is pending, a process may do without a queue.
    queue = "own" if store != "tables" and chance.random() < 0.25 else "storage"
    return Plan(store, skews, operations, theme.roughness, victims, away, queue)


def _outage(chance: random.Random, what: str) -> Outage:
    """For some minutes, or for an hour."""
    begins = chance.randint(0, 1_200_000)
    return Outage(what, begins, begins + chance.choice((120_000, 270_000, 600_000, 3_600_000)))


def _operations(chance: random.Random, theme: Theme) -> Iterator[Operation]:
    people = [f"+1206555{1000 + number}" for number in range(chance.randint(1, theme.most))]
    senders = chance.sample(theme.senders, chance.randint(1, theme.most))
    bursts = [chance.randint(0, 1_200_000) for _ in range(chance.randint(1, theme.most))]
    # Not every history has everything: what is rare elsewhere gets its turn.
    kinds = _some(chance, theme.kinds, {"message", "manual"} & {*theme.kinds})
    texts = _some(chance, theme.texts, {"STOP", "START"})
    made: list[Operation] = []
    for number in range(chance.choice(theme.counts)):
        draft = Operation(
            number=number,
            kind=weighted(chance, kinds),
            person=chance.choice(people),
            sender=chance.choice(senders),
            says=weighted(chance, texts),
            at=chance.choice(bursts) + chance.randint(0, theme.spread),
            deliveries=(),
        )
        if made and chance.random() < TIES:
            draft = replace(draft, at=chance.choice(made).at)
        made.append(_finished(chance, draft, made, theme))
    yield from made


def _some(chance: random.Random, weights: Mapping[str, int], always: set[str]) -> dict[str, int]:
    return {name: each for name, each in weights.items() if name in always or chance.random() < 0.75}


def _finished(
    chance: random.Random, draft: Operation, before: list[Operation], theme: Theme
) -> Operation:
    """An operation with all that belongs to its kind, and its deliveries."""
    match draft.kind:
        case "manual" | "import":
            draft = _entered(chance, draft, theme)
        case "verdict":
            draft = _verdict(chance, draft, before)
        case "message":
            draft = _message(chance, draft, before, theme)
        case "poll":
            name = chance.choice(("feed", "both", "restarted", "forgetful"))
            draft = replace(draft, says=f"{name} {chance.choice(('goes-on', 'goes-on', 'restarts'))}")
        case "report" | "check" | "malformed":
            draft = replace(draft, says=draft.kind)
        case "link":
            draft = replace(draft, says="link", clock="none")
    copies = int(weighted(chance, theme.copies))
    if draft.kind in ("check", "poll", "import") or (draft.kind == "manual" and not draft.key):
        copies = 1
    begins = max(draft.at, 0)
    times = [begins + 1_000 + theme.delays.draw(chance) for _ in range(copies)]
    return replace(draft, deliveries=tuple(times))


def _entered(chance: random.Random, draft: Operation, theme: Theme) -> Operation:
    """A change by hand or an import: of its own time, often of the past, or of now."""
    whole_list = LINES[draft.sender].list
    # Nothing else names the list of a sender that no program has.
    about = ("sender", "everything") if ":" in whole_list else ("sender", "list", "everything")
    says = f"{chance.choice(('out', 'in'))} {chance.choice(about)}"
    at = draft.at - chance.choice((0, 0, chance.randint(0, 300_000)))
    is_now = draft.kind == "manual" and chance.random() < max(0.4, theme.unbelieved)
    clock = "none" if is_now else "own"
    return replace(draft, says=says, at=at, clock=clock, key=chance.random() < 0.7)


def _verdict(chance: random.Random, draft: Operation, before: list[Operation]) -> Operation:
    """About a probable request; where there is none, it is one."""
    requests = [each for each in before if each.is_probable and each.about is None]
    if not requests:
        return replace(draft, kind="message", says="do not want")
    judged = chance.choice(requests)
    return replace(
        draft,
        person=judged.person,
        sender=judged.sender,
        about=judged.number,
        says=chance.choice(("lift", "lift", "confirm")),
        at=max(draft.at, judged.at + chance.randint(0, 60_000)),
    )


def _message(
    chance: random.Random, draft: Operation, before: list[Operation], theme: Theme
) -> Operation:
    """Some have a time that nobody can believe, some the id of another message."""
    share = theme.unbelieved
    clock = weighted(chance, {"own": 1 - share, "none": share / 2, "ahead": share / 2})
    others = [each for each in before if each.kind == "message" and each.about is None]
    if others and chance.random() < 0.06:
        again = replace(draft, person=others[0].person, about=others[0].number)
        under_it = [each for each in before if each.message_id == again.message_id]
        if all((each.says, each.sender) != (again.says, again.sender) for each in under_it):
            return again
    return replace(draft, clock="own" if draft.says in PROBABLE else clock)
