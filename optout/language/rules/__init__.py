"""The keyword rules, as data in this folder's TOML files, and choosing those of a sender.

A country is one file: its kinds of senders, their words, whom they reach, and what is asked of their
replies. `data` has the fields, and `anywhere.toml` explains them. Nothing here may know about programs:
who is configured how is `optout.programs`' business.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from optout.domain.enums import Intent, NumberType, Party, Via
from optout.domain.text import comparison_key
from optout.language.rules.data import (
    Country,
    Forbidden,
    KeywordEntry,
    Registry,
    ReplyDemands,
    Revocation,
    SenderKind,
    data_files,
)

__all__ = [
    "Country",
    "Forbidden",
    "Keyword",
    "KeywordEntry",
    "Registry",
    "ReplyDemands",
    "Revocation",
    "Ruleset",
    "SenderKind",
    "assumed_country",
    "choose",
    "countries",
    "country",
    "country_name",
    "has_rules",
    "managers",
    "reply_demands",
    "sender_kinds",
    "short_code_digits",
    "unconfigured",
    "with_rules",
    "with_words",
]


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word as it counts for one kind of sender. `rule` names the kind and the word.

    `may_be_answered`: the program file may say that the service answers, where nobody else does.
    A word `of_program` is one that a program adds. `list` is the one that such a word is about, and
    nothing else; None if it is about the sender, as every other word is. `formerly` are the names that
    this list had before.
    """

    word: str
    rule: str
    intent: Intent
    language: str | None
    international: bool
    blocked_by: Party
    answered_by: Party
    may_be_answered: bool
    reply: str | None
    of_program: bool = False
    list: str | None = None
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All words that count for one kind of sender, by their comparison key, and whom it reaches.

    `reach` has the only countries that it can send to and receive from; None if nothing limits them.
    `answers_unknown` says that a text in which nothing is asked for is answered, too. `spoken` are the
    languages of the sender's country.
    """

    id: str
    keywords: Mapping[str, Keyword]
    reach: frozenset[str] | None = None
    answers_unknown: bool = False
    spoken: tuple[str, ...] = ()

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
    """The countries that have rules of their own for a type of sender."""
    described = (kind.countries for kind in _of_type(number_type))
    return tuple(sorted(set(chain.from_iterable(described))))


def has_rules(number_type: NumberType, country: str | None) -> bool:
    """Whether a type of sender has rules in a country, its own or those of any country."""
    return any(not kind.countries or country in kind.countries for kind in _of_type(number_type))


def short_code_digits(country: str | None) -> tuple[int, ...]:
    """How many digits a short code of a country may have; none if nothing says so."""
    kinds = (kind for kind in _of_type(NumberType.SHORT_CODE) if country in kind.countries)
    return tuple(sorted({digits for kind in kinds for digits in kind.digits}))


def assumed_country(number_type: NumberType) -> str | None:
    """The country of a sender that is stated without one, None if none can be assumed."""
    return next((kind.assumed_country for kind in _of_type(number_type) if kind.assumed_country), None)


def managers(number_type: NumberType, country: str | None, via: Via | None = None) -> tuple[Party, ...]:
    """Who can manage opt-out for a type of sender in a country; nobody if there are no rules."""
    parties = (
        kind.managed_by
        for kind in _of_type(number_type, via)
        if kind.managed_by and (not kind.countries or country in kind.countries)
    )
    return tuple(dict.fromkeys(parties))


@lru_cache(maxsize=256)
def choose(
    number_type: NumberType, country: str | None, managed_by: Party, via: Via | None = None
) -> Ruleset | None:
    """The rules of a configured sender, None if the data describe no such sender."""
    own = _kinds(number_type, country, managed_by, via)
    if not own:
        return None
    common = _kinds(number_type, country, Party.SERVICE) if via else []
    return _compile(country, sender_kinds()["house"], *_beside(own[-1], common), *own)


def _beside(own: SenderKind, common: Iterable[SenderKind]) -> Iterator[SenderKind]:
    """What a kind that rests on others takes of them. Opt-in words of theirs are unknown to whoever
    blocks, who lets nobody in by them, and so they would say what is not so."""
    if own.managed_by is None or not own.managed_by.is_external:
        yield from common
        return
    for kind in common:
        kept = tuple(entry for entry in kind.keyword if entry.intent is not Intent.START)
        yield kind.model_copy(update={"keyword": kept})


@lru_cache(maxsize=256)
def unconfigured(
    number_type: NumberType, country: str | None, answered_by: Party = Party.NOBODY
) -> Ruleset:
    """The rules of a sender that the program file does not name, by what its number shows.

    A short code shows no country, so it gets the words of all of them. Only what a carrier does to
    every toll-free number is known: any other block is ours, and `answered_by` says whether we answer.
    """
    kinds = sender_kinds()
    general = (kinds["house"], kinds["unconfigured"])
    if number_type is NumberType.SHORT_CODE:
        return _ours(_compile(country, *_of_type(number_type), *general), answered_by)
    managed_by = Party.CARRIER if number_type is NumberType.TOLL_FREE else Party.SERVICE
    found = _compile(country, *general, *_kinds(number_type, country, managed_by))
    return _ours(found, answered_by)


def with_words(ruleset: Ruleset, words: Iterable[Keyword]) -> Ruleset:
    """The rules with words that a program adds. What the data say of a word comes first."""
    added = {comparison_key(keyword.word): keyword for keyword in words}
    return replace(ruleset, keywords={**added, **ruleset.keywords})


def _of_type(number_type: NumberType, via: Via | None = None) -> Iterator[SenderKind]:
    kinds = sender_kinds().values()
    return (kind for kind in kinds if (kind.number_type, kind.via) == (number_type, via))


def _kinds(
    number_type: NumberType, country: str | None, managed_by: Party, via: Via | None = None
) -> list[SenderKind]:
    """The kinds of a sender: that of any country, then that of its own, which may say more."""
    found = (kind for kind in _of_type(number_type, via) if kind.managed_by is managed_by)
    return sorted(
        (kind for kind in found if not kind.countries or country in kind.countries),
        key=lambda kind: bool(kind.countries),
    )


def _compile(place: str | None, *chosen: SenderKind) -> Ruleset:
    """Later kinds say more about a word that an earlier one has, too. The last one gives its name, and
    says whom such a sender reaches."""
    last, spoken = chosen[-1], _spoken(place)
    keywords = {
        comparison_key(word): _keyword(word, kind, entry, spoken)
        for kind in chosen
        for entry in kind.keyword
        for word in entry.words
    }
    return Ruleset(last.id, keywords, frozenset(last.reach) or None, last.answers_unknown, spoken)


def _spoken(place: str | None) -> tuple[str, ...]:
    """The languages of a country, the one to answer in first; none if its file does not say."""
    found = country(place)
    return found.languages if found else ()


def _keyword(word: str, kind: SenderKind, entry: KeywordEntry, spoken: tuple[str, ...]) -> Keyword:
    """A word as it counts for a kind of sender in a country where these languages are spoken. One that
    is used abroad, too, is theirs there: of which of several it does not show."""
    borrowed = entry.abroad and bool(spoken)
    return Keyword(
        word=word,
        rule=f"{kind.id}:{word}",
        intent=entry.intent,
        language=spoken[0] if borrowed else entry.language,
        international=entry.international or (borrowed and len(spoken) > 1),
        blocked_by=entry.blocked_by,
        answered_by=entry.answered_by,
        may_be_answered=entry.may_be_answered,
        reply=entry.reply,
    )


def _ours(ruleset: Ruleset, answered_by: Party) -> Ruleset:
    """The same words, blocked by us and answered by us or nobody, unless they are the carrier's."""
    return replace(
        ruleset,
        keywords={
            comparison: keyword
            if keyword.answered_by is Party.CARRIER
            else replace(keyword, blocked_by=Party.SERVICE, answered_by=answered_by)
            for comparison, keyword in ruleset.keywords.items()
        },
    )
