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
from optout.language.rules import Country, ReplyDemands, SenderKind, data
from tests.support.program_files import check, load, program

FOLDER = settings.ROOT / "optout/language/rules"
CODE = [
    path
    for folder in ("domain", "language", "programs")
    for path in sorted((settings.ROOT / "optout" / folder).glob("**/*.py"))
]
KINDS = list(rules.sender_kinds().values())
DEMANDS = [demands for file in data.data_files() for demands in file.replies.values()]
REGISTRIES = [country.registry for country in rules.countries().values() if country.registry]

DENMARK = """
[country]
code = "DK"
name = "Denmark"
mistaken_code = "DA"

[country.registry]
source = "Invented for this test"
reviewed = 2026-11-20

[replies.short_code]
languages = ["da", "de"]
characters = 70
source = "Invented for this test"
reviewed = 2026-11-20

[[kind]]
id = "dk.short_code"
number_type = "short_code"
countries = ["DK"]
managed_by = "service"
reach = ["DK", "GL"]
source = "Invented for this test"
reviewed = 2026-11-20

[[kind.keyword]]
words = ["TILMELD"]
intent = "start"
language = "da"

[[kind]]
id = "dk.long_code"
number_type = "long_code"
countries = ["DK"]
managed_by = "service"
source = "Invented for this test"
reviewed = 2026-11-20

[[kind.keyword]]
words = ["TILMELD"]
intent = "start"
language = "da"
"""
DANISH_SHORT_CODE = 'number = "12341"\ntype = "short_code"\ncountry = "DK"'
DANISH_LONG_CODE = 'number = "+4520123456"\ntype = "long_code"\ncountry = "DK"'


def forget() -> None:
    for cached in (data.data_files, rules.choose, rules.unconfigured):
        cached.cache_clear()


@pytest.fixture
def denmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file among the countries."""
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "dk.toml").write_text(DENMARK, "utf-8")
    monkeypatch.setattr(data, "_folder", lambda: folder)
    forget()
    yield
    forget()


@pytest.mark.usefixtures("denmark")
def test_a_country_is_one_file(tmp_path: Path) -> None:
    """With it, the country's senders are accepted, reach whom it says, and have its words."""
    directory = load(tmp_path, program(DANISH_SHORT_CODE, DANISH_LONG_CODE))
    short, long = directory.sender("12341"), directory.sender("+4520123456")
    assert (short.rules.id, long.rules.id) == ("dk.short_code", "dk.long_code")
    assert short.reach == frozenset({"DK", "GL"})
    assert long.reach is None
    for sender in (short, long):
        keyword = sender.rules.keyword("tilmeld")
        assert keyword is not None
        assert (keyword.intent, keyword.language) == (Intent.START, "da")
    assert rules.unconfigured(NumberType.LONG_CODE, "DK").id == "dk.long_code"
    assert rules.unconfigured(NumberType.SHORT_CODE, None).keyword("TILMELD")


@pytest.mark.usefixtures("denmark")
@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        (
            program(DANISH_SHORT_CODE, rest='replies.stop = "Hi"'),
            "reply_languages",
            "replies in Denmark must",
        ),
        (
            program(DANISH_SHORT_CODE, rest=f'replies.stop = "{"x" * 71}"'),
            "too_many_characters",
            "70 are",
        ),
        (program(DANISH_SHORT_CODE.replace("DK", "DA")), "country", 'Write "DK".'),
        (program(DANISH_SHORT_CODE.replace("DK", "FR")), "no_rules", "there are rules for CA, DK"),
        (program(DANISH_LONG_CODE.replace("+45", "+47")), "long_code_reach", "not a number of Denmark"),
        (program('number = "A"\ntype = "alphanumeric"'), "sender_id_unregistered", "DK, GB and IE"),
    ],
    ids=lambda value: value if value.replace("_", "").isalpha() else "",
)
def test_what_is_said_about_a_countrys_senders(text: str, rule: str, says: str, tmp_path: Path) -> None:
    """Findings follow the file: its name, its limits, its registry."""
    checked = check(tmp_path, text)
    found = [str(item) for item in (*checked.errors, *checked.warnings) if item.rule == rule]
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.usefixtures("denmark")
def test_a_demand_names_its_own_source(tmp_path: Path) -> None:
    """Who asks for it is in the country's file, not in the guidance."""
    checked = check(tmp_path, program(DANISH_SHORT_CODE, rest='replies.stop = "Hi"'))
    (finding,) = [item for item in checked.warnings if item.rule == "reply_languages"]
    assert finding.source == "Invented for this test"


def test_two_files_cannot_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a country nor a kind of sender is described twice."""
    country, _, kinds = DENMARK.partition("[[kind]]")
    (tmp_path / "a.toml").write_text(DENMARK, "utf-8")
    monkeypatch.setattr(data, "_folder", lambda: tmp_path)
    for second, message in ((country, "two countries .* DK"), (f"[[kind]]{kinds}", "two kinds .* dk")):
        (tmp_path / "b.toml").write_text(second, "utf-8")
        with pytest.raises(ValueError, match=message):
            data.data_files.__wrapped__()


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_no_code_names_a_country(path: Path) -> None:
    """Neither by its two letters nor by its name."""
    source = path.read_text("utf-8")
    codes = [code for code in re.findall(r"""["']([A-Z]{2})\b""", source) if numbers.is_country(code)]
    names = r"\b(Canad|United States|Americans?\b|United Kingdom|Brit|Ireland|Irish|Puerto)\w*"
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
    """The table of docs/rules.md says whom each kind of sender reaches."""
    document = (settings.ROOT / "docs/rules.md").read_text("utf-8")
    (line,) = re.findall(rf"^\| `{kind.id}` \|.*$", document, re.MULTILINE)
    assert f"| {', '.join(kind.reach)} |" in line


@pytest.mark.parametrize("reviewed", [*KINDS, *DEMANDS, *REGISTRIES], ids=lambda item: item.source[:20])
def test_every_source_was_reviewed(reviewed: SenderKind | ReplyDemands | data.Registry) -> None:
    """On a day that has been."""
    assert reviewed.reviewed <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("number_type", "country", "managers"),
    [
        (NumberType.SHORT_CODE, "US", {Party.PLATFORM, Party.SERVICE}),
        (NumberType.SHORT_CODE, "CA", {Party.SERVICE}),
        (NumberType.TOLL_FREE, "PR", {Party.CARRIER}),
        (NumberType.ALPHANUMERIC, "FR", {Party.SERVICE}),
        (NumberType.LONG_CODE, "GB", set()),
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
