"""The texts of the page that a link opens, in many languages: data in link_page/*.toml.

`link_page/en.toml` explains the fields.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from optout.domain.data import DataModel
from optout.language import rules
from optout.language.rules.data import CountryCode

# More would push the button off a small screen.
MOST = 3
# Longer headers are no browser's.
_LONGEST = 500
_Text = Annotated[str, Field(min_length=2)]


class Texts(DataModel):
    """What the page says in one language."""

    tag: str = Field(pattern=r"^[a-z]{2}(-[A-Z][a-z]{3})?$")
    also: tuple[str, ...] = ()
    direction: Literal["ltr", "rtl"] = "ltr"
    otherwise: bool = False
    countries: tuple[CountryCode, ...]
    ask: _Text
    button: _Text
    done: _Text
    back_by_word: _Text
    back_by_asking: _Text
    broken: _Text
    broken_why: _Text
    broken_else: _Text
    away: _Text
    away_why: _Text


def choose(accepted: str | None, countries: Iterable[str] = ()) -> tuple[Texts, ...]:
    """The languages of a page, the first first: those that the browser asks for, then those of the
    countries that the recipient may be of; never none."""
    found: dict[str, Texts] = {}
    for texts in (*_accepted(accepted), *chain.from_iterable(map(_of_country, countries))):
        found.setdefault(texts.tag, texts)
    return tuple(found.values())[:MOST] or (_otherwise(),)


@lru_cache(maxsize=1)
def every() -> Mapping[str, Texts]:
    """The texts of each language, by its tag."""
    folder = resources.files("optout.http").joinpath("link_page")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=str)
    found = [Texts.model_validate(tomllib.loads(each.read_text("utf-8"))) for each in files]
    return {texts.tag: texts for texts in found}


@lru_cache(maxsize=1)
def _by_tag() -> Mapping[str, Texts]:
    return {tag.lower(): texts for texts in every().values() for tag in (texts.tag, *texts.also)}


def _accepted(header: str | None) -> Iterator[Texts]:
    """Those of an Accept-Language, best first; a tag that is not known is shortened until it is."""
    if not header or len(header) > _LONGEST:
        return
    for tag, quality in parse_accept_header(header, LanguageAccept):
        parts = tag.lower().split("-")
        tags = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
        known = next((_by_tag()[each] for each in tags if each in _by_tag()), None)
        if known and quality > 0:
            yield known


def _of_country(code: str) -> Iterator[Texts]:
    """Those of a country: first by the order of its own file, if it has one, then by theirs."""
    country = rules.country(code)
    for language in country.languages if country else ():
        if language in every():
            yield every()[language]
    yield from (texts for texts in every().values() if code in texts.countries)


def _otherwise() -> Texts:
    return next(texts for texts in every().values() if texts.otherwise)
