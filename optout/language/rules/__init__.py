"""The keyword rules, as data in this folder's TOML files, and choosing those of a sender.

A country is one file: its kinds of senders, their words, whom they reach, and what is asked of their
replies. `data` has the fields, and `anywhere.toml` explains them. Nothing here may know about programs:
who is configured how is `optout.programs`' business.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from optout.domain.enums import Intent, NumberType, Party, Via
from optout.domain.text import comparison_key
from optout.language.rules.data import (
    Country,
    KeywordEntry,
    Registry,
    ReplyDemands,
    SenderKind,
    data_files,
)

__all__ = [
    "Country",
    "Keyword",
    "KeywordEntry",
    "Registry",
    "ReplyDemands",
    "Ruleset",
    "SenderKind",
    "assumed_country",
    "choose",
    "countries",
    "country",
    "country_name",
    "managers",
    "reply_demands",
    "sender_kinds",
    "unconfigured",
    "with_rules",
]


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word as it counts for one kind of sender. `rule` names the kind and the word.

    `may_be_answered`: the program file may say that the service answers, where nobody else does.
    """

    word: str
    rule: str
    intent: Intent
    language: str
    international: bool
    blocked_by: Party
    answered_by: Party
    may_be_answered: bool
    reply: str | None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All words that count for one kind of sender, by their comparison key, and whom it reaches.

    `reach` has the only countries that it can send to and receive from; None if nothing limits them.
    """

    id: str
    keywords: Mapping[str, Keyword]
    reach: frozenset[str] | None = None

    @property
    def is_managed_elsewhere(self) -> bool:
        """Whether a carrier or ACS acts on words of it."""
        return any(keyword.blocked_by.is_external for keyword in self.keywords.values())

    def keyword(self, text: str | None) -> Keyword | None:
        """The keyword that a text is, whatever its case, accents, spaces and punctuation."""
        return self.keywords.get(comparison_key(text)) if text else None


def sender_kinds() -> Mapping[str, SenderKind]:
    """Every kind of sender of every data file, by its id."""
    return {kind.id: kind for file in data_files() for kind in file.kind}


def countries() -> Mapping[str, Country]:
    """Every country that has a file, by its code."""
    return {file.country.code: file.country for file in data_files() if file.country}


def country(code: str | None) -> Country | None:
    """The country of a code, None if it has no file."""
    return countries().get(code or "")


def country_name(code: str | None) -> str:
    """The name of a country, as a sentence uses it; its code if it has no file."""
    found = country(code)
    return found.name if found else str(code)


def reply_demands(code: str | None, number_type: NumberType) -> ReplyDemands | None:
    """What carriers ask of the replies of a country's senders of a type, None if nothing."""
    for file in data_files():
        if file.country and file.country.code == code:
            return file.replies.get(number_type)
    return None


def with_rules(number_type: NumberType) -> tuple[str, ...]:
    """The countries that have rules for a type of sender."""
    described = (kind.countries for kind in _of_type(number_type))
    return tuple(sorted(set(chain.from_iterable(described))))


def assumed_country(number_type: NumberType) -> str | None:
    """The country of a sender that is stated without one, None if none can be assumed."""
    return next((kind.assumed_country for kind in _of_type(number_type) if kind.assumed_country), None)


def managers(number_type: NumberType, country: str | None, via: Via | None = None) -> tuple[Party, ...]:
    """Who can manage opt-out for a type of sender in a country; nobody if there are no rules."""
    return tuple(
        kind.managed_by
        for kind in _of_type(number_type, via)
        if kind.managed_by and (not kind.countries or country in kind.countries)
    )


@lru_cache(maxsize=256)
def choose(
    number_type: NumberType, country: str | None, managed_by: Party, via: Via | None = None
) -> Ruleset | None:
    """The rules of a configured sender, None if the data describe no such sender."""
    own = _kind(number_type, country, managed_by, via)
    if own is None:
        return None
    common = _kind(number_type, country, Party.SERVICE) if via else None
    return _compile(own.id, sender_kinds()["house"], *_beside(own, common), own)


def _beside(own: SenderKind, common: SenderKind | None) -> Iterator[SenderKind]:
    """What a kind that rests on another one takes of it. Opt-in words of it are unknown to whoever
    blocks, who lets nobody in by them, and so they would say what is not so."""
    if common is None:
        return
    if own.managed_by is None or not own.managed_by.is_external:
        yield common
    else:
        kept = tuple(entry for entry in common.keyword if entry.intent is not Intent.START)
        yield common.model_copy(update={"keyword": kept})


@lru_cache(maxsize=256)
def unconfigured(number_type: NumberType, country: str | None) -> Ruleset:
    """The rules of a sender that the program file does not name, by what its number shows.

    A short code shows no country, so it gets the words of all of them. Only what a carrier does to
    every toll-free number is known: any other block is ours, and nobody else answers.
    """
    kinds = sender_kinds()
    general = (kinds["house"], kinds["unconfigured"])
    if number_type is NumberType.SHORT_CODE:
        return _unanswered(_compile("unconfigured", *_of_type(number_type), *general))
    managed_by = Party.CARRIER if number_type is NumberType.TOLL_FREE else Party.SERVICE
    own = _kind(number_type, country, managed_by)
    return _unanswered(_compile(own.id, *general, own) if own else _compile("unconfigured", *general))


def _of_type(number_type: NumberType, via: Via | None = None) -> Iterator[SenderKind]:
    kinds = sender_kinds().values()
    return (kind for kind in kinds if (kind.number_type, kind.via) == (number_type, via))


def _kind(
    number_type: NumberType, country: str | None, managed_by: Party, via: Via | None = None
) -> SenderKind | None:
    """The kind of a sender; a kind without countries is for any country."""
    for kind in _of_type(number_type, via):
        if kind.managed_by is managed_by and (not kind.countries or country in kind.countries):
            return kind
    return None


def _compile(name: str, *chosen: SenderKind) -> Ruleset:
    """Later kinds say more about a word that an earlier one has, too. The one of the name says whom
    such a sender reaches."""
    reach = next((kind.reach for kind in chosen if kind.id == name), ())
    keywords = {
        comparison_key(word): Keyword(
            word=word,
            rule=f"{kind.id}:{word}",
            intent=entry.intent,
            language=entry.language,
            international=entry.international,
            blocked_by=entry.blocked_by,
            answered_by=entry.answered_by,
            may_be_answered=entry.may_be_answered,
            reply=entry.reply,
        )
        for kind in chosen
        for entry in kind.keyword
        for word in entry.words
    }
    return Ruleset(name, keywords, frozenset(reach) or None)


def _unanswered(ruleset: Ruleset) -> Ruleset:
    """The same words, blocked by us and answered by nobody, unless they are the carrier's."""
    return replace(
        ruleset,
        keywords={
            comparison: keyword
            if keyword.answered_by is Party.CARRIER
            else replace(keyword, blocked_by=Party.SERVICE, answered_by=Party.NOBODY)
            for comparison, keyword in ruleset.keywords.items()
        },
    )
