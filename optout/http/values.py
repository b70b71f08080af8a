"""Values as the operations take and show them: numbers, texts, times, keys, pages."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from optout.decisions.target import Target
from optout.domain.times import aware
from optout.http.exchange import Body
from optout.operations.naming import find_target
from optout.programs.directory import Directory

PAGE_LIMIT = 1_000

# A bounded text: pydantic measures it, and so refuses invalid Unicode, which no store accepts.
Id = Annotated[str, Field(min_length=1, max_length=100)]
FreeText = Annotated[str, Field(min_length=1, max_length=500)]
SenderName = Annotated[
    str,
    Field(
        description="Our number in international form, a short code, or an alphanumeric sender ID in "
        "any case.",
        examples=["12345", "+18335550100", "CONTOSO"],
    ),
]
Number = Annotated[
    str,
    Field(
        description="A person's number as people write it: with + or 00 and its country code, or as a "
        "number of the countries that the sender or the list reaches.",
        examples=["+14255550123"],
    ),
]
AllowUnconfigured = Annotated[
    bool, Field(description="true: also a sender that no program names, which may be mistyped")
]
ListName = Annotated[str, Field(description="A list of the program file.", examples=["contoso-alerts"])]
Limit = Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="how many")]
Cursor = Annotated[str | None, Field(description="of the page before")]
NextCursor = Annotated[str | None, Field(description="of the next page; null: this was the last")]


def _time_from_text(value: object) -> object:
    """Refuse a time that is not text: a number would be taken for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("is not a time; write it as 2026-01-31T09:00:00Z") from None


def _in_utc(moment: datetime) -> datetime:
    try:
        return aware(moment)
    except OverflowError:
        raise ValueError("is not a time in UTC; correct the year") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_time_from_text), AfterValidator(_in_utc)]


_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_PRINTABLE = re.compile(r"[ -~]+")


def _key_of_header(value: str) -> str:
    """A string of RFC 9651, in quotes; many clients leave them out."""
    text = value.strip()
    if quoted := _QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    elif '"' in text:
        text = ""
    if not _PRINTABLE.fullmatch(text):
        raise ValueError('is no key; write it as "8e03978e-40d5-43dd-bc93-6894a57f9324"')
    return text


IdempotencyKey = Annotated[
    str,
    BeforeValidator(_key_of_header),
    Field(
        max_length=255,
        description="A key of the caller's own for this change, the same with each retry: the change "
        "is made once, whenever it is repeated.",
        examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ),
]


class TargetRequest(Body):
    """Exactly one of sender, list and everything."""

    sender: SenderName | None = None
    list: ListName | None = None
    everything: bool = False
    allow_unconfigured: AllowUnconfigured = False

    def find_target(self, directory: Directory) -> Target:
        """What it is about. Raises BadRequest and UnknownSender."""
        return find_target(
            directory,
            self.sender,
            self.list,
            self.everything,
            allow_unconfigured=self.allow_unconfigured,
        )


class PageQuery(Body):
    """A page of something."""

    limit: Limit = 50
    cursor: Cursor = None
