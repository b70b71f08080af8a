"""The fault campaign in short: nothing is lost; and every check of its oracle can fail."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.broken import BROKEN
from tests.chaos.campaign import Settings, run
from tests.chaos.faults import Rates
from tests.chaos.telling import report
from tests.support.places import file_in, new_tables

SHORT = Settings(seed=1, messages=600, workers=3)
# Few people who text a lot, and much that fails: what is broken shows at once.
ROUGH = Rates(store_before=0.04, store_after=0.05, killed_inside=0.002)
SMALL = replace(SHORT, messages=120, people=2, rates=ROUGH)
# What the guard against loops would hide needs more people.
LARGER = replace(SMALL, messages=240, people=12)
CAMPAIGNS = {
    "always_due": LARGER,
    "never_expires": LARGER,
    "unguarded": replace(SMALL, people=1),
}
CAUGHT_BY = {
    "order_of_arrival": "consents",
    "unconditional_record": "history",
    "fresh_send_ids": "phones",
    "always_due": "stale",
    "lost_settlement": "statuses",
    "swallowed_failure": "history",
    "never_expires": "too late",
    "unguarded": "too many",
    "thawed_text": "refusals",
    "hasty_quarantine": "quarantine",
}


def test_nothing_is_lost(tmp_path: Path) -> None:
    """Kills, storage and ACS that fail before and after acting: everything ends right all the same."""
    outcome = run(SHORT, file_in(tmp_path), tmp_path)
    assert not outcome.violations, report(outcome)
    injected = Counter(kind.partition(":")[0].partition(" ")[0] for kind in outcome.injected)
    assert injected.keys() == {"SIGKILL", "store", "ACS", "Event"}, report(outcome)
    ends = {"sent", "guarded", "superseded", "blocked", "expired", "unknown"}
    assert outcome.statuses.keys() >= ends, report(outcome)


def test_nothing_is_lost_in_tables(azurite: str, tmp_path: Path) -> None:
    """The same, where storing is requests that fail before and after they are done."""
    outcome = run(replace(SHORT, messages=240, people=8), new_tables(azurite), tmp_path)
    assert not outcome.violations, report(outcome)
    assert any(kind.startswith("tables: ") for kind in outcome.injected), report(outcome)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_caught(broken: str, tmp_path: Path) -> None:
    """A campaign in which one rule is broken finds it, by the check that is meant for it."""
    settings = replace(CAMPAIGNS.get(broken, SMALL), broken=broken)
    outcome = run(settings, file_in(tmp_path), tmp_path)
    kinds = {violation.partition(":")[0] for violation in outcome.violations}
    assert CAUGHT_BY[broken] in kinds, report(outcome)
