"""Every documented word, to every kind of sender in every country: who blocks, who answers, and in
which language."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.domain.enums import Party
from optout.language import rules
from optout.programs.directory import Directory
from tests.support.program_files import load, program
from tests.support.world import World, replied

CARRIER, PLATFORM, SERVICE, NOBODY = Party.CARRIER, Party.PLATFORM, Party.SERVICE, Party.NOBODY
LANGUAGES = ("da", "de", "en", "es", "fi", "fr", "it", "nb", "nl", "pl", "pt", "sv")
REPLIES = "".join(
    f"[program.replies.{language}]\n"
    + "".join(f'{name} = "{name} {language}"\n' for name in ("stop", "start", "help"))
    for language in LANGUAGES
)

# Word: who blocks (of an opt-out), who answers, in which language.
Expected = dict[str, tuple[Party, Party, str]]


def words(*said: str, language: str, by: Party = SERVICE, answered: Party = SERVICE) -> Expected:
    return dict.fromkeys(said, (by, answered, language))


def ours(language: str = "en", *, unstop: bool = True) -> Expected:
    """The words that count everywhere; those that are used abroad are answered in the country's."""
    return {
        **words("STOP", "START", "HELP", language=language),
        **(words("UNSTOP", language=language) if unstop else {}),
        **words("QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE", "STOP ALL", language="en"),
        **words("ARRET", language="fr"),
    }


def short(language: str = "en") -> Expected:
    return ours(language, unstop=False)


def sender(number: str, kind: str, rest: str = "") -> str:
    return f'number = "{number}"\ntype = "{kind}"\n{rest}'


def code(number: str, country: str, rest: str = "") -> str:
    return sender(number, "short_code", f'country = "{country}"\n{rest}')


MANAGED = ("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE")
CANADIAN = {**words("INFO", language="en"), **words("AIDE", language="fr")}

# Sender, its kind, a phone that it can reach, and what its words do.
SENDERS: list[tuple[str, str, str, Expected]] = [
    (
        sender("+18335550100", "toll_free", "verified = true"), "toll_free", "+14255550123",
        ours()
        | words("STOP", language="en", by=CARRIER, answered=CARRIER)
        | words("START", "UNSTOP", language="en", answered=CARRIER),
    ),
    (
        code("54321", "US", 'managed_by = "platform"'), "us.short_code.platform", "+14255550123",
        ours()
        | words(*MANAGED, language="en", by=PLATFORM, answered=PLATFORM)
        | words("START", "HELP", language="en", answered=PLATFORM)
        | words("UNSTOP", language="en", answered=NOBODY),
    ),
    (code("12345", "US"), "us.short_code.service", "+14255550123", ours()),
    (sender("+14255550100", "long_code"), "us.long_code", "+14255550123", ours()),
    (sender("+13405550100", "long_code"), "us.long_code", "+14255550123", ours()),
    (sender("+17875550100", "long_code"), "pr.long_code", "+17875550123",
     ours("es") | words("AYUDA", language="es")),
    (code("55555", "CA"), "ca.short_code", "+16045550123", short() | CANADIAN),
    (sender("+16045550100", "long_code"), "ca.long_code", "+16045550123", ours() | CANADIAN),
    (code("67777", "GB"), "gb.short_code", "+447700900123", short()),
    (sender("+447400123456", "long_code"), "long_code", "+447700900123", ours()),
    (code("51234", "IE"), "ie.short_code", "+353851234567", short()),
    (sender("+353851234568", "long_code"), "long_code", "+353851234567", ours()),
    (code("191234", "AU"), "au.short_code", "+61412345678", short()),
    (sender("+61412345679", "long_code"), "long_code", "+61412345678", ours()),
    (code("3557", "NZ"), "nz.short_code", "+64211234567", short()),
    (sender("+64211234568", "long_code"), "long_code", "+64211234567", ours()),
    (code("36111", "FR"), "fr.short_code", "+33612345678",
     short("fr") | words("CONTACT", language="fr")),
    (sender("+33612345679", "long_code"), "long_code", "+33612345678", ours("fr")),
    (code("82222", "DE"), "de.short_code", "+4915123456780", short("de")),
    (sender("+4915123456789", "long_code"), "long_code", "+4915123456780", ours("de")),
    (sender("+436641234567", "long_code"), "at.long_code", "+436641234560",
     ours("de") | words("STOPP", language="de")),
    (code("939", "CH"), "ch.short_code", "+41781234567", short("de") | words("STOPP", language="de")),
    (sender("+41781234568", "long_code"), "ch.long_code", "+41781234567",
     ours("de") | words("STOPP", language="de")),
    (code("797123", "ES"), "es.short_code", "+34612345678",
     short("es") | words("BAJA", language="es")),
    (sender("+34612345679", "long_code"), "es.long_code", "+34612345678",
     ours("es") | words("BAJA", language="es")),
    (code("62123", "PT"), "pt.short_code", "+351912345678",
     short("pt") | words("SAIR", "CANCELAR", language="pt")),
    (sender("+351912345679", "long_code"), "long_code", "+351912345678", ours("pt")),
    (code("48123", "IT"), "it.short_code", "+393123456780",
     short("it") | words("ANNULLA", language="it")),
    (sender("+393123456789", "long_code"), "long_code", "+393123456780", ours("it")),
    (code("4422", "NL"), "nl.short_code", "+31612345678", short("nl") | words("UIT", language="nl")),
    (sender("+31612345679", "long_code"), "long_code", "+31612345678", ours("nl")),
    (code("9128", "BE"), "be.short_code", "+32470123456", short("nl")),
    (sender("+32470123457", "long_code"), "long_code", "+32470123456", ours("nl")),
    (code("1202", "DK"), "dk.short_code", "+4520123457", short("da")),
    (sender("+4520123456", "long_code"), "long_code", "+4520123457", ours("da")),
    (code("72123", "SE"), "se.short_code", "+46701234567",
     short("sv") | words("STOPP", "INFO", language="sv")),
    (sender("+46701234568", "long_code"), "se.long_code", "+46701234567",
     ours("sv") | words("STOPP", language="sv")),
    (code("2012", "NO"), "no.short_code", "+4740612345", short("nb") | words("STOPP", language="nb")),
    (sender("+4740612346", "long_code"), "no.long_code", "+4740612345",
     ours("nb") | words("STOPP", language="nb")),
    (code("12235", "FI"), "fi.short_code", "+358412345678", short("fi")),
    (sender("+358412345679", "long_code"), "long_code", "+358412345678", ours("fi")),
    (code("7123", "PL"), "pl.short_code", "+48512345670", short("pl")),
    (sender("+48512345678", "long_code"), "long_code", "+48512345670", ours("pl")),
    (sender("+6581234567", "long_code"), "long_code", "+6581234568", ours()),
    (sender("+60123456789", "long_code"), "long_code", "+60123456780", ours()),
    (sender("+3546111234", "long_code"), "long_code", "+3546111235", ours()),
]  # fmt: skip
NUMBERS = [text.split('"')[1] for text, *_ in SENDERS]
CASES = [
    # Somebody else for each word: nobody is answered by what they said before.
    (number, kind, f"{phone[:-4]}{1000 + 20 * place + nth}", word, *meant)
    for place, (number, (_, kind, phone, expected)) in enumerate(zip(NUMBERS, SENDERS, strict=True))
    for nth, (word, meant) in enumerate(expected.items())
]
ID = 'number = "Contoso"\ntype = "alphanumeric"'


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """One brand with a sender of each kind, on one list, in one program file."""
    senders = [*(text for text, *_ in SENDERS), ID]
    return load(tmp_path_factory.mktemp("programs"), program(*senders, rest=REPLIES))


