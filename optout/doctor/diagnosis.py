"""What a check says."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check found, and what to do about it where that is not said already."""

    condition: Condition
    subject: str
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.condition:<8} {self.subject}: {self.says}" + (self.remedy and f". {self.remedy}")


def wrong(subject: str, problem: Exception) -> Iterator[Diagnosis]:
    """What an error says, a finding for each of its lines."""
    for line in str(problem).splitlines():
        yield Diagnosis(Condition.WRONG, subject, line)
