"""What understanding a text costs: as much as the text is long, whatever it is made of."""

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from optout.domain.enums import NumberType, Party
from optout.language import rules, typos
from optout.language.classify import LONGEST, classify
from optout.language.typos import Spelled

HOUSE = rules.choose(NumberType.LONG_CODE, "US", Party.SERVICE)
assert HOUSE is not None
RULES = HOUSE

# Each is repeated to a long text that makes a naive search slow.
ADVERSARIAL = [
    "stop ",
    "stop please ",
    "dont dont ",
    "stop texting ",
    "i want you to ",
    "all my the ",
    "take me off the ",
    "“",
    '"a ',
    "> \n",
    "a\n",
    "\n",
    " ",
    "- ",
    "o",
    "f**",
    "别再",
    "é ",
    "fwd ",
    "sent with ",
    "1/2 ",
    "stopme",
    "i am ",
    "sms stop ",
    "STOP THE ",
    "please ",
    "i have moved and ",
    "stop\n",
    "lol stop ",
    "stoppp ",
]


class Steps:
    """Counts the work of understanding a text: functions that are called, and words that are copied."""

    def __init__(self) -> None:
        self.count = 0

    def called(self, _frame: FrameType, event: str, _argument: object) -> None:
        self.count += event in ("call", "c_call")


class Counted(tuple[str, ...]):
    """The words of a text, which count how many of them are looked at."""

    steps = Steps()

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        if not isinstance(place, slice):
            return found
        self.steps.count += len(found)
        return Counted(found)

    def __iter__(self) -> Iterator[str]:
        self.steps.count += len(self)
        return super().__iter__()


def steps(text: str) -> int:
    counted = Counted.steps = Steps()
    sys.setprofile(counted.called)
    try:
        classify(text, RULES)
    finally:
        sys.setprofile(None)
    return counted.count


@pytest.mark.parametrize("unit", ADVERSARIAL, ids=ascii)
def test_work_grows_linearly(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the text is four times the work, not sixteen, within what is looked at of a text."""
    monkeypatch.setattr(
        typos, "Spelled", lambda words, unsure=frozenset(): Spelled(Counted(words), unsure)
    )
    quarter = (LONGEST - len(" stop")) // len(unit) // 4
    # What searching takes is made when it is first searched for, and is not what is counted.
    classify(quarter * unit + " stop", RULES)
    assert steps(4 * quarter * unit + " stop") < 5 * steps(quarter * unit + " stop")


def test_a_word_without_end_is_nobodys_typo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter of a word is left out to find what was meant; in a text of one word that would take
    its length squared."""
    tried: list[int] = []

    def shortened(word: str) -> Iterator[str]:
        tried.append(len(word))
        return iter(())

    monkeypatch.setattr(typos, "_shortened", shortened)
    classify("отписатъся", RULES)
    classify("отписаться" * 400, RULES)
    assert tried == [len("отписатъся")]
