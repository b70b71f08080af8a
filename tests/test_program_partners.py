"""Numbers of a Messaging Connect partner in the program file: what is fine, and what is refused."""

from pathlib import Path

import pytest

from tests.support.program_files import (
    SENDER_ID,
    SHORT_CODE,
    TOLL_FREE,
    Mistake,
    assert_refused,
    load,
    program,
)

# Mobile numbers that regulators or the numbering library give as examples.
PARTNERS_NUMBERS = {
    "DK": "+4520123456", "GB": "+447700900123", "FR": "+33639980123", "BR": "+5511961234567",
    "CA": "+16045550123", "PR": "+17875550123", "AU": "+61491570006", "US": "+14255550100",
}  # fmt: skip


def partners_number(number: str, country: str) -> str:
    return f'number = "{number}"\ntype = "long_code"\ncountry = "{country}"\nvia = "messaging_connect"'


OF_PARTNER = partners_number("+4520123456", "DK")

FINE: list[tuple[str, str]] = [
    *(
        (f"a number of a partner in {country}", program(partners_number(number, country)))
        for country, number in PARTNERS_NUMBERS.items()
    ),
    ("a partner that is named", program(f'{OF_PARTNER}\npartner = "infobip"')),
    ("a partner that answers", program(f'{OF_PARTNER}\nanswers = "nobody"')),
    ("a partner that does not answer", program(f'{OF_PARTNER}\nanswers = "service"')),
    ("a sender ID of a partner", program(f'{SENDER_ID}\nvia = "messaging_connect"')),
]


@pytest.mark.parametrize("text", [text for _, text in FINE], ids=[name for name, _ in FINE])
def test_what_is_allowed(text: str, tmp_path: Path) -> None:
    """What can be right is loaded."""
    assert len(load(tmp_path, text).senders) == text.count("[[program.sender]]")


REFUSED: list[Mistake] = [
    *(
        (
            f"{manager} manages a partner's number",
            "via",
            program(f'{OF_PARTNER}\nmanaged_by = "{manager}"'),
            "sender 1 (+4520123456)", "says already who manages opt-out here: the platform",
            "Remove managed_by",
        )
        for manager in ("service", "platform", "carrier")
    ),
    (
        "a short code of a partner",
        "via",
        program(f'{SHORT_CODE}\nvia = "messaging_connect"'),
        "sender 1 (12345)", "only long codes and sender IDs", "Remove via",
    ),
    (
        "a toll-free number of a partner",
        "via",
        program(f'{TOLL_FREE}\nvia = "messaging_connect"'),
        "sender 1 (+18335550100)", "only long codes and sender IDs", "Remove via",
    ),
    (
        "a partner's number of another country",
        "long_code_country",
        program(OF_PARTNER.replace("DK", "SE")),
        "sender 1 (+4520123456)", "not a number of Sweden", "Correct the number or the country",
    ),
    (
        "a partner of a number of ACS's own",
        "misplaced_field",
        program(f'{SHORT_CODE}\npartner = "infobip"'),
        "sender 1 (12345)", "partner does not apply", 'add via = "messaging_connect"',
    ),
    (
        "a partner without a name",
        "field",
        program(f'{OF_PARTNER}\npartner = ""'),
        "sender 1 (+4520123456), program.sender.partner", "not a partner's name", "as ACS takes it",
    ),
    (
        "another way to a number",
        "field",
        program(OF_PARTNER.replace("messaging_connect", "infobip")),
        "sender 1 (+4520123456), program.sender.via", 'there is no "infobip"', "docs/programs.md",
    ),
]  # fmt: skip


@pytest.mark.parametrize("mistake", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(mistake: Mistake, tmp_path: Path) -> None:
    """The message names the file, the entry, what is wrong, what to do, the rule and its source."""
    assert_refused(tmp_path, mistake)
