"""The rules about the program file: each finds something, and each is in the documents."""

import re

import pytest

from optout import settings
from optout.programs import guidance
from tests import (
    test_program_advice,
    test_program_fields,
    test_program_links,
    test_program_partners,
    test_program_reach,
    test_program_senders,
)

DOCUMENT = (settings.ROOT / "docs/programs.md").read_text("utf-8")


def test_every_rule_has_a_bad_file() -> None:
    """Nothing is in the guidance that nothing finds."""
    refused = (
        *test_program_fields.REFUSED,
        *test_program_partners.REFUSED,
        *test_program_senders.REFUSED,
    )
    found = (*refused, *test_program_advice.ADVISED, *test_program_reach.FOUND)
    # One needs a store, one a day, and one is about a file with nothing in it.
    tried = {row[1] for row in found} | {"list_without_sender", "reach_unsaid", "no_programs"}
    tried |= {rule for *_, rules in test_program_links.SITUATIONS for rule in rules}
    assert tried == set(guidance.rules())


@pytest.mark.parametrize("rule", guidance.rules().values(), ids=lambda rule: rule.name)
def test_every_rule_is_documented(rule: guidance.GuidanceRule) -> None:
    """docs/programs.md has a row for each rule, with its source, among its like."""
    errors, warnings = DOCUMENT.split("### Warnings")
    row = rf"^\| `{rule.name}` \| [^|]+ \| {re.escape(rule.source)} \|$"
    assert re.search(row, errors if rule.severity == "error" else warnings, re.MULTILINE)
