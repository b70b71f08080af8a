"""The fakes are held to the real thing: the same tests, against the running app and the loopback ACS, and
against memory."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.communication.sms import SmsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from optout_client import GuardedSmsClient, OptoutClient, OptoutUnavailable, UnknownSender, aio
from optout_client.testing import FakeOptout, FakeSms

from .support import WHO, App

PERSON, OTHER = "+14255550123", "+14255550124"
SHORT_CODE, LIST = "12345", "contoso-alerts"


@dataclass
class Either:
    """The app, or what stands in for it."""

    optout: OptoutClient
    sms: Any
    stop: Callable[[str], None]
    start: Callable[[str], None]
    go_away: Callable[[], None]
    refuse: Callable[[str], None]
    texts: Callable[[], list[tuple[str, str, str]]]


@pytest.fixture(params=["real", "fake"])
def either(request: pytest.FixtureRequest, tmp_path: Path, loopback: ModuleType) -> Iterator[Either]:
    if request.param == "fake":
        fake, sms = FakeOptout({SHORT_CODE: [LIST]}), FakeSms()

        def go_away() -> None:
            fake.available = False

        yield Either(
            fake.client(),
            sms.client(),
            lambda recipient: fake.stop(recipient, SHORT_CODE),
            lambda recipient: fake.start(recipient, SHORT_CODE),
            go_away,
            lambda recipient: sms.refuse(recipient, "4007"),
            lambda: [(each.sender, each.recipient, each.text) for each in sms.messages],
        )
        return
    with App(tmp_path / "optout.db") as app, loopback.LoopbackAcs() as acs:
        quick: dict[str, Any] = {"retry_total": 0, "connection_timeout": 1}
        yield Either(
            OptoutClient(app.endpoint, **quick),
            SmsClient(acs.endpoint, AzureKeyCredential(acs.key), **quick),
            lambda recipient: app.text(recipient, "STOP"),
            lambda recipient: app.text(recipient, "START"),
            app.kill,
            lambda recipient: acs.fail_next(loopback.Failure.recipient(400, "4007")),
            lambda: [(each.sender, each.recipient, each.text) for each in acs.messages],
        )


def suppressed(either: Either, *recipients: str) -> list[tuple[bool, str | None]]:
    results = either.optout.check(SHORT_CODE, recipients)
    return [(each.suppressed, each.state) for each in results]


def test_out_and_in(either: Either) -> None:
    """What people text, as a check tells it."""
    assert suppressed(either, PERSON) == [(False, "none")]
    either.stop(PERSON)
    assert suppressed(either, OTHER, PERSON) == [(False, "none"), (True, "out")]
    either.start(PERSON)
    assert suppressed(either, PERSON) == [(False, "in")]


def test_what_is_no_number(either: Either) -> None:
    """It counts as suppressed, with an error."""
    (result,) = either.optout.check(SHORT_CODE, ["nobody"])
    assert result.suppressed
    assert result.error
    assert result.recipient == "nobody"


def test_changes_by_hand(either: Either) -> None:
    """Of a sender, of its list, of everything; and the other way round."""
    effects = [
        either.optout.opt_out(PERSON, sender=SHORT_CODE, **WHO),
        either.optout.opt_out(PERSON, sender=SHORT_CODE, **WHO),
        either.optout.opt_in(PERSON, sender=SHORT_CODE, **WHO),
        either.optout.opt_out(PERSON, list_name=LIST, **WHO),
        either.optout.opt_in(PERSON, list_name=LIST, **WHO),
        either.optout.opt_out(PERSON, everything=True, **WHO),
    ]
    assert [each.effect for each in effects] == [
        "opted_out", "confirmed", "opted_in", "opted_out", "opted_in", "opted_out",
    ]  # fmt: skip
    assert [each.suppressed for each in effects] == [True, True, False, True, False, True]
    assert suppressed(either, PERSON) == [(True, "out")]


def test_the_same_change(either: Either) -> None:
    """A key is one change, and says so."""
    either.optout.opt_in(PERSON, sender=SHORT_CODE, idempotency_key="a", **WHO)
    either.stop(PERSON)
    again = either.optout.opt_in(PERSON, sender=SHORT_CODE, idempotency_key="a", **WHO)
    assert (again.repeated, again.suppressed) == (True, True)
    with pytest.raises(HttpResponseError) as problem:
        either.optout.opt_in(PERSON, sender=SHORT_CODE, idempotency_key="a", reason="b", actor="c")
    assert problem.value.status_code == 422


@pytest.mark.parametrize("about", [{}, {"sender": SHORT_CODE, "everything": True}], ids=str)
def test_a_change_of_what(either: Either, about: dict[str, Any]) -> None:
    """Of exactly one thing."""
    with pytest.raises(HttpResponseError) as problem:
        either.optout.opt_out(PERSON, **about, **WHO)
    assert problem.value.status_code == 400


def test_an_unknown_sender(either: Either) -> None:
    """With those that may have been meant."""
    with pytest.raises(UnknownSender) as problem:
        list(either.optout.check("12346", PERSON))
    assert SHORT_CODE in problem.value.nearest
    with pytest.raises(UnknownSender):
        either.optout.opt_out(PERSON, sender="12346", **WHO)
    assert not next(either.optout.check("12346", PERSON, allow_unconfigured=True)).suppressed


def test_a_list_that_is_away(either: Either) -> None:
    """It says nothing about anybody."""
    either.go_away()
    with pytest.raises(OptoutUnavailable):
        list(either.optout.check(SHORT_CODE, PERSON))


def test_the_feed(either: Either) -> None:
    """Everybody, in pages, and then whoever has changed; what a standing says is what a check says."""
    for number in range(5):
        either.stop(f"+1425555010{number}")
    pages = list(either.optout.changes(limit=2))
    assert {item.recipient for page in pages for item in page.items} >= {"+14255550100", "+14255550104"}
    either.start("+14255550103")
    (page,) = either.optout.changes(since=pages[-1].next)
    (item,) = page.items
    assert item.recipient == "+14255550103"
    assert item == either.optout.standing("+14255550103")
    assert item.suppression(SHORT_CODE, [LIST]) is None
    with pytest.raises(HttpResponseError) as problem:
        list(either.optout.changes(since="nowhere"))
    assert problem.value.status_code == 400


def test_a_guarded_send(either: Either) -> None:
    """Whoever said no gets nothing, and neither does whoever ACS says has."""
    either.stop(PERSON)
    guarded = GuardedSmsClient(either.sms, either.optout)
    first = guarded.send(SHORT_CODE, [PERSON, OTHER], "Hi")
    assert [each.reason for each in first] == ["opted_out", None]
    assert either.texts() == [(SHORT_CODE, OTHER, "Hi")]
    either.refuse(OTHER)
    (refused,) = guarded.send(SHORT_CODE, [OTHER], "Hi")
    assert (refused.reason, refused.http_status_code) == ("refused", 400)
    (suppressed_now,) = guarded.send(SHORT_CODE, [OTHER], "Hi")
    assert suppressed_now.reason == "opted_out"
    assert len(either.texts()) == 1


def test_with_await() -> None:
    """The fakes have clients for asyncio, too, over the same memory."""
    fake, sms = FakeOptout({SHORT_CODE: [LIST]}), FakeSms()
    fake.stop(PERSON, SHORT_CODE)

    async def send() -> list[str | None]:
        guarded = aio.GuardedSmsClient(sms.aio_client(), fake.aio_client())
        return [each.reason for each in await guarded.send(SHORT_CODE, [PERSON, OTHER], "Hi")]

    assert asyncio.run(send()) == ["opted_out", None]
    assert [each.recipient for each in sms.messages] == [OTHER]


def test_a_failure_of_acs() -> None:
    """`fail_next` raises once, and nobody gets anything."""
    fake, sms = FakeOptout({SHORT_CODE: [LIST]}), FakeSms()
    sms.fail_next(HttpResponseError(message="throttled"))
    with pytest.raises(HttpResponseError):
        sms.client().send(SHORT_CODE, PERSON, "Hi")
    assert sms.messages == []
    guarded = GuardedSmsClient(sms.client(), fake.client())
    assert guarded.send(SHORT_CODE, PERSON, "Hi")[0].successful
