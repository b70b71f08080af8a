"""The advice about a program file: a bad file for every warning, and texts that pass."""

import json
import logging
from pathlib import Path

import pytest

from optout import service, settings
from optout.programs.check import check_file
from optout.programs.directory import Directory
from optout.programs.findings import Finding
from tests.support.program_files import (
    LONG_CODE,
    SENDER_ID,
    SHORT_CODE,
    TOLL_FREE,
    Mistake,
    check,
    program,
    written,
)

FAQ_STOP = "Contoso Alerts: You opted out and will not receive any more messages."
FAQ_START = (
    "Contoso Promo Alerts: 3 msgs/week. Message & Data Rates May Apply. Reply HELP for help. "
    "Reply STOP to opt-out."
)
FAQ_HELP = "Thanks for texting Contoso! Call 1-800-800-8000 for support."
STOP = "Contoso: You opted out and will not receive any more messages."
START = (
    "Contoso: 3 msgs/week. Message & Data Rates May Apply. Reply HELP for help. Reply STOP to opt-out."
)
HELP = "Contoso: 3 msgs/week. Call 1-800-800-8000 for support."
STOP_FR = "Contoso : vous êtes désabonné et ne recevrez plus de messages."
START_FR = (
    "Contoso : 3 messages/semaine. Des frais peuvent s'appliquer. AIDE pour info, ARRET pour cesser."
)
HELP_FR = "Contoso : 3 messages par semaine. Soutien 1-800-800-8000."

VERIFIED = f"{TOLL_FREE}\nverified = true"
REGISTERED = f'{SENDER_ID}\ncountry = "GB"\nregistered_in = ["GB"]\nopt_out_by = "call 0800 800 8000"'
CANADA = SHORT_CODE.replace("US", "CA")
CANADA_ITS_OWN = (
    f'{CANADA}\n[program.sender.replies]\nstop = "{STOP}"\nhelp = "{HELP}"\n'
    f'fr.stop = "{STOP_FR}"\nfr.help = "{HELP_FR}"'
)
LONG_HELP = f'replies.help = "{HELP:x<161}"'


def says(name: str, text: str, language: str = "", sender: str = SHORT_CODE) -> str:
    """A program with one reply."""
    table = f"[program.replies.{language}]" if language else "[program.replies]"
    return program(sender, rest=f"{table}\n{name} = {json.dumps(text, ensure_ascii=False)}")


def canada(
    stop: str = STOP, help: str = HELP, french: str = f'stop = "{STOP_FR}"\nhelp = "{HELP_FR}"'
) -> str:
    """A Canadian program."""
    own = f'[program.replies]\nstop = "{stop}"\nhelp = "{help}"'
    return program(CANADA, rest=f"{own}\n[program.replies.fr]\n{french}")


ENTRY = 'program "Contoso", program.replies.'

