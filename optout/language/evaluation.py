"""How well labelled messages are understood: the figures, the misses and the wrong takes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from optout.domain.enums import Certainty, Intent
from optout.domain.model import Match


@dataclass(frozen=True, slots=True)
class Judged:
    """A message, what it should be understood as, in which language, and what it was understood as."""

    text: str
    expected: Intent
    language: str
    match: Match

    @property
    def got(self) -> Intent:
        """What it counts as without anybody's help: what waits for a review is nothing yet."""
        return Intent.NONE if self.match.unsure else self.match.intent

    @property
    def is_right(self) -> bool:
        return _simple(self.got) == _simple(self.expected)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of messages of one language and intent.

    `certain` are those understood rightly and certainly, `reviewed` those that wait for a person, and
    `certainly_wrong` those that are understood as something else, and certainly.
    """

    language: str
    expected: Intent
    messages: int
    right: int
    certain: int
    reviewed: int
    certainly_wrong: int


def figures(judged: Iterable[Judged]) -> Iterator[Figures]:
    """The figures by language and intent, in order."""
    groups: dict[tuple[str, Intent], list[Judged]] = {}
    for each in judged:
        groups.setdefault((each.language, each.expected), []).append(each)
    for (language, expected), group in sorted(groups.items()):
        yield _figures(language, expected, group)


def rules(judged: Iterable[Judged]) -> list[tuple[str, int, int]]:
    """Each rule with how often it was right and how often wrong, the one that was wrong most first."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for each in judged:
        if each.match.rule is not None:
            (right if each.is_right else wrong)[each.match.rule] += 1
    names = sorted(right.keys() | wrong.keys(), key=lambda name: (-wrong[name], -right[name], name))
    return [(name, right[name], wrong[name]) for name in names]


def _figures(language: str, expected: Intent, group: Sequence[Judged]) -> Figures:
    right = [each for each in group if each.is_right]
    return Figures(
        language,
        expected,
        messages=len(group),
        right=len(right),
        certain=sum(_is_certain(each) for each in right),
        reviewed=sum(each.match.unsure for each in group),
        certainly_wrong=sum(_is_certain(each) for each in group if not each.is_right),
    )


def _is_certain(judged: Judged) -> bool:
    return judged.match.certainty is Certainty.CERTAIN


def _simple(intent: Intent) -> Intent:
    """STOP ALL and STOP are both a request to stop."""
    return Intent.STOP if intent.opts_out else intent
