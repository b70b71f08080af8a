"""Histories that have found something, made as small as they get: of rules broken on purpose, of what
is mended, and of what is known and not mended yet (known.py)."""

from dataclasses import replace

import pytest

from tests.simulate.broken import broken
from tests.simulate.choices import Value
from tests.simulate.known import strictly
from tests.simulate.operations import Operation
from tests.simulate.plan import History, Outage, Plan
from tests.simulate.simulation import replay

PERSON = "+12065551000"


def said(number: int, says: str, at: int, *deliveries: int, sender: str = "12345") -> Operation:
    """A message."""
    return Operation(number, "message", PERSON, sender, says, at, deliveries)


def by_hand(number: int, says: str, at: int, *, key: bool = True) -> Operation:
    """A change of now, made a second later."""
    return Operation(number, "manual", PERSON, "12345", says, at, (at + 1_000,), "none", key=key)


def test_an_opt_in_after_a_lift() -> None:
    """It is in since then, also where the lift has left a consent that says nothing."""
    lift = Operation(1, "verdict", PERSON, "12345", "lift", 2_000, (3_000,), about=0)
    plan = Plan(
        "model", (0,), (said(0, "do not want", 0, 1_000), lift, said(2, "START", 9_000, 10_000))
    )
    assert replay(History(plan)).problem is None


def test_a_later_delivery_marks_that_it_sends() -> None:
    """The first delivery is told to wait, while the second is taken and killed; then the answer is not
    true any more. That it was not sent is nothing that the first one can say."""
    plan = Plan("model", (0, 0), (said(0, "STOP", 0, 1_000, 1_200), said(1, "START", 7_000, 8_000)))
    choices: dict[str, Value] = {
        "message 0.0.0 send fate": "429",
        "message 0.0.0 send after": 5_000,
        "message 0.1.0 process": 1,
        "message 0.1.0 send fate": "killed after",
    }
    assert replay(History(plan, choices)).problem is None
    for rule in ("unmarked_resend", "settled_over_others"):
        with broken(rule):
            assert replay(History(plan, choices)).kind == "statuses"


STOP_AND_IN = (said(0, "STOP", 0, 1_000), by_hand(1, "in sender", 10_000, key=False))


def test_a_change_whose_process_ends_before_it_is_announced() -> None:
    """Whoever made it makes another one, which changes nothing: the queue remembers the first."""
    plan = Plan("model", (0,), STOP_AND_IN)
    choices = {"manual 1.0.0 update fate": "killed after"}
    assert replay(History(plan, choices)).problem is None
    with broken("nothing_queued_ahead"):
        assert replay(History(plan, choices)).kind == "announcements"


@pytest.mark.xfail(strict=True, reason="the queue is away, and then the process ends")
def test_a_change_that_the_queue_has_not_heard_of() -> None:
    """It is announced all the same, when its caller makes it again."""
    choices = {"manual 1.0.0 put fate": "lost before", "manual 1.0.0 update fate": "killed after"}
    with strictly():
        assert replay(History(Plan("model", (0,), STOP_AND_IN), choices)).problem is None


def test_an_answer_that_is_still_due_when_acs_is_back() -> None:
    """It is sent: there are 100 seconds left."""
    away = (Outage("acs", 0, 200_000),)
    plan = Plan("model", (0,), (said(0, "HELP", 0, 1_000),), roughness="calm", away=away)
    assert replay(History(plan)).problem is None


@pytest.mark.xfail(strict=True, reason="what is not read does not show who took the number")
def test_a_change_that_was_only_tried_is_not_counted() -> None:
    """In tables: its number went to a message that asks for nothing, and it has another id now."""
    change = by_hand(0, "out everything", 0, key=False)
    plan = Plan("tables", (0,), (change, said(1, "START", 0, 5_000, sender="contoso")))
    with strictly():
        outcome = replay(History(plan, {"manual 0.0.0 POST index fate": "lost after"}))
    assert outcome.problem is None


@pytest.mark.xfail(strict=True, reason="what is not read does not show who took the number")
def test_a_message_under_the_id_of_another_is_counted_once() -> None:
    """In tables: the first of two messages of one id failed after the index named it; the second took
    its id and its number, so that it is recorded as another one."""
    stop = replace(said(0, "STOP", 0, 60_000, 2_000), sender="55555")
    other = Operation(1, "message", PERSON, "12345", "hello", 0, (1_000,), about=0)
    choices: dict[str, Value] = {
        "message 1.0.0 POST index fate": "lost before",
        "message 0.1.0 POST recipients fate": "lost before",
    }
    with strictly():
        assert replay(History(Plan("tables", (0,), (stop, other)), choices)).problem is None
