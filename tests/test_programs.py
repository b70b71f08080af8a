"""The program file: Contoso's as it is used, and one bad file for everything that cannot be right."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from optout import settings
from optout.domain.enums import Intent, NumberType, Party, ProbablePolicy
from optout.domain.errors import ConfigurationError
from optout.programs import guidance, schema
from optout.programs.directory import Directory, Sender

CONTOSO = Directory.load(settings.ROOT / "programs.toml")
DOCUMENT = (settings.ROOT / "docs/programs.md").read_text("utf-8")

SHORT_CODE = 'number = "12345"\ntype = "short_code"\ncountry = "US"'
TOLL_FREE = 'number = "+18335550100"\ntype = "toll_free"'
LONG_CODE = 'number = "+14255550100"\ntype = "long_code"'
SENDER_ID = 'number = "Contoso"\ntype = "alphanumeric"'


def program(*senders: str, name: str = "Contoso", rest: str = "") -> str:
    """A program with some senders."""
    tables = "\n".join(f"[[program.sender]]\n{sender}\n" for sender in senders)
    return f'[[program]]\nname = "{name}"\nlist = "{name.lower()}"\n{rest}\n{tables}'


def load(folder: Path, text: str) -> Directory:
    path = folder / "programs.toml"
    path.write_text(text, "utf-8")
    return Directory.load(path)


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
        ("12345", {"US"}),
        ("54321", {"US"}),
        ("55555", {"CA"}),
        ("78787", {"GB"}),
        ("+14255550100", {"US"}),
        ("contoso", None),
        ("+18445550100", {"US", "CA", "PR"}),
        ("99999", None),
        ("+14255550199", {"US"}),
        ("+447700900123", None),
    ],
)
def test_reach(sender: str, reach: set[str] | None) -> None:
    """The FAQ's limits of each type; where nothing shows a country, nothing is assumed."""
    assert CONTOSO.sender(sender).reach == reach


FINE: list[tuple[str, str]] = [
    ("no program", ""),
    ("a program without senders", program()),
    ("a byte order mark", "\ufeff" + program(SHORT_CODE)),
    ("a toll-free number without plus", program('number = "18335550100"\ntype = "toll_free"')),
    ("a toll-free number in Canada", program(f'{TOLL_FREE}\ncountry = "CA"')),
    ("a toll-free number that the service answers", program(f'{TOLL_FREE}\nanswers = "service"')),
    ("a toll-free number that is the carrier's", program(f'{TOLL_FREE}\nmanaged_by = "carrier"')),
    ("a toll-free help reply", program(f'{TOLL_FREE}\nreplies.help = "Help"')),
    ("a stop reply for toll-free numbers only", program(TOLL_FREE, rest='replies.stop = "Stopped"')),
    ("a start reply for others, too", program(TOLL_FREE, SHORT_CODE, rest='replies.start = "Hi"')),
    ("a long code that somebody else answers", program(f'{LONG_CODE}\nanswers = "nobody"')),
    ("a long code that we answer", program(f'{LONG_CODE}\nanswers = "service"')),
    ("a short code of six digits", program(SHORT_CODE.replace("12345", "123456"))),
    ("no trial", program(f"{SHORT_CODE}\ntrial = false")),
    ("a sender ID without a country", program(SENDER_ID)),
    ("a sender ID with spaces and digits", program('number = "4 You Shop"\ntype = "alphanumeric"')),
    ("one list of two programs", program(SHORT_CODE) + program(LONG_CODE)),
]


@pytest.mark.parametrize("text", [text for _, text in FINE], ids=[name for name, _ in FINE])
def test_what_is_allowed(text: str, tmp_path: Path) -> None:
    """What can be right is loaded."""
    assert len(load(tmp_path, text).senders) == text.count("[[program.sender]]")


# Those of the FAQ, as it lists them.
SHORTENERS = (
    "bit.ly", "goo.gl", "tinyurl.com", "tiny.cc", "lc.chat", "is.gd", "soo.gd", "s2r.co", "clicky.me",
    "budurl.com", "bc.vc",
)  # fmt: skip
PLATFORM = f'{SHORT_CODE}\nmanaged_by = "platform"'

