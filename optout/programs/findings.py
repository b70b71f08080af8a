"""The findings of the check of a program file: the entry, the rule and its source, and the remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from optout.programs import guidance
from optout.programs.positions import Place


class Severity(StrEnum):
    """How serious a finding is: with an error the file is refused; a warning is advice."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one entry of the program file, who says so, and what to do about it."""

    entry: str
    rule: str
    problem: str
    remedy: str
    # Who says so, if the guidance leaves that to a country's file.
    cited: str = ""
    # Where in the file, if that is known.
    place: Place | None = None

    @property
    def severity(self) -> Severity:
        return Severity(guidance.rules()[self.rule].severity)

    @property
    def source(self) -> str:
        return self.cited or guidance.rules()[self.rule].source

    def __str__(self) -> str:
        return f"{self.entry}: {self.problem}. {self.remedy} [{self.rule}: {self.source}]"


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding before it is known which entry it is about."""

    rule: str
    problem: str
    remedy: str
    cited: str = ""

    def of(self, entry: str) -> Finding:
        return Finding(entry, self.rule, self.problem, self.remedy, self.cited)


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """Words as a sentence lists them: "a", "a and b", "a, b and c"."""
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def quoted(words: Iterable[str]) -> list[str]:
    """Words as TOML writes them."""
    return [f'"{word}"' for word in words]
