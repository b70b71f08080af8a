"""A program file's senders and their replies: what can be right, and a bad file for what cannot."""

from pathlib import Path

import pytest

from tests.support.program_files import (
    LONG_CODE,
    SENDER_ID,
    SHORT_CODE,
    TOLL_FREE,
    Mistake,
    assert_refused,
    load,
    program,
)

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
    ("a long code of Canada", program(LONG_CODE.replace("425", "604"))),
    ("a long code of Puerto Rico", program(LONG_CODE.replace("425", "787"))),
    ("a mobile number of Denmark", program('number = "+45 20 12 34 56"\ntype = "long_code"')),
    (
        "a number whose country is stated",
        program('number = "+447700900123"\ntype = "long_code"\ncountry = "GB"'),
    ),
    ("a freephone number of Britain", program('number = "+448001234567"\ntype = "long_code"')),
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

REFUSED: list[Mistake] = [
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
        "sender 1 (12345)", "reaches only one country", 'Add country = "AU", "BE", ',
    ),
    (
        "a short code of a country without rules",
        "no_rules",
        program(SHORT_CODE.replace("US", "AT")),
        "sender 1 (12345)", "no rules for type short_code in AT", "there are rules for AU, BE, CA, CH",
    ),
    (
        "a toll-free number without a toll-free prefix",
        "number_type",
        program(TOLL_FREE.replace("833", "425")),
        "sender 1 (+14255550100)", "not have a toll-free prefix", 'write type = "long_code"',
    ),
    (
        "a British toll-free number",
        "number_type",
        program(TOLL_FREE.replace("+18335550100", "+448001111111")),
        "sender 1 (+448001111111)", "not have a toll-free prefix of the United", "Correct the number",
    ),
    (
        "a toll-free number in Britain",
        "toll_free_reach",
        program(f'{TOLL_FREE}\ncountry = "GB"'),
        "sender 1 (+18335550100)", "toll-free number of the United Kingdom",
        'write country = "CA", "PR" or "US"',
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
        "sender 1 (833-CONTOSO)", "not a phone number", "with a plus sign and country code",
    ),
    (
        "a number of Britain said to be in the US",
        "long_code_country",
        program(LONG_CODE.replace("+14255550100", "+447400123456") + '\ncountry = "US"'),
        "sender 1 (+447400123456)", "not a number of the United States", "Correct the number",
    ),
    (
        "a number that shows no country",
        "long_code_country",
        program(LONG_CODE.replace("+14255550100", "+447700900123")),
        "sender 1 (+447700900123)", "does not show which country", "Write the country",
    ),
    (
        "a number of the US said to be in Canada",
        "long_code_country",
        program(f'{LONG_CODE}\ncountry = "CA"'),
        "sender 1 (+14255550100)", "this is not a number of Canada", "Correct the number",
    ),
    (
        "a Danish short code of five digits",
        "short_code_form",
        program(SHORT_CODE.replace("US", "DK")),
        "sender 1 (12345)", "a short code of Denmark has 4 digits", "Copy it",
    ),
    (
        "a number in place of a sender ID that is none",
        "replaced_by_form",
        program(f'{SENDER_ID}\nreplaced_by = ["07400 123456"]'),
        "sender 1 (Contoso)", "07400 123456 in replaced_by", "+447400123456",
    ),
    (
        "a short code in place of a sender ID",
        "replaced_by_form",
        program(f'{SENDER_ID}\nreplaced_by = ["12345"]'),
        "sender 1 (Contoso)", "12345 in replaced_by", "+447400123456",
    ),
    (
        "a number in place of a sender ID that has an entry of its own",
        "claimed_twice",
        program(LONG_CODE, f'{SENDER_ID}\nreplaced_by = ["+1 425 555 0100"]'),
        "sender 2 (Contoso)", "also claimed by program", "remove one of the two",
    ),
    (
        "a number in place of two sender IDs",
        "claimed_twice",
        program(
            f'{SENDER_ID}\nreplaced_by = ["+447400123456"]',
            f'{SENDER_ID.replace("Contoso", "Fabrikam")}\nreplaced_by = ["+447400123456"]',
        ),
        "sender 2 (Fabrikam)", "also claimed by program", "remove one of the two",
    ),
    (
        "a number in place of a number",
        "misplaced_field",
        program(f'{LONG_CODE}\nreplaced_by = ["+447400123456"]'),
        "sender 1 (+14255550100)", "replaced_by does not apply", 'type = "alphanumeric"',
    ),
    (
        "one short code of one country twice",
        "claimed_twice",
        program(SHORT_CODE) + program(SHORT_CODE, name="Fabrikam"),
        'program "Fabrikam", sender 1 (12345)', "also claimed by program", "remove one of the two",
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
        "sender 1 (12345)", "not a phone number", "with a plus sign and country code",
    ),
    (
        "a sender ID of twelve characters",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "ContosoAlert")),
        "sender 1 (ContosoAlert)", "12 characters; at most 11 are allowed", "Shorten it",
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
        "sender 1 (Contoso!)", "characters other than", "Write the sender ID that is enabled",
    ),
    (
        "a sender ID with an accent",
        "sender_id_form",
        program(SENDER_ID.replace("Contoso", "Contosó")),
        "sender 1 (Contosó)", "characters other than", "Write the sender ID that is enabled",
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
        "ACS manages in Britain",
        "managed_by",
        program(PLATFORM.replace("US", "GB")),
        "sender 1 (12345)", "the platform does not manage",
        "only the service manages opt-out for a short code of the United Kingdom",
    ),
    (
        "ACS manages in Canada",
        "managed_by",
        program(PLATFORM.replace("US", "CA")),
        "sender 1 (12345)", "the platform does not manage", "only the service",
    ),
    (
        "ACS manages a long code",
        "managed_by",
        program(f'{LONG_CODE}\nmanaged_by = "platform"'),
        "sender 1 (+14255550100)", "the platform does not manage", "only the service",
    ),
    (
        "ACS manages a sender ID",
        "managed_by",
        program(f'{SENDER_ID}\nmanaged_by = "platform"'),
        "sender 1 (Contoso)", "the platform does not manage",
        "only the service manages opt-out for a sender ID",
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
        "sender 1 (12345)", "the carrier does not manage", "only the platform or the service",
    ),
    (
        "ACS manages and the service answers",
        "answers",
        program(f'{PLATFORM}\nanswers = "service"'),
        "sender 1 (12345)", "answers is set", "Remove answers",
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


@pytest.mark.parametrize("mistake", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(mistake: Mistake, tmp_path: Path) -> None:
    """The message names the file, the entry, what is wrong, what to do, the rule and its source."""
    assert_refused(tmp_path, mistake)