# (situation, rule, file, entry, problem, remedy)
REFUSED: list[tuple[str, str, str, str, str, str]] = [
    (
        "a short code with plus",
        "short_code_form",
        program(SHORT_CODE.replace("12345", "+12345")),
        "sender 1 (+12345)", "no plus sign", 'Write number = "12345"',
    ),
    (
        "a short code of four digits",
        "short_code_form",
        program(SHORT_CODE.replace("12345", "1234")),
        "sender 1 (1234)", "5 or 6 digits", "Copy it from the short codes page",
    ),
    (
        "a short code of seven digits",
        "short_code_form",
        program(SHORT_CODE.replace("12345", "1234567")),
        "sender 1 (1234567)", "5 or 6 digits", "Copy it from the short codes page",
    ),
    (
        "a short code with a hyphen",
        "short_code_form",
        program(SHORT_CODE.replace("12345", "123-456")),
        "sender 1 (123-456)", "5 or 6 digits", "Copy it from the short codes page",
    ),
    (
        "a short code without a country",
        "short_code_country",
        program('number = "12345"\ntype = "short_code"'),
        "sender 1 (12345)", "without a country", 'Add country = "US"',
    ),
    (
        "a short code of a country without rules",
        "no_rules",
        program(SHORT_CODE.replace("US", "FR")),
        "sender 1 (12345)", "no rules for type short_code in FR", "there are rules for CA, GB, US",
    ),
    (
        "a toll-free number without a toll-free prefix",
        "number_type",
        program(TOLL_FREE.replace("833", "425")),
        "sender 1 (+14255550100)", "no toll-free prefix", 'write type = "long_code"',
    ),
    (
        "a British toll-free number",
        "number_type",
        program(TOLL_FREE.replace("+18335550100", "+448001111111")),
        "sender 1 (+448001111111)", "no toll-free prefix of North America", "Correct the number",
    ),
    (
        "a toll-free number in Britain",
        "toll_free_reach",
        program(f'{TOLL_FREE}\ncountry = "GB"'),
        "sender 1 (+18335550100)", "toll-free number in GB", 'write country = "US", "CA" or "PR"',
    ),
    (
        "a toll-free number managed by the service",
        "managed_by",
        program(f'{TOLL_FREE}\nmanaged_by = "service"'),
        "sender 1 (+18335550100)", "the service does not manage", "Remove managed_by",
    ),
    (
        "a toll-free number that is none",
        "phone_number_form",
        program(TOLL_FREE.replace("+18335550100", "833-CONTOSO")),
        "sender 1 (833-CONTOSO)", "not a phone number", "with plus sign and country code",
    ),
    (
        "a 10DLC number of Britain",
        "long_code_reach",
        program(LONG_CODE.replace("+14255550100", "+447700900123")),
        "sender 1 (+447700900123)", "outside the United States", "Correct number and country",
    ),
    (
        "a 10DLC number of Canada",
        "long_code_reach",
        program(LONG_CODE.replace("425", "604")),
        "sender 1 (+16045550100)", "outside the United States", "Correct number and country",
    ),
    (
        "a 10DLC number said to be in Canada",
        "long_code_reach",
        program(f'{LONG_CODE}\ncountry = "CA"'),
        "sender 1 (+14255550100)", "outside the United States", "Correct number and country",
    ),
    (
        "a 10DLC number with a toll-free prefix",
        "number_type",
        program(LONG_CODE.replace("425", "833")),
        "sender 1 (+18335550100)", "is toll-free", 'Write type = "toll_free"',
    ),
    (
        "a 10DLC number that is a short code",
        "phone_number_form",
        program(LONG_CODE.replace("+14255550100", "12345")),
        "sender 1 (12345)", "not a phone number", "with plus sign and country code",
    ),
    (
        "a sender ID of twelve characters",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "ContosoAlert")),
        "sender 1 (ContosoAlert)", "12 characters; 11 are allowed", "Shorten it",
    ),
    (
        "a sender ID without a letter",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "123456")),
        "sender 1 (123456)", "without a letter", "Add a letter",
    ),
    (
        "a sender ID with other characters",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "Contoso!")),
        "sender 1 (Contoso!)", "other characters", "Write the sender ID that is enabled",
    ),
    (
        "a sender ID with an accent",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "Contosó")),
        "sender 1 (Contosó)", "other characters", "Write the sender ID that is enabled",
    ),
    (
        "a toll-free stop reply",
        "carrier_text",
        program(f'{TOLL_FREE}\n[program.sender.replies]\nstop = "Bye"'),
        "sender 1 (+18335550100)", "a custom stop reply", "Remove replies.stop",
    ),
    (
        "a toll-free start reply",
        "carrier_text",
        program(f'{TOLL_FREE}\n[program.sender.replies]\nstart = "Hi"'),
        "sender 1 (+18335550100)", "a custom start reply", "Remove replies.start",
    ),
    (
        "a toll-free stop reply in French",
        "carrier_text",
        program(f'{TOLL_FREE}\n[program.sender.replies.fr]\nstop = "Adieu"'),
        "sender 1 (+18335550100)", "a custom stop reply", "Remove replies.stop",
    ),
    (
        "a toll-free stop reply where the service answers",
        "carrier_text",
        program(f'{TOLL_FREE}\nanswers = "service"\nreplies.stop = "Bye"'),
        "sender 1 (+18335550100)", "a custom stop reply", "Remove replies.stop",
    ),
    (
        "a start reply for toll-free numbers only",
        "carrier_text",
        program(TOLL_FREE, rest='replies.start = "Hi"'),
        'program "Contoso", replies', "a custom start reply", "Remove replies.start",
    ),
    (
        "a start reply for toll-free numbers that the service answers",
        "carrier_text",
        program(f'{TOLL_FREE}\nanswers = "service"', rest='replies.start = "Hi"'),
        'program "Contoso", replies', "a custom start reply", "Remove replies.start",
    ),
    (
        "two programs, one sender",
        "claimed_twice",
        program(TOLL_FREE) + program(TOLL_FREE, name="Fabrikam"),
        'program "Fabrikam", sender 1 (+18335550100)', 'claimed by program "Contoso"', "remove one",
    ),
    (
        "two programs, one sender with and without plus",
        "claimed_twice",
        program(LONG_CODE) + program(LONG_CODE.replace("+", ""), name="Fabrikam"),
        'program "Fabrikam", sender 1 (14255550100)', 'claimed by program "Contoso"', "remove one",
    ),
    (
        "two programs, one sender in another case",
        "claimed_twice",
        program(SENDER_ID) + program(SENDER_ID.replace("Contoso", "CONTOSO"), name="Fabrikam"),
        'program "Fabrikam", sender 1 (CONTOSO)', 'claimed by program "Contoso"', "remove one",
    ),
    (
        "one program, one sender twice",
        "claimed_twice",
        program(SHORT_CODE, SHORT_CODE),
        "sender 2 (12345)", "sender 1 (12345)", "remove one",
    ),
    (
        "three programs, one sender",
        "claimed_twice",
        "".join(program(SHORT_CODE, name=name) for name in ("Contoso", "Fabrikam", "Woodgrove")),
        'program "Woodgrove", sender 1 (12345)', 'claimed by program "Contoso"', "remove one",
    ),
    (
        "a trial number by its type",
        "trial_number",
        program(TOLL_FREE.replace("toll_free", "trial")),
        "sender 1 (+18335550100)", "trial phone number", "Get a number with SMS",
    ),
    (
        "a trial number by its field",
        "trial_number",
        program(f"{TOLL_FREE}\ntrial = true"),
        "sender 1 (+18335550100)", "trial phone number", "Get a number with SMS",
    ),
    (
        "an unknown field",
        "field",
        program(f'{SHORT_CODE}\nlanguage = "en"'),
        "sender 1 (12345), program.sender.language", "no such field", "correct its spelling",
    ),
    (
        "an unknown field of a program",
        "field",
        program(rest="color = 1"),
        'program "Contoso", program.color', "no such field", "correct its spelling",
    ),
    (
        "an unknown table",
        "field",
        "[[programs]]\nname = 1",
        "programs", "no such field", "correct its spelling",
    ),
    (
        "no number",
        "field",
        program('type = "long_code"'),
        'program "Contoso", sender 1 (no number), program.sender.number', "is missing", "Add it",
    ),
    (
        "no list",
        "field",
        '[[program]]\nname = "Contoso"',
        'program "Contoso", program.list', "is missing", "Add it",
    ),
    (
        "no name",
        "field",
        '[[program]]\nlist = "contoso"',
        'program "1", program.name', "is missing", "Add it",
    ),
    (
        "a number without quotes",
        "field",
        program(SHORT_CODE.replace('"12345"', "12345")),
        "sender 1 (12345), program.sender.number", "no text", "Write it in quotes",
    ),
    (
        "country UK",
        "country",
        program(SHORT_CODE.replace("US", "UK")),
        "sender 1 (12345)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "country UK of a sender ID",
        "country",
        program(f'{SENDER_ID}\ncountry = "UK"'),
        "sender 1 (Contoso)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "a country in words",
        "country",
        program(SHORT_CODE.replace("US", "Canada")),
        "sender 1 (12345)", 'no country "Canada"', "ISO 3166",
    ),
    (
        "ACS manages in Britain",
        "managed_by",
        program(PLATFORM.replace("US", "GB")),
        "sender 1 (12345)", "the platform does not manage", "US short codes only",
    ),
    (
        "ACS manages in Canada",
        "managed_by",
        program(PLATFORM.replace("US", "CA")),
        "sender 1 (12345)", "the platform does not manage", "US short codes only",
    ),
    (
        "ACS manages a long code",
        "managed_by",
        program(f'{LONG_CODE}\nmanaged_by = "platform"'),
        "sender 1 (+14255550100)", "the platform does not manage", "US short codes only",
    ),
    (
        "ACS manages a sender ID",
        "managed_by",
        program(f'{SENDER_ID}\nmanaged_by = "platform"'),
        "sender 1 (Contoso)", "the platform does not manage", "US short codes only",
    ),
    (
        "ACS manages a toll-free number",
        "managed_by",
        program(f'{TOLL_FREE}\nmanaged_by = "platform"'),
        "sender 1 (+18335550100)", "the platform does not manage", "Remove managed_by",
    ),
    (
        "a carrier manages a short code",
        "managed_by",
        program(f'{SHORT_CODE}\nmanaged_by = "carrier"'),
        "sender 1 (12345)", "the carrier does not manage", "carrier for toll-free numbers",
    ),
    (
        "ACS manages and the service answers",
        "answers",
        program(f'{PLATFORM}\nanswers = "service"'),
        "sender 1 (12345)", "answers is set", "Remove answers",
    ),
    (
        "an unknown type",
        "field",
        program(SHORT_CODE.replace("short_code", "shortcode")),
        "sender 1 (12345), program.sender.type", "'short_code'", "docs/programs.md",
    ),
    (
        "an unknown manager",
        "field",
        program(f'{SHORT_CODE}\nmanaged_by = "acs"'),
        "sender 1 (12345), program.sender.managed_by", "'platform'", "docs/programs.md",
    ),
    (
        "an unknown reply",
        "field",
        program(SHORT_CODE, rest='replies.unstop = "Hi"'),
        'program "Contoso", program.replies.unstop', "no such field", "correct its spelling",
    ),
    (
        "an unknown reply of a language",
        "field",
        program(SHORT_CODE, rest='replies.fr.unstop = "Salut"'),
        'program "Contoso", program.replies.fr.unstop', "no such field", "correct its spelling",
    ),
    (
        "a language in words",
        "field",
        program(SHORT_CODE, rest='replies.french.stop = "Adieu"'),
        'program "Contoso", program.replies.french', "no such field", "correct its spelling",
    ),
    (
        "an empty reply",
        "field",
        program(SHORT_CODE, rest='replies.stop = " "'),
        'program "Contoso", program.replies.stop', "is empty", "Write a text",
    ),
    (
        "replies that are no table",
        "field",
        program(SHORT_CODE, rest='replies = "Hi"'),
        'program "Contoso", program.replies', "not a table", "Write it as a table",
    ),
    (
        "a list with a colon",
        "field",
        program(SHORT_CODE).replace('list = "contoso"', 'list = "sender:12345"'),
        'program "Contoso", program.list', "not a list's name", "lower-case letters",
    ),
    (
        "one bracket too few",
        "field",
        '[program]\nname = "Contoso"',
        "program", "not a list of tables", "two brackets",
    ),
    (
        "a field of another type",
        "misplaced_field",
        program(f"{SHORT_CODE}\nverified = true"),
        "sender 1 (12345)", "verified says nothing", 'it belongs to type = "toll_free"',
    ),
    (
        "a way to opt out of a number that takes STOP",
        "misplaced_field",
        program(f'{LONG_CODE}\nopt_out_by = "call us"'),
        "sender 1 (+14255550100)", "opt_out_by says nothing", 'it belongs to type = "alphanumeric"',
    ),
    (
        "a registration in the UK",
        "country",
        program(f'{SENDER_ID}\nregistered_in = ["UK"]'),
        "sender 1 (Contoso)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "a registration without brackets",
        "field",
        program(f'{SENDER_ID}\nregistered_in = "GB"'),
        "sender 1 (Contoso), program.sender.registered_in", "not a list", 'as ["GB"]',
    ),
    (
        "a policy for a country without senders",
        "probable_country",
        program(SHORT_CODE, rest='probable.GB.policy = "review"'),
        'program "Contoso", probable.GB', "no sender of this program is in GB", "remove the table",
    ),
    (
        "an unknown policy",
        "field",
        program(SHORT_CODE, rest='probable.US.policy = "maybe"'),
        'program "Contoso", program.probable.US.policy', "'suppress'", "docs/programs.md",
    ),
    *(
        (
            f"the shortener {host}",
            "url_shortener",
            program(SHORT_CODE, rest=f'replies.help = "Contoso: {host}/x9 or call 0800 800 8000"'),
            'program "Contoso", program.replies.help', f"{host} is a public URL", "the address itself",
        )
        for host in SHORTENERS
    ),
    (
        "a shortener in a sender's own French text",
        "url_shortener",
        program(f'{SHORT_CODE}\nreplies.fr.help = "Contoso : https://www.Bit.ly."'),
        "sender 1 (12345), program.sender.replies.fr.help", "bit.ly is a public", "the address itself",
    ),
    (
        "a shortener as the way to opt out",
        "url_shortener",
        program(f'{SENDER_ID}\nopt_out_by = "tinyurl.com/bye"'),
        "sender 1 (Contoso)", "tinyurl.com is a public URL", "the address itself",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "rule", "text", "entry", "problem", "remedy"),
    REFUSED,
    ids=[row[0] for row in REFUSED],
)
def test_what_is_refused(
    situation: str, rule: str, text: str, entry: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    """The message names the file, the entry, what is wrong, what to do, the rule and its source."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    finding = str(caught.value).splitlines()[-1]
    assert finding.startswith(f"{tmp_path / 'programs.toml'}: ")
    assert entry in finding
    assert problem in finding
    assert remedy in finding
    assert finding.endswith(f"[{rule}: {guidance.rules()[rule].source}]")


def test_a_missing_file(tmp_path: Path) -> None:
    """The message names the file and the setting that names it."""
    with pytest.raises(ConfigurationError, match=r"none\.toml.*Set OPTOUT_PROGRAMS"):
        Directory.load(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"[[program\n", b'name = "\xe9"'], ids=["syntax", "encoding"])
def test_a_file_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    """The message says where the file stops being TOML."""
    path = tmp_path / "programs.toml"
    path.write_bytes(content)
    with pytest.raises(
        ConfigurationError, match=r"programs\.toml: not valid TOML: .+ (line|position) "
    ):
        Directory.load(path)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (
            program(SHORT_CODE.replace("12345", "+12345"), TOLL_FREE.replace("833", "425"), LONG_CODE)
            + program(LONG_CODE, name="Fabrikam"),
            ["sender 1 (+12345)", "sender 2 (+14255550100)", 'program "Fabrikam", sender 1'],
        ),
        (
            program(f"{TOLL_FREE}\nreplies = {{stop = 'a', start = 'b', fr = {{stop = 'c'}}}}"),
            ["Remove replies.stop", "Remove replies.start"],
        ),
        (
            program('type = "long_code"', f"{SHORT_CODE}\ncolor = 1", rest='replies.unstop = "Hi"'),
            ["replies.unstop", "sender 1 (no number)", "sender 2 (12345)"],
        ),
    ],
    ids=["senders", "replies", "fields"],
)
def test_findings_together(text: str, entries: list[str], tmp_path: Path) -> None:
    """Everything that is wrong is said at once, a line each."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(entries)
    for line, entry in zip(lines, entries, strict=True):
        assert entry in line


def documented_models() -> list[type[BaseModel]]:
    """The models of the program file's tables."""
    return [
        model
        for model in vars(schema).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields
    ]


@pytest.mark.parametrize("model", documented_models(), ids=lambda model: model.__name__)
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    """docs/programs.md names each field that a file can have."""
    for name in model.model_fields:
        # Not fields of the file: where the tables of other languages and countries are kept.
        if name not in ("languages", "countries"):
            assert f"`{name}`" in DOCUMENT


def test_every_choice_is_documented() -> None:
    """docs/programs.md names each value that a field can have."""
    parties = Party.CARRIER, Party.PLATFORM, Party.SERVICE, Party.NOBODY
    for choice in (*NumberType, *parties, *ProbablePolicy):
        assert f"`{choice}`" in DOCUMENT
