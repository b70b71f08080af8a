"""Countries are data: one file says everything about one, and no code names any."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout import settings
from optout.domain import numbers
from optout.domain.enums import Intent, NumberType, Party
from optout.language import rules
from optout.language.classify import classify
from optout.language.rules import Country, ReplyDemands, SenderKind, data
from tests.support.program_files import check, load, program
from tests.support.world import World

FOLDER = settings.ROOT / "optout/language/rules"
CODE = [
    path
    for folder in ("domain", "language", "programs")
    for path in sorted((settings.ROOT / "optout" / folder).glob("**/*.py"))
]
KINDS = list(rules.sender_kinds().values())
DEMANDS = [demands for file in data.data_files() for demands in file.replies.values()]
STATED = [
    stated
    for country in rules.countries().values()
    for stated in (country.registry, country.forbidden)
    if stated
]

ICELAND = """
[country]
code = "IS"
name = "Iceland"
mistaken_code = "IC"
languages = ["is"]

[country.registry]
source = "Invented for this test"
reviewed = 2026-11-20

[replies.short_code]
languages = ["is", "de"]
characters = 70
source = "Invented for this test"
reviewed = 2026-11-20

[[kind]]
id = "is.short_code"
number_type = "short_code"
countries = ["IS"]
managed_by = "service"
reach = ["IS", "GL"]
source = "Invented for this test"
reviewed = 2026-11-20

[[kind.keyword]]
words = ["SKRA"]
intent = "start"
language = "is"

[[kind]]
id = "is.long_code"
number_type = "long_code"
countries = ["IS"]
managed_by = "service"
source = "Invented for this test"
reviewed = 2026-11-20

[[kind.keyword]]
words = ["SKRA"]
intent = "start"
language = "is"
"""
ICELANDIC_SHORT_CODE = 'number = "12341"\ntype = "short_code"\ncountry = "IS"'
ICELANDIC_LONG_CODE = 'number = "+3546111234"\ntype = "long_code"\ncountry = "IS"'


def forget() -> None:
    for cached in (data.data_files, rules.choose, rules.unconfigured):
        cached.cache_clear()


@pytest.fixture
def iceland(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file among the countries."""
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "is.toml").write_text(ICELAND, "utf-8")
    monkeypatch.setattr(data, "_folder", lambda: folder)
    forget()
    yield
    forget()


@pytest.mark.usefixtures("iceland")
def test_a_country_is_one_file(tmp_path: Path) -> None:
    """With it, the country's senders are accepted, reach whom it says, and have its words."""
    directory = load(tmp_path, program(ICELANDIC_SHORT_CODE, ICELANDIC_LONG_CODE))
    short, long = directory.sender("12341"), directory.sender("+3546111234")
    assert (short.rules.id, long.rules.id) == ("is.short_code", "is.long_code")
    assert short.reach == frozenset({"IS", "GL"})
    assert long.reach is None
    for sender in (short, long):
        keyword = sender.rules.keyword("skra")
        assert keyword is not None
        assert (keyword.intent, keyword.language) == (Intent.START, "is")
    assert rules.unconfigured(NumberType.LONG_CODE, "IS").id == "is.long_code"
    assert rules.unconfigured(NumberType.SHORT_CODE, None).keyword("SKRA")


@pytest.mark.usefixtures("iceland")
@pytest.mark.parametrize("to", ["12341", "+3546111234"])
def test_a_new_country_is_understood(to: str, tmp_path: Path) -> None:
    """One file and no code: its word opts in, words that are used abroad are answered in its language,
    and whoever is out is out of the whole brand."""
    replies = 'replies.stop = "own"\nreplies.is.stop = "is"\nreplies.is.start = "is: in"'
    directory = load(tmp_path, program(ICELANDIC_SHORT_CODE, ICELANDIC_LONG_CODE, rest=replies))
    person = "+3546111235"
    match = classify("Skrá", directory.sender(to).rules)
    assert (match.intent, match.keyword, match.rule) == (
        Intent.START,
        "SKRA",
        f"{directory.sender(to).rules.id}:SKRA",
    )
    with World(tmp_path, directory=directory) as world:
        world.receive("STOP", to, person)
        assert [sms.text for sms in world.phone.received] == ["is"]
        assert all(world.check(each, person).suppressed for each in ("12341", "+3546111234"))
        world.clock.move(seconds=1)
        world.receive("SKRA", to, person)
        assert world.phone.received[-1].text == "is: in"
        assert not world.check(to, person).suppressed


