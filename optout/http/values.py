"""Values as the operations take and show them: texts, times, pages."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from optout.domain.times import aware
from optout.http.exchange import Body
from optout.store import codec

PAGE_LIMIT = 1_000

# A bounded text: pydantic measures it, and so refuses one that is no Unicode, which no store takes.
Id = Annotated[str, Field(min_length=1, max_length=100)]
Said = Annotated[str, Field(min_length=1, max_length=500)]


def _time_from_text(value: object) -> object:
    """A time is text in JSON; a number would be taken for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("is no time; write it as 2026-01-31T09:00:00Z") from None
    return moment


def _in_utc(moment: datetime) -> datetime:
    try:
        return aware(moment)
    except OverflowError:
        raise ValueError("is no time that can be; correct the year") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_time_from_text), AfterValidator(_in_utc)]


class PageQuery(Body):
    """A page of something."""

    limit: int = Field(50, ge=1, le=PAGE_LIMIT)
    cursor: str | None = None


def shown(moment: datetime | None) -> str | None:
    """A time as every answer shows it: UTC, six fraction digits."""
    return codec.stamp(moment) if moment else None
