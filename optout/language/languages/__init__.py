"""The wording of requests in one language, as data in languages/*.toml.

`languages/en.toml` explains the fields. Nothing here may know how a text is read.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from optout.domain.enums import Certainty, Intent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(StrEnum):
    """How much a word means by itself."""

    STRONG = "strong"
    WEAK = "weak"
    FAINT = "faint"


class WordEntry(_Strict):
    """A [[word]] of the data: words that are a request by themselves."""

    words: tuple[str, ...] = Field(min_length=1)
    weight: Weight
    intent: Literal[Intent.STOP, Intent.STOP_ALL, Intent.HELP] = Intent.STOP
    unless: tuple[str, ...] = ()
    topics: bool = False
    note: str = Field(min_length=10)


class RequestEntry(_Strict):
    """A [[request]] of the data: a wording that is a request."""

    name: str = Field(pattern=r"^[a-z]+(?:[+-][a-z]+)*$")
    says: tuple[str, ...] = Field(min_length=1)
    certainty: Certainty
    before: Literal["start", "subject", "any"] = "start"
    after: Literal["end", "any"] = "end"
    alone: bool = False
    intent: Literal[Intent.STOP, Intent.STOP_ALL] = Intent.STOP
    unless: tuple[str, ...] = ()
    note: str = Field(min_length=10)


class Context(_Strict):
    """The [context] of the data: what may stand around a request, and what undoes it."""

    courtesy: tuple[str, ...] = ()
    manners: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    governors: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    starters: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()
    reactions: tuple[str, ...] = ()


class TypoEntry(_Strict):
    """The [typos] of the data: the words that are recognised when mistyped, and what is no typo."""

    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    alone: Mapping[str, str] = {}


class Cases(_Strict):
    """The [cases] of the data: texts with what they must be understood as."""

    certain: tuple[str, ...] = Field(min_length=5)
    probable: tuple[str, ...] = ()
    none: tuple[str, ...] = Field(min_length=5)
    help: tuple[str, ...] = ()


class Language(_Strict):
    """One file of the data."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    source: str = Field(min_length=10)
    reviewed: date
    classes: Mapping[str, tuple[str, ...]] = {}
    context: Context = Context()
    typos: TypoEntry = TypoEntry()
    word: tuple[WordEntry, ...] = ()
    request: tuple[RequestEntry, ...] = ()
    cases: Cases | None = None


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """Every language file, by language; English first, then by name."""
    found: dict[str, Language] = {}
    for file in sorted(
        resources.files(__name__).iterdir(), key=lambda entry: (entry.name != "en.toml", entry.name)
    ):
        if file.name.endswith(".toml"):
            language = Language.model_validate(tomllib.loads(file.read_text("utf-8")))
            if file.name != f"{language.language}.toml":
                raise ValueError(f"{file.name}: its language is {language.language}")
            found[language.language] = language
    return found