@pytest.mark.usefixtures("iceland")
@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        (
            program(ICELANDIC_SHORT_CODE, rest='replies.stop = "Hi"'),
            "reply_languages",
            "replies in Iceland must",
        ),
        (
            program(ICELANDIC_SHORT_CODE, rest=f'replies.stop = "{"x" * 71}"'),
            "too_many_characters",
            "70 are",
        ),
        (program(ICELANDIC_SHORT_CODE.replace("IS", "IC")), "country", 'Write "IS".'),
        (program(ICELANDIC_SHORT_CODE.replace("IS", "AT")), "no_rules", "FR, GB, IE, IS, IT, NL"),
        (
            program(ICELANDIC_LONG_CODE.replace("+354", "+47")),
            "long_code_country",
            "not a number of Iceland",
        ),
        (
            program('number = "A"\ntype = "alphanumeric"'),
            "sender_id_unregistered",
            "AU, GB, IE, IS and SG",
        ),
    ],
    ids=lambda value: value if value.replace("_", "").isalpha() else "",
)
def test_what_is_said_about_a_countrys_senders(text: str, rule: str, says: str, tmp_path: Path) -> None:
    """Findings follow the file: its name, its limits, its registry."""
    checked = check(tmp_path, text)
    found = [str(item) for item in (*checked.errors, *checked.warnings) if item.rule == rule]
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.usefixtures("iceland")
def test_a_demand_names_its_own_source(tmp_path: Path) -> None:
    """Who asks for it is in the country's file, not in the guidance."""
    checked = check(tmp_path, program(ICELANDIC_SHORT_CODE, rest='replies.stop = "Hi"'))
    (finding,) = [item for item in checked.warnings if item.rule == "reply_languages"]
    assert finding.source == "Invented for this test"


def test_two_files_cannot_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a country nor a kind of sender is described twice."""
    country, _, kinds = ICELAND.partition("[[kind]]")
    (tmp_path / "a.toml").write_text(ICELAND, "utf-8")
    monkeypatch.setattr(data, "_folder", lambda: tmp_path)
    for second, message in ((country, "two countries .* IS"), (f"[[kind]]{kinds}", "two kinds .* is")):
        (tmp_path / "b.toml").write_text(second, "utf-8")
        with pytest.raises(ValueError, match=message):
            data.data_files.__wrapped__()


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_no_code_names_a_country(path: Path) -> None:
    """Neither by its two letters nor by its name."""
    source = path.read_text("utf-8")
    codes = [code for code in re.findall(r"""["']([A-Z]{2})\b""", source) if numbers.is_country(code)]
    named = "|".join(country.name.removeprefix("the ") for country in rules.countries().values())
    names = rf"\b(?:{named}|Americans?\b|Canad|Brit|Irish|Danish|French|German\b|Puerto)\w*"
    assert codes == []
    assert re.findall(names, source) == []


@pytest.mark.parametrize("country", rules.countries().values(), ids=lambda country: country.code)
def test_every_country_exists(country: Country) -> None:
    """Its code is one that has phone numbers; the code that people mistake for it is none."""
    assert numbers.is_country(country.code)
    assert (FOLDER / f"{country.code.lower()}.toml").exists()
    assert not numbers.is_country(country.mistaken_code or "")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_whom_a_kind_reaches(kind: SenderKind) -> None:
    """Countries that exist, its own among them; a short code always has such a limit."""
    assert all(map(numbers.is_country, kind.reach))
    assert len(set(kind.reach)) == len(kind.reach)
    assert kind.reach or kind.number_type is not NumberType.SHORT_CODE
    assert {*kind.countries} <= {*kind.reach} or not kind.reach
    assert kind.assumed_country in (None, *kind.countries)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.reach], ids=lambda kind: kind.id)
def test_reach_is_documented(kind: SenderKind) -> None:
    """The tables of docs/rules.md and docs/countries.md say whom each kind of sender reaches."""
    for name in ("rules.md", "countries.md"):
        document = (settings.ROOT / "docs" / name).read_text("utf-8")
        for line in re.findall(rf"^\| `{kind.id}` \|.*$", document, re.MULTILINE):
            assert f"| {', '.join(kind.reach)} |" in line


@pytest.mark.parametrize("reviewed", [*KINDS, *DEMANDS, *STATED], ids=lambda item: item.source[:20])
def test_every_source_was_reviewed(
    reviewed: SenderKind | ReplyDemands | data.Registry | data.Forbidden,
) -> None:
    """On a day that has been."""
    assert reviewed.reviewed <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("number_type", "country", "managers"),
    [
        (NumberType.SHORT_CODE, "US", {Party.PLATFORM, Party.SERVICE}),
        (NumberType.SHORT_CODE, "CA", {Party.SERVICE}),
        (NumberType.TOLL_FREE, "PR", {Party.CARRIER}),
        (NumberType.ALPHANUMERIC, "FR", {Party.SERVICE}),
        (NumberType.LONG_CODE, "GB", {Party.SERVICE}),
        (NumberType.SHORT_CODE, "AT", set()),
    ],
)
def test_who_can_manage_opt_out(number_type: NumberType, country: str, managers: set[Party]) -> None:
    """As many as there are kinds of senders of that type there."""
    assert {*rules.managers(number_type, country)} == managers


@pytest.mark.parametrize(
    ("number_type", "country"),
    [
        (NumberType.TOLL_FREE, "US"),
        (NumberType.LONG_CODE, "US"),
        (NumberType.SHORT_CODE, None),
        (NumberType.ALPHANUMERIC, None),
    ],
)
def test_the_country_that_goes_without_saying(number_type: NumberType, country: str | None) -> None:
    """For the types of sender that a program file may give no country."""
    assert rules.assumed_country(number_type) == country
