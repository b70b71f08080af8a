"""The findings as JSON: what the app answers, and what the command line takes from it."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, TypeAdapter

from optout import __version__
from optout.doctor.diagnosis import Condition, Diagnosis
from optout.operations.shapes import Shape


class Finding(Shape):
    """What one check found."""

    condition: Condition
    subject: Annotated[str, Field(description="what was checked")]
    says: str
    remedy: Annotated[str, Field(description="what to do about it; empty where there is nothing to do")]


class Examined(Shape):
    """The findings of all checks, in their order."""

    version: str
    findings: Annotated[Sequence[Finding], Field(min_length=1)]


def document(findings: Iterable[Diagnosis]) -> Examined:
    """The findings of this process."""
    return {
        "version": __version__,
        "findings": [
            {
                "condition": each.condition,
                "subject": each.subject,
                "says": each.says,
                "remedy": each.remedy,
            }
            for each in findings
        ],
    }


def read(content: bytes) -> tuple[str, list[Diagnosis]]:
    """The version of another process, and what it found. Raises ValueError for anything else."""
    examined = TypeAdapter(Examined).validate_json(content, strict=True)
    return _in_line(examined["version"]), [
        Diagnosis(
            each["condition"],
            _in_line(each["subject"]),
            _in_line(each["says"]),
            _in_line(each["remedy"]),
        )
        for each in examined["findings"]
    ]


def _in_line(text: str) -> str:
    """Nothing but what is shown as it is: a line break, an escape sequence or white space up to the end
    of a line could make others believe in a finding that there is not."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
