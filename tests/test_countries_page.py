"""docs/countries.md says what the data files say: a row for each country and each kind of sender."""

import re

import pytest

from optout import settings
from optout.language import rules
from optout.language.rules import Country, KeywordEntry, SenderKind
from optout.language.rules.data import Forbidden, Registry

PAGE = (settings.ROOT / "docs/countries.md").read_text("utf-8")
# What a program may be asked about beside its words.
NAMES = {"link": "links", "phone_number": "phone numbers"}


def stated(said: Registry | Forbidden | None, what: str = "yes") -> str:
    return f"{what}: {said.source} ({said.reviewed})" if said else "not known"


def country_row(country: Country) -> str:
    """What is true of all senders of a country."""
    forbidden = country.forbidden
    names = " and ".join(NAMES[each] for each in forbidden.contents) if forbidden else ""
    return " | ".join(
        [
            f"| {country.name}, {country.code}",
            ", ".join(country.languages) or "that of the word",
            stated(country.registry),
            f"{stated(forbidden, names)} |",
        ]
    )


def entry_cell(entry: KeywordEntry) -> str:
    who = "" if entry.answered_by == "service" else f", {entry.answered_by}"
    return f"{', '.join(entry.words)} ({entry.intent.replace('_', ' ')}, {entry.language}{who})"


def kind_row(kind: SenderKind) -> str:
    """What is true of a kind of sender: its words are those that it adds."""
    return " | ".join(
        [
            f"| `{kind.id}`",
            ", ".join(kind.countries) or "any",
            ", ".join(kind.reach) or "not found",
            " or ".join(map(str, kind.digits)) or "–",
            "; ".join(map(entry_cell, kind.keyword)) or "–",
            str(kind.managed_by),
            kind.source,
            f"{kind.reviewed} |",
        ]
    )


@pytest.mark.parametrize("country", rules.countries().values(), ids=lambda country: country.code)
def test_every_country_has_its_row(country: Country) -> None:
    """Name, languages, registry, what is forbidden; with source and day."""
    assert country_row(country) in PAGE.splitlines()


KINDS = [kind for kind in rules.sender_kinds().values() if kind.number_type]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_every_kind_has_its_row(kind: SenderKind) -> None:
    """Where it is, whom it reaches, its digits, its words, who manages opt-out; source and day."""
    assert kind_row(kind) in PAGE.splitlines()


def test_no_row_is_left_from_before() -> None:
    """Nothing is said of a kind that is no more."""
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE)) == {kind.id for kind in KINDS}


def test_what_was_not_found_is_said() -> None:
    """For each country, with something or with nothing."""
    section = PAGE.partition("## What was not found")[2]
    for country in rules.countries().values():
        assert re.search(rf"^\| {country.name.removeprefix('the ')} \|", section, re.MULTILINE)
