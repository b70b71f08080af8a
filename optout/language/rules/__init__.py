"""The keyword rules, as data in this folder's TOML files, and choosing those of a sender.

Every row names its source and the day it was reviewed; `anywhere.toml` explains the fields.
Nothing here may know about programs: who is configured how is `optout.programs`' business.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import chain

from pydantic import BaseModel, ConfigDict, Field

from optout.domain.enums import Intent, NumberType, Party
from optout.domain.text import comparison_key


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeywordEntry(_Strict):
    """A [[row.keyword]] of the data: words with one meaning and one way of being answered."""

    words: tuple[str, ...] = Field(min_length=1)
    intent: Intent
    language: str = Field(pattern=r"^[a-z]{2}$")
    blocked_by: Party = Party.SERVICE
    answered_by: Party = Party.SERVICE
    reply: str | None = None


class Row(_Strict):
    """A [[row]] of the data: the words of one kind of sender."""

    id: str = Field(pattern=r"^[a-z_.]+$")
    number_type: NumberType | None = None
    countries: tuple[str, ...] = ()
    managed_by: Party | None = None
    source: str = Field(min_length=10)
    reviewed: date
    keyword: tuple[KeywordEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word as it counts for one kind of sender. `rule` names the row and the word."""

    word: str
    rule: str
    intent: Intent
    language: str
    blocked_by: Party
    answered_by: Party
    reply: str | None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All words that count for one kind of sender, by their comparison key."""

    id: str
    keywords: Mapping[str, Keyword]

    def keyword(self, text: str | None) -> Keyword | None:
        """The keyword that a text is, whatever its case, accents, spaces and punctuation."""
        return self.keywords.get(comparison_key(text)) if text else None


@lru_cache(maxsize=1)
def rows() -> Mapping[str, Row]:
    """Every row of every data file, by id."""
    found: dict[str, Row] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for entry in tomllib.loads(file.read_text("utf-8"))["row"]:
            row = Row.model_validate(entry)
            if row.id in found:
                raise ValueError(f"{file.name}: two rows with the id {row.id}")
            found[row.id] = row
    return found


def countries(number_type: NumberType) -> tuple[str, ...]:
    """The countries that have rules for a type of sender."""
    described = [row.countries for row in rows().values() if row.number_type is number_type]
    return tuple(sorted(set(chain.from_iterable(described))))


@lru_cache(maxsize=256)
def choose(number_type: NumberType, country: str | None, managed_by: Party) -> Ruleset | None:
    """The rules of a configured sender, None where no row describes such a sender."""
    row = _row(number_type, country, managed_by)
    return _compile(row.id, rows()["house"], row) if row else None


@lru_cache(maxsize=256)
def unconfigured(number_type: NumberType, country: str | None) -> Ruleset:
    """The rules of a sender that the program file does not name, by what its number shows.

    A short code shows no country, so it gets the words of all of them. Only what a carrier does to
    every toll-free number is known: any other block is ours, and nobody else answers.
    """
    general = (rows()["house"], rows()["unconfigured"])
    if number_type is NumberType.SHORT_CODE:
        described = [row for row in rows().values() if row.number_type is NumberType.SHORT_CODE]
        return _unanswered(_compile("unconfigured", *described, *general))
    managed_by = Party.CARRIER if number_type is NumberType.TOLL_FREE else Party.SERVICE
    own = _row(number_type, country, managed_by)
    return _unanswered(_compile(own.id, *general, own) if own else _compile("unconfigured", *general))


def _row(number_type: NumberType, country: str | None, managed_by: Party) -> Row | None:
    """The row of a kind of sender; one without countries is for any."""
    for row in rows().values():
        if (
            row.number_type is number_type
            and row.managed_by is managed_by
            and (not row.countries or country in row.countries)
        ):
            return row
    return None


def _compile(name: str, *chosen: Row) -> Ruleset:
    """Later rows say more about a word that an earlier one has, too."""
    return Ruleset(
        name,
        {
            comparison_key(word): Keyword(
                word=word,
                rule=f"{row.id}:{word}",
                intent=entry.intent,
                language=entry.language,
                blocked_by=entry.blocked_by,
                answered_by=entry.answered_by,
                reply=entry.reply,
            )
            for row in chosen
            for entry in row.keyword
            for word in entry.words
        },
    )


def _unanswered(ruleset: Ruleset) -> Ruleset:
    """The same words, blocked by us and answered by nobody where it is not the carrier's business."""
    return Ruleset(
        ruleset.id,
        {
            comparison: keyword
            if keyword.answered_by is Party.CARRIER
            else replace(keyword, blocked_by=Party.SERVICE, answered_by=Party.NOBODY)
            for comparison, keyword in ruleset.keywords.items()
        },
    )
