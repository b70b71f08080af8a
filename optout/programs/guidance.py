"""What carriers and platforms ask of programs, as data: `guidance.toml` explains the fields."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import Field

from optout.domain.data import DataModel


class GuidanceRule(DataModel):
    """A [[rule]] of the data: how serious a finding is, and who says so."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    severity: Literal["error", "warning"]
    source: str = Field(min_length=10)


class Wording(DataModel):
    """A [wording.LANGUAGE] of the data: the phrases by which a reply says each thing."""

    final: tuple[str, ...]
    selling: tuple[str, ...]
    frequency: tuple[str, ...]
    rates: tuple[str, ...]
    help: tuple[str, ...]
    stop: tuple[str, ...]
    texted: tuple[str, ...]
    all: tuple[str, ...]


class _Guidance(DataModel):
    reviewed: date
    rule: tuple[GuidanceRule, ...]
    shorteners: tuple[str, ...]
    generic: tuple[str, ...]
    languages: Mapping[str, str]
    wording: Mapping[str, Wording]


@lru_cache(maxsize=1)
def read() -> _Guidance:
    """All of the data."""
    text = resources.files(__package__).joinpath("guidance.toml").read_text("utf-8")
    return _Guidance.model_validate(tomllib.loads(text))


@lru_cache(maxsize=1)
def rules() -> Mapping[str, GuidanceRule]:
    """Each rule by its name."""
    return {rule.name: rule for rule in read().rule}


def language_name(code: str) -> str:
    """The name of a language, as a sentence uses it; its code if the data does not name it."""
    return read().languages.get(code, code)


@lru_cache
def wording(language: str) -> Wording | None:
    """The phrases of a language, or of all if none is named; None for a language without data."""
    known = read().wording
    if language:
        return known.get(language)
    return Wording(
        **{
            name: tuple(phrase for each in known.values() for phrase in getattr(each, name))
            for name in Wording.model_fields
        }
    )
