"""Which sender is on which list, answers with which text and reaches whom: Contoso's, and others'."""

from pathlib import Path

import pytest

from optout import settings
from optout.domain.enums import Intent
from optout.programs.directory import Directory, Sender
from tests.support.program_files import LONG_CODE, SHORT_CODE, load, program

US = {"US", "AS", "GU", "MP", "PR", "VI"}
CONTOSO = Directory.load(settings.ROOT / "programs.toml")


@pytest.mark.parametrize(
    ("sender", "list_name", "number_type", "country", "managed_by", "rules"),
    [
        ("12345", "contoso-alerts", "short_code", "US", "service", "us.short_code.service"),
        ("+18335550100", "contoso-alerts", "toll_free", "US", "carrier", "toll_free"),
        ("+14255550100", "contoso-alerts", "long_code", "US", "service", "us.long_code"),
        ("54321", "contoso-promo", "short_code", "US", "platform", "us.short_code.platform"),
        ("55555", "contoso-canada", "short_code", "CA", "service", "ca.short_code"),
        ("78787", "contoso-uk", "short_code", "GB", "service", "gb.short_code"),
        ("contoso", "contoso-uk", "alphanumeric", "GB", "service", "alphanumeric"),
    ],
)
def test_contoso(
    sender: str, list_name: str, number_type: str, country: str, managed_by: str, rules: str
) -> None:
    """Each sender of the example has the list, the manager and the rules that its entry says."""
    found = CONTOSO.sender(sender)
    assert found.configured
    assert (found.list, found.number_type, found.country) == (list_name, number_type, country)
    assert (found.managed_by, found.rules.id) == (managed_by, rules)
    assert found in CONTOSO.on_list(list_name)


def test_contoso_has_no_more() -> None:
    """The table above is whole."""
    assert len(CONTOSO.senders) == 7
    assert sum(len(CONTOSO.on_list(name)) for name in CONTOSO.lists) == 7
    assert CONTOSO.on_list("another") == []


@pytest.mark.parametrize(
    ("sender", "intent", "language", "begins"),
    [
        ("12345", Intent.STOP, "en", "Contoso Alerts: You opted out"),
        ("12345", Intent.STOP_ALL, "en", "Contoso Alerts: You opted out"),
        ("12345", Intent.START, "en", "Contoso Promo Alerts: 3 msgs/week."),
        ("12345", Intent.HELP, "en", "Thanks for texting Contoso!"),
        ("12345", Intent.STOP, "fr", "Contoso Alerts: You opted out"),
        ("12345", Intent.STOP, None, "Contoso Alerts: You opted out"),
        ("55555", Intent.STOP, "fr", "Contoso Canada : vous êtes désabonné"),
        ("55555", Intent.STOP, "en", "Contoso Canada: You opted out"),
        ("55555", Intent.HELP, "fr", "Contoso Canada : 3 messages/sem. Soutien"),
        ("12345", Intent.NONE, "en", None),
    ],
)
def test_replies(sender: str, intent: Intent, language: str | None, begins: str | None) -> None:
    """The text for an intent, in the language asked for where the program has it."""
    reply = CONTOSO.sender(sender).reply(intent, language)
    assert reply is None if begins is None else str(reply).startswith(begins)


@pytest.mark.parametrize("sender", CONTOSO.senders.values(), ids=lambda sender: sender.id)
def test_contosos_texts_are_one_sms(sender: Sender) -> None:
    """An example that people copy: each text names the brand and fits the 160 characters of an SMS."""
    for texts in sender.replies.values():
        for text in texts.values():
            assert len(text) <= 160
            assert "Contoso" in text


def test_a_senders_own_replies(tmp_path: Path) -> None:
    """A sender's text goes before its program's, one by one."""
    replies = '[program.replies]\nstop = "program stop"\nhelp = "program help"'
    own = '[program.sender.replies]\nhelp = "own help"\nfr.stop = "arrêt"'
    directory = load(tmp_path, program(f"{SHORT_CODE}\n{own}", LONG_CODE, rest=replies))
    first, second = directory.sender("12345"), directory.sender("+14255550100")
    assert first.reply(Intent.STOP, "en") == "program stop"
    assert first.reply(Intent.STOP, "fr") == "arrêt"
    assert first.reply(Intent.HELP, "fr") == "own help"
    assert second.reply(Intent.HELP, "en") == "program help"
    assert second.reply(Intent.START, "en") is None


