"""Changes by hand that are repeated: with a key of the caller's own they are one change."""

from collections.abc import Iterator
from typing import Any

import pytest

from optout.azure.topic import NotAnnounced, Notice
from optout.decisions.target import Target
from optout.domain.enums import Effect
from optout.domain.errors import KeyReused, NotFinished
from optout.operations.changes import Changed
from tests.support.client import WHO, Answer, App
from tests.support.payloads import sms_event
from tests.support.places import Place
from tests.support.world import CONTOSO, PERSON, World

OTHER = "+14255550124"
SENDER = {"sender": "12345"}


def change(app: App, operation: str, key: str, recipient: str = PERSON, **body: object) -> Answer:
    body = {**WHO, "recipient": recipient, **(body or SENDER)}
    return app.post(f"suppressions/{operation}", body, {"Idempotency-Key": key})


def test_a_retry_undoes_no_stop(app: App) -> None:
    """An opt-in whose answer was lost, a STOP, the same call again: the person stays out, and the
    answer says so."""
    first = change(app, "opt-in", '"one"').json()
    assert (first["suppressed"], first["effect"], first.get("repeated")) == (False, "opted_in", None)
    app.deliver(sms_event("STOP"))
    again = change(app, "opt-in", '"one"').json()
    assert (again["suppressed"], again["effect"], again["repeated"]) == (True, "opted_in", True)
    assert (again["keyword"], again["source"]) == ("STOP", "message")
    assert app.check("12345", PERSON)["suppressed"] is True
    assert [item["kind"] for item in app.history(PERSON)] == ["message", "manual"]


def test_another_key_is_another_change(app: App) -> None:
    """And so is the same key with the other operation, or of somebody else."""
    assert "repeated" not in change(app, "opt-out", "one").json()
    assert "repeated" not in change(app, "opt-out", "two").json()
    assert "repeated" not in change(app, "opt-in", "one").json()
    assert "repeated" not in change(app, "opt-out", "one", OTHER).json()
    assert len(app.history(PERSON)) == 3


@pytest.mark.parametrize("spelling", ['"one"', "one", ' "one" '])
def test_a_key_is_one_string(app: App, spelling: str) -> None:
    """With its quotes or, as many clients send it, without; the recipient however it is written."""
    change(app, "opt-out", '"one"')
    assert change(app, "opt-out", spelling, "1 (425) 555-0123").json()["repeated"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"list": "contoso-alerts"},
        {"everything": True},
        {"sender": "CONTOSO"},
        {**SENDER, "reason": "by letter"},
        {**SENDER, "actor": "ann"},
        {**SENDER, "at": "2026-01-31T09:00:00Z"},
    ],
    ids=str,
)
def test_another_body_under_a_key(app: App, body: dict[str, Any]) -> None:
    """422, which says what to do; nothing is recorded."""
    change(app, "opt-out", "one")
    refused = change(app, "opt-out", "one", **body)
    assert refused.status == 422
    assert refused.headers.get_content_type() == "application/problem+json"
    assert refused.json()["detail"].startswith("Idempotency-Key: this key stands for another change")
    assert len(app.history(PERSON)) == 1


def test_a_body_that_was_refused_leaves_its_key_free(app: App) -> None:
    """Nothing was recorded under it: the corrected call is the first."""
    assert change(app, "opt-out", "one", list="nothing").status == 400
    assert "repeated" not in change(app, "opt-out", "one").json()


@pytest.mark.parametrize("key", ["", '"', 'o"ne', '""', "\u00e9", "o" * 256])
def test_what_is_no_key(app: App, key: str) -> None:
    """400, and nothing is recorded: a retry could not be recognised."""
    refused = change(app, "opt-out", key)
    assert refused.status == 400
    assert refused.json()["detail"].startswith("Idempotency-Key: ")
    assert app.history(PERSON) == []


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    """A service on either store."""
    with World(place) as opened:
        yield opened


def opt_in(world: World, key: str = "one", reason: str = "phoned") -> Changed:
    target = Target(sender=CONTOSO.sender("12345"))
    return world.changes.record(target, PERSON, out=False, actor="ann", reason=reason, key=key)


def opt_out(world: World) -> Changed:
    target = Target(sender=CONTOSO.sender("12345"))
    return world.changes.record(target, PERSON, out=True, actor="ann", reason="phoned", key="one")


def test_a_change_is_found_however_old_it_is(world: World) -> None:
    """Also where more has happened since than a decision reads; another body is still noticed."""
    opt_in(world)
    for _ in range(110):
        world.clock.move(minutes=10)
        world.receive("hello")
    world.receive("STOP")
    world.clock.move(days=365)
    again = opt_in(world)
    assert (again.repeated, again.effect, again.answer.suppressed) == (True, Effect.OPTED_IN, True)
    with pytest.raises(KeyReused):
        opt_in(world, reason="wrote")
    assert len(world.history()) == 112


class Away:
    """A topic that takes nothing until it is back."""

    def __init__(self) -> None:
        self.is_back = False
        self.published: list[Notice] = []

    def publish(self, notice: Notice) -> None:
        if not self.is_back:
            raise NotAnnounced("away")
        self.published.append(notice)

    def close(self) -> None:
        pass


def test_a_retry_announces_what_the_first_call_could_not(place: Place) -> None:
    """Where no queue remembers it, the caller is asked to repeat; that makes no other change."""
    topic = Away()
    with World(place, publisher=topic) as world:
        world.queue.is_away = True
        with pytest.raises(NotFinished):
            opt_out(world)
        topic.is_back = True
        world.clock.move(seconds=5)
        world.receive("START")
        world.clock.move(seconds=5)
        assert not opt_out(world).answer.suppressed
        assert [each.data["cause"]["kind"] for each in topic.published] == ["message", "manual"]
        assert len({each.id for each in topic.published}) == 1
        assert len(world.history()) == 2