ADVISED: list[Mistake] = [
    (
        "nothing said about verification",
        "toll_free_unverified",
        program(TOLL_FREE),
        'program "Contoso", sender 1 (+18335550100)', "not stated that", "write verified = true when",
    ),
    (
        "a number that waits for its verification",
        "toll_free_unverified",
        program(f"{TOLL_FREE}\nverified = false"),
        "sender 1 (+18335550100)", "is not verified: unverified traffic is blocked",
        "verification form",
    ),
    (
        "a sender ID in Britain",
        "sender_id_unregistered",
        program(REGISTERED.replace('registered_in = ["GB"]\n', "")),
        "sender 1 (Contoso)", "registered in GB", 'registered_in = ["GB"]',
    ),
    (
        "a sender ID in Ireland, registered in Britain",
        "sender_id_unregistered",
        program(REGISTERED.replace('country = "GB"', 'country = "IE"')),
        "sender 1 (Contoso)", "registered in IE", 'registered_in = ["IE"]',
    ),
    (
        "a sender ID that may go anywhere",
        "sender_id_unregistered",
        program(f'{SENDER_ID}\nopt_out_by = "call us"'),
        "sender 1 (Contoso)", "registered in AU, GB, IE and SG", "write the country that it goes to",
    ),
    (
        "a link in a reply where none is allowed",
        "forbidden_contents",
        program(
            'number = "+60123456789"\ntype = "long_code"',
            rest='replies.help = "Contoso: contoso.com/help"',
        ),
        "replies.help", "the help reply has a link: in Malaysia", "Say it another way",
    ),
    (
        "a phone number in a reply where none is allowed",
        "forbidden_contents",
        program(
            'number = "+60123456789"\ntype = "long_code"',
            rest='replies.help = "Contoso: 03 1234 5678"',
        ),
        "replies.help", "the help reply has a phone number: in Malaysia", "Say it another way",
    ),
    (
        "a sender ID with a link where none is allowed",
        "forbidden_contents",
        program(f'{SENDER_ID}\ncountry = "MY"\nopt_out_by = "https://o.contoso.com/x"'),
        "sender 1 (Contoso)", "opt_out_by has a link: in Malaysia", "Say it another way",
    ),
    (
        "a sender ID of Australia",
        "sender_id_unregistered",
        program(f'{SENDER_ID}\ncountry = "AU"\nopt_out_by = "call us"'),
        "sender 1 (Contoso)", "registered in AU", 'registered_in = ["AU"]',
    ),
    (
        "no way to opt out of a sender ID",
        "sender_id_opt_out",
        program(f'{SENDER_ID}\ncountry = "FR"'),
        "sender 1 (Contoso)", "nobody can reply to a sender ID", "opt_out_by = ",
    ),
    (
        "a stop reply of nobody",
        "program_not_named",
        says("stop", "You opted out and will not receive any more messages."),
        f"{ENTRY}stop", "the stop reply does not name the program", "“Contoso: …”",
    ),
    (
        "a help reply of nobody",
        "program_not_named",
        says("help", "Call 1-800-800-8000 for support."),
        f"{ENTRY}help", "the help reply does not name the program", "“Contoso: …”",
    ),
    (
        "the name's general word alone",
        "program_not_named",
        program(SHORT_CODE, name="Contoso Alerts").replace('"contoso alerts"', '"contoso"')
        + 'replies.stop = "Alerts: You opted out and will not receive any more messages."',
        "sender 1 (12345), program.sender.replies.stop", "not name the program", "“Contoso Alerts: …”",
    ),
    (
        "a stop reply that leaves it open",
        "stop_not_final",
        says("stop", "Contoso: You have been unsubscribed."),
        f"{ENTRY}stop", "no more messages will come", "Say so",
    ),
    (
        "a French stop reply in English",
        "stop_not_final",
        says("stop", STOP, "fr"),
        f"{ENTRY}fr.stop", "no more messages will come", "Say so",
    ),
    (
        "a discount to stay",
        "stop_sells",
        says("stop", f"{STOP} Come back for 20% off!"),
        f"{ENTRY}stop", "contains marketing: “20% off”", "Only confirm",
    ),
    (
        "a shop to visit, in French",
        "stop_sells",
        says("stop", "Contoso : plus de messages. Mais venez voir nos soldes.", "fr"),
        f"{ENTRY}fr.stop", "contains marketing: “soldes”", "Only confirm",
    ),
    (
        "help without help",
        "help_without_contact",
        says("help", "Contoso: Reply STOP to opt out."),
        f"{ENTRY}help", "does not say how to reach somebody", "Add a phone number",
    ),
    (
        "a start reply without frequency",
        "start_without_frequency",
        says("start", START.replace("3 msgs/week. ", "")),
        f"{ENTRY}start", "how often messages come", "“3 msgs/week”",
    ),
    (
        "a start reply without rates",
        "start_without_rates",
        says("start", START.replace("Message & Data Rates May Apply. ", "")),
        f"{ENTRY}start", "message and data rates may apply", "Message & Data Rates May Apply",
    ),
    (
        "a start reply that only promises help",
        "start_without_help",
        says("start", START.replace("Reply HELP for help", "We help you")),
        f"{ENTRY}start", "does not mention HELP", "“Reply HELP …”",
    ),
    (
        "a start reply without STOP",
        "start_without_stop",
        says("start", START.replace(" Reply STOP to opt-out.", " Nonstop news.")),
        f"{ENTRY}start", "does not mention STOP", "“Reply STOP …”",
    ),
    (
        "Canada in English",
        "reply_languages",
        canada(french=""),
        "sender 1 (12345)", "French is missing for help, stop", "[program.replies.fr]",
    ),
    (
        "Canada in French",
        "reply_languages",
        program(CANADA, rest=f'replies.fr = {{stop = "{STOP_FR}", help = "{HELP_FR}"}}'),
        "sender 1 (12345)", "English is missing for help, stop", "Add help, stop to [program.replies]",
    ),
    (
        "a Canadian toll-free help reply in English",
        "reply_languages",
        program(f'{VERIFIED}\ncountry = "CA"', rest=f'replies.help = "{HELP}"'),
        "sender 1 (+18335550100)", "French is missing for help", "Add help to [program.replies.fr]",
    ),
    (
        "Canadian help by mail, without frequency",
        "help_incomplete",
        canada(help="Contoso: write to help@contoso.com."),
        f"{ENTRY}help", "lacks a toll-free phone number and how often messages come", "1-800-800-8000",
    ),
    (
        "Canadian help by a local number",
        "help_incomplete",
        canada(help="Contoso: 3 msgs/week. Call 604-555-0100."),
        f"{ENTRY}help", "lacks a toll-free phone number", "1-800-800-8000",
    ),
    (
        "161 characters in Canada",
        "too_many_characters",
        canada(help=f"{HELP:x<161}"),
        f"{ENTRY}help", "161 characters on a short code of Canada; at most 160 are allowed",
        "Shorten it by 1 character.",
    ),
    (
        "a curly apostrophe",
        "ucs_2",
        says("stop", "Contoso: You won’t get more messages."),
        f"{ENTRY}stop", "“’” (U+2019 RIGHT SINGLE QUOTATION MARK) forces UCS-2", "Write “'” for “’”.",
    ),
    (
        "an accent that costs a segment",
        "ucs_2",
        says("stop", f"{STOP_FR} Cordialement.", "fr"),
        f"{ENTRY}fr.stop", "“ê” (U+00EA LATIN SMALL LETTER E WITH CIRCUMFLEX) forces UCS-2, 70 "
        "characters per segment, not 160: 2 segments instead of 1", "Write “e” for “ê”.",
    ),
    (
        "an emoji that costs a segment",
        "ucs_2",
        says("stop", f"{STOP} Goodbye 👋"),
        f"{ENTRY}stop", "“👋” (U+1F44B WAVING HAND SIGN)", "Leave out “👋”.",
    ),
    (
        "321 characters",
        "over_320",
        says("help", f"{HELP:x<321}"),
        f"{ENTRY}help", "321 characters in 3 segments", "Shorten it by 1 character.",
    ),
    (
        "five segments of ASCII on a short code of the United States",
        "over_320",
        says("help", f"{HELP:x<613}"),
        f"{ENTRY}help", "613 characters in 5 segments", "Shorten it by 293 characters.",
    ),
    (
        "five segments with an accent on a short code of the United States",
        "segments_beyond_ascii",
        says("help", f"{HELP}é{'x' * 600}"),
        f"{ENTRY}help", "5 segments with characters outside ASCII on a short code of "
        "the United States", "plain ASCII",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "rule", "text", "entry", "problem", "remedy"),
    ADVISED,
    ids=[row[0] for row in ADVISED],
)
def test_what_is_advised(
    situation: str, rule: str, text: str, entry: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    """Exactly what is wrong is found, with its entry and remedy, and the file is not refused."""
    checked = check(tmp_path, text)
    assert not checked.errors
    # A text that is far too long is too long for the general advice, too.
    found = [item for item in checked.warnings if item.rule in (rule, "over_320")]
    assert len(found) == len(checked.warnings)
    (finding,) = [item for item in found if item.rule == rule]
    assert finding.entry.endswith(entry)
    assert problem in finding.problem
    assert remedy in finding.remedy
    assert Directory.load(tmp_path / "programs.toml").senders


def test_contoso_passes() -> None:
    """The example has no errors and no warnings, and with it every text of the FAQ."""
    checked = check_file(settings.ROOT / "programs.toml")
    assert (checked.errors, checked.warnings) == ((), ())
    assert len(checked.texts) == 15


GOOD: list[tuple[str, str]] = [
    ("the FAQ's STOP", says("stop", FAQ_STOP)),
    ("the FAQ's START", says("start", FAQ_START)),
    ("the FAQ's HELP", says("help", FAQ_HELP)),
    ("no more messages", says("stop", "You're out of Contoso. No more messages will be sent.")),
    ("no longer", says("stop", "CONTOSO: you'll no longer get texts from us.")),
    ("won't, curled straight", says("stop", "Contoso: Done. We won't text you again.")),
    ("no more offers, which sells none", says("stop", "Contoso: No more deals or offers for you.")),
    ("Spanish", says("stop", "Contoso: no recibirá más mensajes.", "es")),
    ("Spanish without a table", says("stop", "Contoso: Ya no recibirás mensajes.")),
    ("a language without phrases", says("stop", "Contoso: Sie sind abgemeldet.", "de")),
    ("another script", says("stop", f"Contoso 您已退订{'，不会再收到短信' * 12}", "zh")),
    ("an accent that costs nothing", says("stop", STOP_FR, "fr")),
    ("help by mail", says("help", "Contoso help: support@contoso.com")),
    ("help by web", says("help", "Contoso help: contoso.com/help")),
    ("help by a vanity number", says("help", "Contoso: call 1-800-CONTOSO")),
    ("help by a British number", says("help", "Contoso: ring (0800) 800 8000")),
    ("lower-case instructions", says("start", START.replace("HELP", "help").replace("STOP", "stop"))),
    ("a frequency that varies", says("start", START.replace("3 msgs/week", "Msg frequency varies"))),
    ("crowded words", says("start", START.replace("Message & Data Rates", "Msg&data rates"))),
    ("French instructions", says("start", START_FR, "fr")),
    ("a name in one word", says("stop", f"Con-Toso: {STOP[9:]}")),
    ("a name that sells", program(SHORT_CODE, name="Sale") + 'replies.stop = "Sale: no more texts."'),
    ("domains like a shortener's", says("help", "Contoso: rabbit.ly, my-is.gd, bit.ly.contoso.com")),
    ("a toll-free number that is verified", program(VERIFIED)),
    ("a simulator's toll-free number", program(f'{TOLL_FREE}\nanswers = "service"')),
    ("a registered sender ID", program(REGISTERED)),
    ("a registered sender ID without a country", program(REGISTERED.replace('country = "GB"\n', ""))),
    ("a sender ID of France", program(REGISTERED.replace('"GB"\nregistered_in = ["GB"]', '"FR"'))),
    ("Canada in both languages", canada()),
    ("Canada with its own texts in French", canada(STOP_FR, HELP_FR, "").replace(
        "[program.replies.fr]", f'[program.replies.en]\nstop = "{STOP}"\nhelp = "{HELP}"')),
    ("160 characters in Canada", canada(help=f"{HELP:x<160}")),
    ("Canadian help by a vanity number", canada(help="Contoso: 3 msgs/week. 1-800-CONTOSO")),
    ("161 characters that Canada does not get", program(CANADA_ITS_OWN, LONG_CODE, rest=LONG_HELP)),
    ("320 characters", says("help", f"{HELP:x<320}")),
    ("a long text on a long code", says("help", f"{HELP:x<160}", sender=LONG_CODE)),
]  # fmt: skip


@pytest.mark.parametrize("text", [text for _, text in GOOD], ids=[name for name, _ in GOOD])
def test_nothing_is_said_about_what_is_right(text: str, tmp_path: Path) -> None:
    """What says the same in other words passes."""
    checked = check(tmp_path, text)
    assert (checked.errors, checked.warnings) == ((), ())


def test_warnings_are_logged_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line for each, with all that there is to say."""
    path = written(tmp_path, program(TOLL_FREE, rest='reach = "list"\nreplies.help = "Hi"'))
    configured = settings.Settings(programs=path, store=f"sqlite:{tmp_path}/optout.db")
    with caplog.at_level(logging.WARNING):
        service.build(configured).close()
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    rules = ["toll_free_unverified", "program_not_named", "help_without_contact"]
    assert [line["rule"] for line in lines] == rules
    for line in lines:
        assert line.pop("event") == "program_file"
        assert set(line) == {"entry", "rule", "problem", "remedy", "source"}


def test_a_finding_in_words() -> None:
    """A finding is a sentence about its entry, with the rule and who says so."""
    finding = Finding("program 1", "url_shortener", "it shortens", "Do not.")
    source = "FAQ, How do I send shortened URLs in messages?"
    assert str(finding) == f"program 1: it shortens. Do not. [url_shortener: {source}]"