@pytest.mark.parametrize(
    ("sender", "number_type", "country", "managed_by"),
    [
        ("99999", "short_code", None, "service"),
        ("+18445550100", "toll_free", "US", "carrier"),
        ("+14255550199", "long_code", "US", "service"),
        ("+447700900123", "long_code", None, "service"),
        ("fabrikam", "alphanumeric", None, "service"),
    ],
)
def test_a_sender_of_no_program(
    sender: str, number_type: str, country: str | None, managed_by: str
) -> None:
    """It stands by itself: a list of its own, what its number shows, and no replies."""
    found = CONTOSO.sender(sender)
    assert not found.configured
    assert found.list == f"sender:{sender}"
    assert (found.number_type, found.country, found.managed_by) == (number_type, country, managed_by)
    assert found.reply(Intent.STOP, "en") is None


@pytest.mark.parametrize(
    ("sender", "reach"),
    [
        ("+18335550100", {"US", "CA", "PR"}),
        ("12345", US),
        ("54321", US),
        ("55555", {"CA"}),
        ("78787", {"GB"}),
        ("+14255550100", US),
        ("contoso", None),
        ("+18445550100", {"US", "CA", "PR"}),
        ("99999", None),
        ("+14255550199", US),
        ("+447700900123", None),
    ],
)
def test_reach(sender: str, reach: set[str] | None) -> None:
    """The FAQ's limits of each type; where nothing shows a country, nothing is assumed."""
    assert CONTOSO.sender(sender).reach == reach


@pytest.mark.parametrize(
    ("sender", "number", "expected"),
    [
        ("12345", "+14255550123", True),
        ("12345", "+16715550123", True),
        ("12345", "+16045550123", False),
        ("12345", "+447700900123", False),
        ("12345", "+19995550123", True),
        ("12345", "+99912345678", True),
        ("78787", "+447700900123", True),
        ("78787", "+353871234567", False),
        ("+18335550100", "+17875550123", True),
        ("+18335550100", "+16715550123", False),
        ("contoso", "+353871234567", True),
        ("99999", "+447700900123", True),
    ],
)
def test_whom_a_sender_reaches(sender: str, number: str, expected: bool) -> None:
    """A number that shows no country, and a sender without limits, are not held against each other."""
    assert CONTOSO.sender(sender).reaches(number) is expected


@pytest.mark.parametrize(
    ("sender", "countries"),
    [
        ("12345", US),
        ("55555", {"CA"}),
        ("+18335550100", {"US", "CA", "PR"}),
        ("contoso", {"GB"}),
        ("+14255550199", US),
        ("+442079460000", {"GB"}),
        ("99999", set()),
        ("fabrikam", set()),
    ],
)
def test_the_countries_that_a_sender_means(sender: str, countries: set[str]) -> None:
    """Those it reaches; where nothing limits that, its own."""
    assert CONTOSO.countries_meant([CONTOSO.sender(sender)]) == countries


def test_the_countries_that_a_list_means() -> None:
    """Those of all its senders, and with no list, of everybody's."""
    assert CONTOSO.countries_meant(CONTOSO.on_list("contoso-alerts")) == US | {"CA"}
    assert CONTOSO.countries_meant(CONTOSO.on_list("contoso-uk")) == {"GB"}
    assert CONTOSO.countries_meant(CONTOSO.on_list("another")) == set()
    assert CONTOSO.countries_meant() == US | {"CA", "GB"}


def test_the_countries_of_a_sender_without_limits(tmp_path: Path) -> None:
    """Its program's senders say where the program is, and other programs' do not."""
    sender_id = 'number = "Contoso"\ntype = "alphanumeric"'
    alone = 'number = "Fabrikam"\ntype = "alphanumeric"'
    directory = load(tmp_path, program(sender_id, SHORT_CODE) + program(alone, name="Fabrikam"))
    assert directory.countries_meant([directory.sender("contoso")]) == {"US"}
    assert directory.countries_meant([directory.sender("fabrikam")]) == set()


@pytest.mark.parametrize(
    ("mistyped", "names"),
    [
        ("12354", ["12345"]),
        ("12346", ["12345"]),
        ("1234", ["12345"]),
        ("123455", ["12345"]),
        ("contosso", ["CONTOSO"]),
        ("14255550100", ["+14255550100"]),
        ("+18335550010", ["+18335550100"]),
        ("99999", []),
        ("+447700900123", []),
        ("fabrikam", []),
    ],
)
def test_the_nearest_senders(mistyped: str, names: list[str]) -> None:
    """Digits that are wrong, swapped, missing or too many; nothing where nothing is like it."""
    assert CONTOSO.nearest(mistyped) == names


def test_the_nearest_comes_first() -> None:
    """Of two that are like it, the one that is more so."""
    near = CONTOSO.nearest("555554")
    assert near[0] == "55555"
