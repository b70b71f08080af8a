"""The fault campaign in short: nothing is lost; and every check of its oracle can fail."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import outage
from tests.chaos.broken import BROKEN, FORMULAS
from tests.chaos.campaign import Settings, run
from tests.chaos.faults import Rates
from tests.chaos.telling import report
from tests.support.places import file_in, new_tables

SHORT = Settings(seed=1, messages=400, workers=3)
# Few people who text a lot, and much that fails: what is broken shows at once.
ROUGH = Rates(store_before=0.04, store_after=0.05, killed_inside=0.002)
SMALL = replace(SHORT, messages=120, people=2, rates=ROUGH)
# What the guard against loops would hide needs more people.
LARGER = replace(SMALL, messages=240, people=12)
# Many people of whom little is said, most of it by hand: what nobody hears of is not said again.
ENTERED = replace(SMALL, messages=60, people=24, entered=6)
# Nobody is killed, so that nobody asks the store again what is pending.
ALIVE = replace(ENTERED, rates=Rates(store_before=0.02, store_after=0.4, killed_inside=0, killed=0))
CAMPAIGNS = {
    "always_due": LARGER,
    "never_expires": LARGER,
    "unguarded": replace(SMALL, people=1),
    "unannounced_verdict": replace(ENTERED, messages=300, people=60, entered=0.3),
    "unannounced_change": ENTERED,
    "unannounced_import": replace(ENTERED, entered=10),
    "old_document": replace(ENTERED, messages=300, people=60, entered=0.3),
    "swallowed_announcement": replace(ENTERED, messages=240, people=40, entered=1),
    "nothing_handed_over": replace(ENTERED, messages=120, entered=3),
    "nothing_ahead": replace(ALIVE, entered=10),
    "forgetful_queue": replace(ENTERED, messages=120),
    "short_feed": ENTERED,
    "short_list": ENTERED,
    "liftable_block": replace(ENTERED, people=12, entered=10),
    "unaware_of_other_lists": replace(ENTERED, entered=10),
    "unaware_of_senders": ENTERED,
}
# What takes minutes.
IS_LONG = bool(os.environ.get("CHAOS_LONG"))
EACH = (*BROKEN, *FORMULAS)
AT_ONCE = ("hasty_quarantine", "unannounced_change", "short_list")
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
    "unannounced_verdict": "consumers",
    "unannounced_change": "consumers",
    "unannounced_import": "consumers",
    "version_before": "consumers",
    "old_document": "consumers",
    "swallowed_announcement": "consumers",
    "nothing_handed_over": "announcements",
    "nothing_ahead": "announcements",
    "forgetful_queue": "announcements",
    "short_feed": "consumers",
    "short_list": "agreement",
    "deaf_to_keys": "changes",
    "liftable_block": "consents",
    "greedy_lift": "verdicts",
    "one_policy": "consents",
    "unaware_of_other_lists": "consumers",
    "unaware_of_senders": "consumers",
}


def test_nothing_is_lost(tmp_path: Path) -> None:
    """Kills, storage, ACS and a topic that fail before and after acting: everything ends right all the
    same, for those who ask and for those who follow."""
    outcome = run(SHORT, file_in(tmp_path), tmp_path)
    assert not outcome.violations, report(outcome)
    injected = Counter(kind.partition(":")[0].partition(" ")[0] for kind in outcome.injected)
    assert injected.keys() == {"SIGKILL", "store", "ACS", "Event", "topic"}, report(outcome)
    ends = {"sent", "guarded", "superseded", "blocked", "expired", "unknown"}
    assert outcome.statuses.keys() >= ends, report(outcome)


def test_nothing_is_lost_in_tables(azurite: str, queues: str, tmp_path: Path) -> None:
    """The same, where storing is requests that fail before and after they are done, and what is left
    is in a queue that fails alike."""
    settings = replace(SHORT, messages=30, people=4, queue=queues)
    outcome = run(settings, new_tables(azurite), tmp_path)
    assert not outcome.violations, report(outcome)
    injected = {kind.partition(":")[0] for kind in outcome.injected}
    assert "tables" in injected, report(outcome)


def test_nothing_waits(tmp_path: Path) -> None:
    """ACS is away for an hour, and the topic refuses everything."""
    _nothing_waited(outage.play(1, file_in(tmp_path), tmp_path))


@pytest.mark.skipif(not IS_LONG, reason="takes two minutes: set CHAOS_LONG=1")
def test_nothing_waits_in_tables(azurite: str, queues: str, tmp_path: Path) -> None:
    """The same, with a queue."""
    _nothing_waited(outage.play(1, new_tables(azurite), tmp_path, queues))


def _nothing_waited(hour: outage.Hour) -> None:
    told = f"{hour}\n{report(hour.outcome)}"
    assert not hour.outcome.violations, told
    assert hour.first_failed == [], told
    assert hour.not_sent == [], told
    assert hour.announced_within == 0, told
    assert hour.announced_after >= hour.handed_over > 0, told
    assert min(hour.sent_after, hour.expired) > 0, told


@pytest.mark.parametrize("broken", EACH if IS_LONG else AT_ONCE)
def test_a_broken_rule_is_caught(broken: str, tmp_path: Path) -> None:
    """A campaign in which one rule is broken finds it, by the check that is meant for it. What takes
    luck or minutes is left to CHAOS_LONG=1; most of it the simulation finds at once."""
    settings = replace(CAMPAIGNS.get(broken, SMALL), broken=broken)
    outcome = run(settings, file_in(tmp_path), tmp_path)
    kinds = {violation.partition(":")[0] for violation in outcome.violations}
    assert CAUGHT_BY[broken] in kinds, report(outcome)
