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

from pydantic import Field

from optout.domain.data import DataModel
from optout.domain.enums import Certainty, Intent

_Word = Annotated[str, Field(pattern=r"^\w+$")]
_Letter = Annotated[str, Field(pattern=r"^\w$")]
_Attribution = Annotated[str, Field(pattern=r"^[^.]+\.\.\.[^.]+$")]


class Weight(StrEnum):
    """How much a word means by itself."""

    STRONG = "strong"
    WEAK = "weak"
    FAINT = "faint"


class WordEntry(DataModel):
    """A [[word]] of the data: words that are a request by themselves."""

    words: tuple[str, ...] = Field(min_length=1)
    weight: Weight
    intent: Literal[Intent.STOP, Intent.STOP_ALL, Intent.HELP] = Intent.STOP
    unless: tuple[str, ...] = ()
    topics: bool = False
    company: bool = False
    note: str = Field(min_length=10)


class RequestEntry(DataModel):
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


class Context(DataModel):
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


class WritingEntry(DataModel):
    """The [writing] of the data: what is one word, and what is one where spaces were left out."""

    contractions: tuple[_Word, ...] = ()
    letters: tuple[_Letter, ...] = ()


class QuoteEntry(DataModel):
    """The [quotes] of the data: what telephones and mail programs write around what is quoted."""

    reactions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    attributions: tuple[_Attribution, ...] = ()
    effects: tuple[str, ...] = ()


class SignatureEntry(DataModel):
    """The [signatures] of the data: what the signature below a message begins with and has in it."""

    openings: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()
    particles: tuple[_Word, ...] = ()


class TypoEntry(DataModel):
    """The [typos] of the data: the words that are recognised when mistyped, and what is no typo."""

    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    alone: Mapping[str, str] = {}


class Lexicon(DataModel):
    """The [lexicon] of the data: which words play which part. ../compositions.toml has the slots."""

    cease: tuple[str, ...] = ()
    sending: tuple[str, ...] = ()
    not_: tuple[str, ...] = Field((), alias="not")
    order: tuple[str, ...] = ()
    dont_send: tuple[str, ...] = ()
    messages: tuple[str, ...] = Field(min_length=3)
    which: tuple[str, ...] = ()
    me: tuple[str, ...] = ()
    anymore: tuple[str, ...] = ()
    no_more: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    want: tuple[str, ...] = ()
    dont_want: tuple[str, ...] = ()
    receive: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    remove_me: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    list: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    unsubscribing: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    leave_me_alone: tuple[str, ...] = ()
    complaint: tuple[str, ...] = ()


class Composition(DataModel):
    """../compositions.toml: how requests are made of the slots of a lexicon."""

    classes: Mapping[str, tuple[str, ...]]
    word: tuple[WordEntry, ...]
    request: tuple[RequestEntry, ...]


class Cases(DataModel):
    """The [cases] of the data: texts with what they must be understood as."""

    certain: tuple[str, ...] = Field(min_length=5)
    probable: tuple[str, ...] = ()
    none: tuple[str, ...] = Field(min_length=5)
    help: tuple[str, ...] = ()


class Language(DataModel):
    """One file of the data."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    source: str = Field(min_length=10)
    reviewed: date
    preferred: bool = False
    affixes: Mapping[str, tuple[str, ...]] = {}
    lexicon: Lexicon | None = None
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
