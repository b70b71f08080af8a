"""The wording of requests in one language, as data in languages/*.toml.

`languages/en.toml` explains the fields. Nothing here may know how a text is read.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from optout.domain.enums import Certainty, Intent

_Word = Annotated[str, Field(pattern=r"^\w+$")]
_Letter = Annotated[str, Field(pattern=r"^\w$")]
_Attribution = Annotated[str, Field(pattern=r"^[^.]+\.\.\.[^.]+$")]


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
    verb_endings: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()


class WritingEntry(_Strict):
    """The [writing] of the data: what is one word, and what is one where spaces were left out."""

    contractions: tuple[_Word, ...] = ()
    letters: tuple[_Letter, ...] = ()


class QuoteEntry(_Strict):
    """The [quotes] of the data: what phones and mail programs write around a quotation."""

    reactions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    attributions: tuple[_Attribution, ...] = ()
    effects: tuple[str, ...] = ()


class SignatureEntry(_Strict):
    """The [signatures] of the data: what the signature below a message begins with and has in it."""

    openings: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()
    particles: tuple[_Word, ...] = ()


class TypoEntry(_Strict):
    """The [typos] of the data: the words that are recognised when mistyped, and what is not a typo."""

    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    alone: Mapping[str, str] = {}


class Cases(_Strict):
    """The [cases] of the data: texts, and what they must be understood as."""

    certain: tuple[str, ...] = Field(min_length=5)
    probable: tuple[str, ...] = ()
    none: tuple[str, ...] = Field(min_length=5)
    help: tuple[str, ...] = ()


class Language(_Strict):
    """One file of the data."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    source: str = Field(min_length=10)
    reviewed: date
    preferred: bool = False
    classes: Mapping[str, tuple[str, ...]] = {}
    context: Context = Context()
    writing: WritingEntry = WritingEntry()
    quotes: QuoteEntry = QuoteEntry()
    signatures: SignatureEntry = SignatureEntry()
    typos: TypoEntry = TypoEntry()
    word: tuple[WordEntry, ...] = ()
    request: tuple[RequestEntry, ...] = ()
    cases: Cases | None = None


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """Every language file, by language; the preferred one first, then by name."""
    return read(resources.files(__name__))


def read(folder: Traversable) -> Mapping[str, Language]:
    """The language files of a folder."""
    every = [_language(file) for file in folder.iterdir() if file.name.endswith(".toml")]
    preferred = [each.language for each in every if each.preferred]
    if len(preferred) > 1:
        raise ValueError(f"only one language can be preferred, not {' and '.join(sorted(preferred))}")
    every.sort(key=lambda each: (not each.preferred, each.language))
    return {each.language: each for each in every}


def _language(file: Traversable) -> Language:
    language = Language.model_validate(tomllib.loads(file.read_text("utf-8")))
    if file.name != f"{language.language}.toml":
        raise ValueError(f"{file.name}: its language is {language.language}")
    return language
