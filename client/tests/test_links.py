"""Links, sync and aio: made by the running app, and in each message of a guarded send on the official SDK."""

import asyncio
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.communication.sms import SmsClient
from azure.communication.sms.aio import SmsClient as AsyncSmsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from optout_client import (
    GuardedSmsClient,
    GuardedSmsResult,
    Link,
    OptoutClient,
    OptoutUnavailable,
    UnknownSender,
    aio,
)
from optout_client.testing import FakeOptout, FakeSms

from .support import App, People, national

Send = Callable[..., list[GuardedSmsResult]]
QUICK: dict[str, Any] = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 5}
SENDER, TEXT = "12345", "Contoso: sale until Sunday."


@pytest.fixture(params=["sync", "aio"])
def clients(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def send(clients: str, app: App, acs: Any) -> Send:
    """A guarded `send`, with clients that do not try again."""

    def sync(*arguments: Any, **options: Any) -> list[GuardedSmsResult]:
        sms = SmsClient(acs.endpoint, AzureKeyCredential(acs.key), **QUICK)
        with GuardedSmsClient(sms, OptoutClient(app.endpoint, **QUICK)) as guarded:
            return guarded.send(*arguments, **options)

    async def with_await(*arguments: Any, **options: Any) -> list[GuardedSmsResult]:
        sms = AsyncSmsClient(acs.endpoint, AzureKeyCredential(acs.key), **QUICK)
        async with aio.GuardedSmsClient(sms, aio.OptoutClient(app.endpoint, **QUICK)) as guarded:
            return await guarded.send(*arguments, **options)

    return sync if clients == "sync" else lambda *a, **o: asyncio.run(with_await(*a, **o))


@pytest.fixture
def links(clients: str, app: App) -> Callable[..., list[Link]]:
    """All links of a call."""

    async def with_await(*arguments: Any, **options: Any) -> list[Link]:
        async with aio.OptoutClient(app.endpoint, **QUICK) as optout:
            return [each async for each in optout.links(*arguments, **options)]

    def sync(*arguments: Any, **options: Any) -> list[Link]:
        with OptoutClient(app.endpoint, **QUICK) as optout:
            return list(optout.links(*arguments, **options))

    return sync if clients == "sync" else lambda *a, **o: asyncio.run(with_await(*a, **o))


def tap(url: str) -> int:
    """What a phone does; the status."""
    with urllib.request.urlopen(urllib.request.Request(url, b""), timeout=10) as answer:
        status: int = answer.status
        return status


def reasons(results: list[GuardedSmsResult]) -> list[str | None]:
    return [each.reason for each in results]


def test_links_in_their_order(links: Callable[..., list[Link]], people: People) -> None:
    """One for each, by the number that was read; another call gives the same; no number stands in one."""
    person, other = people(2)
    found = links(SENDER, [person, "nobody", national(other)])
    assert [each.index for each in found] == [0, 1, 2]
    assert [each.recipient for each in found] == [person, "nobody", other]
    assert (found[1].url, bool(found[1].error)) == (None, True)
    assert links(SENDER, person)[0].url == found[0].url != found[2].url
    assert person[2:] not in str(found[0].url)


def test_many_pages(links: Callable[..., list[Link]], people: People) -> None:
    """More than the app takes at once, read as they come."""
    given = people(10_001)
    found = links(SENDER, iter(given))
    assert [each.recipient for each in found] == given
    assert len({each.url for each in found}) == len(given)
    assert found[-1].index == 10_000


def test_an_unknown_sender(links: Callable[..., list[Link]]) -> None:
    with pytest.raises(UnknownSender):
        links("12346", ["+14255550123"])
    assert links("12346", ["+14255550123"], allow_unconfigured=True)[0].url


def test_a_message_has_its_recipients_link(app: App, acs: Any, send: Send, people: People) -> None:
    """Each their own; one tap, and the next message to them is never sent."""
    given = people(12)
    app.text(given[3], "STOP")
    results = send(SENDER, [*given, national(given[0]), "nobody"], TEXT, link=True, tag="sale")
    assert reasons(results) == [None] * 3 + ["opted_out"] + [None] * 9 + ["not_a_number"]
    texts = {each.recipient: each.text for each in acs.messages}
    assert set(texts) == {*given} - {given[3]}
    assert all(
        re.fullmatch(rf"{TEXT} {app.endpoint.replace('127.0.0.1', 'localhost')}/o/[\w-]+", text)
        for text in texts.values()
    )
    assert len(set(texts.values())) == 11
    assert acs.requests == 11
    assert {each.tag for each in acs.messages} == {"sale"}
    assert tap(texts[given[7]].split()[-1]) == 200
    assert reasons(send(SENDER, given[7:9], TEXT, link=True)) == ["opted_out", None]


def test_where_the_text_says_it(acs: Any, send: Send, people: People) -> None:
    """In the place of {link}, wherever that is."""
    (person,) = people(1)
    assert reasons(send(SENDER, person, "Stop: {link} - Contoso", link=True)) == [None]
    (message,) = acs.messages
    assert re.fullmatch(r"Stop: http://\S+/o/\S+ - Contoso", message.text)


def test_a_place_without_a_link(acs: Any, send: Send, people: People) -> None:
    """Nobody reads {link}."""
    with pytest.raises(ValueError, match="say link=True"):
        send(SENDER, people(2), "Stop: {link}")
    assert acs.requests == 0


@pytest.mark.parametrize("available", [True, False])
def test_without_links_nobody_is_texted(available: bool, people: People) -> None:
    """Raised before anybody is: the app has no keys, or does not answer."""
    optout, sms = FakeOptout({SENDER: ["alerts"]}), FakeSms()
    optout.available, optout.has_links = available, False
    guarded = GuardedSmsClient(sms.client(), optout.client())
    with pytest.raises(HttpResponseError if available else OptoutUnavailable):
        guarded.send(SENDER, people(3), TEXT, link=True)
    assert sms.messages == []


def test_an_app_that_cannot_read_its_key(tmp_path: Path, people: People) -> None:
    """The running app's own answer: 503, and no link."""
    with App(tmp_path / "optout.db") as app:
        (tmp_path / "link.key").mkdir()
        with OptoutClient(app.endpoint, **QUICK) as optout, pytest.raises(OptoutUnavailable):
            list(optout.links(SENDER, people(1)))


@pytest.mark.parametrize(
    ("failure", "first", "rest"),
    [
        (("status", 400), "refused", None),
        (("status", 503), "unknown", "not_sent"),
        (("drop",), "unknown", "not_sent"),
        (("accept_then_drop",), "unknown", "not_sent"),
    ],
    ids=str,
)
def test_acs_fails(
    acs: Any, loopback: ModuleType, send: Send, people: People,
    failure: tuple[Any, ...], first: str, rest: str | None,
) -> None:  # fmt: skip
    """At the third of fifteen: a request that is wrong is about its recipient alone, also the first; what
    else it is ends the sending. Nobody gets anything twice."""
    what = getattr(loopback.Failure, failure[0])(*failure[1:])
    acs.fail_with(lambda request: what if request == 3 else None)
    results = send(SENDER, people(15), TEXT, link=True)
    assert reasons(results) == [None, None, first, *[rest] * 12]
    assert all(len(texts) == 1 for texts in acs.phones.values())


def test_the_first_is_refused(acs: Any, loopback: ModuleType, send: Send, people: People) -> None:
    """One number that ACS does not take keeps nobody else from their message; one wrong key does."""
    acs.fail_next(loopback.Failure.status(400))
    assert reasons(send(SENDER, people(3), TEXT, link=True)) == ["refused", None, None]
    acs.fail_next(loopback.Failure.status(401))
    with pytest.raises(HttpResponseError):
        send(SENDER, people(3), TEXT, link=True)
    assert len(acs.messages) == 2


def test_a_stop_in_the_middle(clients: str, people: People) -> None:
    """Ten are texted after each check: whoever says STOP while the first are texted gets nothing."""
    optout, sms = FakeOptout({SENDER: ["alerts"]}), FakeSms()
    given = people(30)
    plain = sms.send

    def stopping(sender: str, to: Any, text: str) -> Any:
        optout.stop(given[15], SENDER)
        return plain(sender, to, text)

    sms.send = stopping  # type: ignore[method-assign]
    if clients == "sync":
        results = GuardedSmsClient(sms.client(), optout.client()).send(SENDER, given, TEXT, link=True)
    else:
        guarded = aio.GuardedSmsClient(sms.aio_client(), optout.aio_client())
        results = asyncio.run(guarded.send(SENDER, given, TEXT, link=True))
    assert [each.to for each in results if each.reason] == [given[15]]
    assert len({each.text for each in sms.messages}) == 29


def test_whoever_has_no_link_is_not_texted(people: People) -> None:
    """An app that leaves somebody out: the others get theirs."""
    optout, sms = FakeOptout({SENDER: ["alerts"]}), FakeSms()
    client, (person, other) = optout.client(), people(2)
    every = client.links

    def some(*arguments: Any, **options: Any) -> Iterator[Link]:
        return (each for each in every(*arguments, **options) if each.recipient != person)

    client.links = some  # type: ignore[method-assign, assignment]
    results = GuardedSmsClient(sms.client(), client).send(SENDER, [person, other], TEXT, link=True)
    assert reasons(results) == ["not_sent", None]
    assert [each.recipient for each in sms.messages] == [other]


def test_what_acs_says_of_an_opt_out(
    acs: Any, app: App, loopback: ModuleType, send: Send, people: People
) -> None:
    """It is reported here, too."""
    (person,) = people(1)
    acs.fail_next(loopback.Failure.recipient(400, "4007 Sender blocked for given recipient"))
    assert reasons(send(SENDER, person, TEXT, link=True)) == ["refused"]
    assert app.history(person)[0]["kind"] == "delivery_report"


def test_a_tap_on_the_fake() -> None:
    """As on the app: the link that a message had opts out, and another one is none."""
    optout, sms = FakeOptout({"CONTOSO": ["contoso-uk"]}), FakeSms()
    guarded = GuardedSmsClient(sms.client(), optout.client())
    guarded.send("CONTOSO", "+447700900123", TEXT, link=True)
    optout.tap(sms.messages[0].text.split()[-1])
    assert reasons(guarded.send("CONTOSO", "+447700900123", TEXT, link=True)) == ["opted_out"]
    with pytest.raises(KeyError):
        optout.tap(f"{optout.endpoint}/o/none")
