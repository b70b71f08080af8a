"""The data files of this folder as they are written; `anywhere.toml` explains the fields."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import Field

from optout.domain.data import DataModel
from optout.domain.enums import Intent, NumberType, Party, Via

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Source = Annotated[str, Field(min_length=10)]


class KeywordEntry(DataModel):
    """A [[kind.keyword]]: words with one meaning and one way of being answered."""

    words: tuple[str, ...] = Field(min_length=1)
    intent: Intent
    language: Language
    international: bool = False
    abroad: bool = False
    blocked_by: Party = Party.SERVICE
    answered_by: Party = Party.SERVICE
    may_be_answered: bool = False
    reply: str | None = None


class SenderKind(DataModel):
    """A [[kind]]: one kind of sender, whom it reaches, and its words."""

    id: str = Field(pattern=r"^[a-z_.]+$")
    number_type: NumberType | None = None
    via: Via | None = None
    countries: tuple[CountryCode, ...] = ()
    assumed_country: CountryCode | None = None
    managed_by: Party | None = None
    reach: tuple[CountryCode, ...] = ()
    digits: tuple[Annotated[int, Field(ge=3, le=6)], ...] = ()
    answers_unknown: bool = False
    source: Source
    reviewed: date
    keyword: tuple[KeywordEntry, ...] = ()


class Registry(DataModel):
    """A [country.registry]: a sender ID that is not in it is blocked or marked as spam."""

    source: Source
    reviewed: date


class Forbidden(DataModel):
    """A [country.forbidden]: what no SMS may contain there; operators block one that does."""

    contents: tuple[Literal["link", "phone_number"], ...] = Field(min_length=1)
    source: Source
    reviewed: date


class Revocation(DataModel):
    """A [country.revocation]: from a day on, an opt-out there ends more than what it answered.
    A program that does not say how far its opt-outs reach is warned `days_before`."""

    day: date
    days_before: int = Field(gt=0)
    asks: str = Field(min_length=10)
    source: Source
    reviewed: date


class Country(DataModel):
    """A [country]: its name, and what is true of all its senders."""

    code: CountryCode
    name: str = Field(min_length=1)
    mistaken_code: CountryCode | None = None
    languages: tuple[Language, ...] = ()
    registry: Registry | None = None
    forbidden: Forbidden | None = None
    revocation: Revocation | None = None


class ReplyDemands(DataModel):
    """A [replies.TYPE]: what carriers there ask of the replies of a type of sender."""

    required: tuple[Literal["stop", "start", "help"], ...] = ()
    languages: tuple[Language, ...] = ()
    help_says: tuple[Literal["toll_free_number", "frequency"], ...] = ()
    characters: int | None = None
    segments_beyond_ascii: int | None = None
    source: Source
    reviewed: date


class DataFile(DataModel):
    """A file: one country, or the kinds of senders that no country's file describes."""

    country: Country | None = None
    replies: Mapping[NumberType, ReplyDemands] = Field(default_factory=dict)
    kind: tuple[SenderKind, ...] = ()


@lru_cache(maxsize=1)
def data_files() -> tuple[DataFile, ...]:
    """Every data file, by name. Raises ValueError where two say the same thing."""
    entries = sorted(_folder().iterdir(), key=lambda entry: entry.name)
    files = tuple(
        DataFile.model_validate(tomllib.loads(entry.read_text("utf-8")))
        for entry in entries
        if entry.name.endswith(".toml")
    )
    _refuse_twice("kinds of senders", (kind.id for file in files for kind in file.kind))
    _refuse_twice("countries", (file.country.code for file in files if file.country))
    return files


def _folder() -> Traversable:
    return resources.files(__package__)


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two {what} with the name {name}")
        seen.add(name)