@pytest.fixture(scope="module")
def world(directory: Directory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), directory=directory) as opened:
        yield opened


def test_a_brand_in_every_country(directory: Directory) -> None:
    """A sender of each kind in far more than ten countries is accepted, all on one list."""
    assert {each.list for each in directory.every} == {"contoso"}
    assert len({each.country for each in directory.every if each.country}) >= 20
    assert {each.rules.id for each in directory.every} == {
        # Those of a partner, which any number may be, are test_rules'.
        kind.id
        for kind in rules.sender_kinds().values()
        if kind.number_type and not kind.via
    }


@pytest.mark.parametrize(("text", "kind", "phone", "expected"), SENDERS, ids=NUMBERS)
def test_no_word_is_left_out(
    directory: Directory, text: str, kind: str, phone: str, expected: Expected
) -> None:
    """The table has every word of the data for the sender, and no other."""
    found = directory.sender(text.split('"')[1])
    assert found.rules.id == kind
    assert {keyword.word for keyword in found.rules.keywords.values()} == expected.keys()
    assert found.reaches(phone)


@pytest.mark.parametrize(
    ("to", "kind", "phone", "word", "blocks", "answers", "language"),
    CASES,
    ids=[f"{kind}-{to}-{word}" for to, kind, _, word, *_ in CASES],
)
def test_a_word_to_a_sender(
    world: World,
    to: str,
    kind: str,
    phone: str,
    word: str,
    blocks: Party,
    answers: Party,
    language: str,
) -> None:
    """It is understood, blocked and answered as its row says; where we do, a phone gets the text."""
    before = len(world.phone.received)
    recorded = world.receive(word, to, phone)
    reply = replied(recorded)
    assert recorded.blocked_by is blocks
    assert reply.answered_by is answers
    sent = [(sms.sender, sms.text) for sms in world.phone.received[before:]]
    if answers is SERVICE:
        name = "stop" if recorded.intent.opts_out else str(recorded.intent)
        assert sent == [(to, f"{name} {language}")]
    else:
        assert sent == []


def test_each_language_of_a_country(directory: Directory, tmp_path: Path) -> None:
    """Where a country has several, a word that is the same in all of them is answered in that of the
    person's last word that had one."""
    with World(tmp_path, directory=directory) as world:
        for word, language in (("STOP", "nl"), ("ARRET", "fr"), ("START", "fr"), ("STOP", "fr")):
            world.clock.move(minutes=10)
            world.receive(word, "9128", "+32470123456")
            assert world.phone.received[-1].text.endswith(language)


@pytest.mark.parametrize(
    ("to", "phone", "word"),
    [
        ("+4520123456", "+4520123457", "AFMELD"),
        ("+4915123456789", "+4915123456780", "ABMELDEN"),
        ("+33612345679", "+33612345678", "désabonner"),
        ("+31612345679", "+31612345678", "AFMELDEN"),
        ("+48512345678", "+48512345670", "WYPISZ"),
        ("+4740612346", "+4740612345", "AVMELD"),
    ],
)
def test_the_bare_words_of_a_language(
    directory: Directory, tmp_path: Path, to: str, phone: str, word: str
) -> None:
    """What no source documents is found by the language's own file, and is ours to block."""
    with World(tmp_path, directory=directory) as world:
        recorded = world.receive(word, to, phone)
        assert recorded.intent.opts_out
        assert recorded.keyword is None
        assert world.check(to, phone).suppressed
        # The ID of the same brand is on the same list.
        assert world.check("Contoso", phone).suppressed
