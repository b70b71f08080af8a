"""GuardedSmsClient on the official SDK, sync and aio, between the running app and the loopback ACS."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest
from azure.communication.sms import SmsClient, SmsSendResult
from azure.communication.sms.aio import SmsClient as AsyncSmsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError

from optout_client import (
    GuardedSmsClient,
    GuardedSmsResult,
    OptoutClient,
    OptoutUnavailable,
    UnknownSender,
    aio,
)

from .support import App, People, national

Send = Callable[..., list[GuardedSmsResult]]
QUICK: dict[str, Any] = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 2}


@pytest.fixture(params=["sync", "aio"])
def send(request: pytest.FixtureRequest, app: App, acs: Any) -> Send:
    """A guarded `send`, with clients that do not try again."""

    def sync(*arguments: Any, **options: Any) -> list[GuardedSmsResult]:
        sms = SmsClient(acs.endpoint, AzureKeyCredential(acs.key), **QUICK)
        with GuardedSmsClient(sms, OptoutClient(app.endpoint, **QUICK)) as guarded:
            return guarded.send(*arguments, **options)

    async def with_await(*arguments: Any, **options: Any) -> list[GuardedSmsResult]:
        sms = AsyncSmsClient(acs.endpoint, AzureKeyCredential(acs.key), **QUICK)
        async with aio.GuardedSmsClient(sms, aio.OptoutClient(app.endpoint, **QUICK)) as guarded:
            return await guarded.send(*arguments, **options)

    if request.param == "sync":
        return sync
    return lambda *arguments, **options: asyncio.run(with_await(*arguments, **options))


def reasons(results: Sequence[GuardedSmsResult]) -> list[str | None]:
    return [each.reason for each in results]


def test_those_who_may_be_texted(app: App, acs: Any, send: Send, people: People) -> None:
    """They get it, by the number that was checked; the others never reach ACS; each has a result."""
    person, other = people(2)
    app.text(person, "STOP")
    given = [person, national(other), "nobody", "+14255550125"]
    results = send("12345", given, "Your table is ready.", enable_delivery_report=True, tag="tables")
    assert [each.to for each in results] == given
    assert [each.successful for each in results] == [False, True, False, True]
    assert [each.suppressed for each in results] == [True, False, True, False]
    assert reasons(results) == ["opted_out", None, "not_a_number", None]
    assert "STOP" in str(results[0].error_message)
    assert all(isinstance(each, SmsSendResult) for each in results)
    assert {each.recipient for each in acs.messages} == {other, "+14255550125"}
    assert {each.id for each in acs.messages} == {results[1].message_id, results[3].message_id}
    (message, _) = acs.messages
    assert (message.sender, message.text, message.tag) == ("12345", "Your table is ready.", "tables")
    assert message.delivery_report


def test_one_recipient(acs: Any, send: Send, people: People) -> None:
    """By itself, as SmsClient takes it."""
    (person,) = people(1)
    (result,) = send("12345", person, "Hi")
    assert (result.to, result.successful, result.http_status_code) == (person, True, 202)
    assert len(acs.messages) == 1


def test_nobody(acs: Any, send: Send) -> None:
    """No recipients, no request."""
    assert send("12345", [], "Hi") == []
    assert acs.requests == 0


def test_everybody_is_out(app: App, acs: Any, send: Send, people: People) -> None:
    """ACS is not asked at all."""
    (person,) = people(1)
    app.text(person, "STOP")
    (result,) = send("12345", [person], "Hi")
    assert result.suppressed
    assert acs.requests == 0


def test_named_twice(app: App, acs: Any, send: Send, people: People) -> None:
    """In two spellings, and in two chunks: one text, and a result for each naming."""
    person, other = people(2)
    app.text(other, "STOP")
    given = [person, *people(150), national(person), person, other, other]
    results = send("12345", given, "Hi")
    assert [each.to for each in results] == given
    assert len(acs.phones[person]) == 1
    assert len({results[index].message_id for index in (0, 151, 152)}) == 1
    assert reasons(results[-2:]) == ["opted_out"] * 2


def test_chunks(acs: Any, send: Send, people: People) -> None:
    """As many as ACS takes at once, each once."""
    given = people(250)
    results = send("12345", given, "Hi")
    assert acs.requests == 3
    assert sorted(each.recipient for each in acs.messages) == given
    assert all(each.successful for each in results)


def test_a_sender_that_no_program_names(acs: Any, send: Send, people: People) -> None:
    """Raised; nobody is texted."""
    with pytest.raises(UnknownSender):
        send("12346", people(150), "Hi")
    assert acs.requests == 0


def test_a_list_that_does_not_answer(app: App, acs: Any, send: Send, people: People) -> None:
    """Raised; nobody is texted."""
    app.kill()
    with pytest.raises(OptoutUnavailable):
        send("12345", people(150), "Hi")
    assert acs.requests == 0


def test_a_list_that_stops_answering(
    app: App, acs: Any, loopback: ModuleType, send: Send, people: People
) -> None:
    """After the first chunk nothing is raised: who was texted is told, and all others may be tried again."""

    def kill(request: int) -> Any:
        if request == 2:
            app.kill()
        return None

    acs.fail_with(kill)
    given = people(350)
    results = send("12345", given, "Hi")
    assert [each.to for each in results] == given
    assert reasons(results) == [None] * 200 + ["not_sent"] * 150
    assert sorted(each.recipient for each in acs.messages) == given[:200]
    assert "the list" in str(results[-1].error_message)
    app.start()
    again = [each.to for each in results if each.reason == "not_sent"]
    assert reasons(send("12345", again, "Hi")) == [None] * 150
    assert sorted(each.recipient for each in acs.messages) == given


@pytest.mark.parametrize(
    ("failure", "of_the_chunk", "of_the_rest", "texted"),
    [
        (("status", 400), "refused", None, 200),
        (("status", 401), "not_sent", "not_sent", 100),
        (("status", 429), "not_sent", "not_sent", 100),
        (("status", 503), "unknown", "not_sent", 100),
        (("drop",), "unknown", "not_sent", 100),
        (("hang", 5), "unknown", "not_sent", 100),
        (("accept_then_drop",), "unknown", "not_sent", 200),
        (("accept_then_status", 500), "unknown", "not_sent", 200),
    ],
    ids=str,
)
def test_acs_fails_in_the_middle(
    acs: Any,
    loopback: ModuleType,
    send: Send,
    failure: tuple[Any, ...],
    of_the_chunk: str,
    of_the_rest: str | None,
    texted: int,
    people: People,
) -> None:
    """Nothing is raised: each result says whether its recipient may be tried again."""
    what = getattr(loopback.Failure, failure[0])(*failure[1:])
    acs.fail_with(lambda request: what if request == 2 else None)
    given = people(300)
    results = send("12345", given, "Hi")
    assert [each.to for each in results] == given
    assert reasons(results) == [None] * 100 + [of_the_chunk] * 100 + [of_the_rest] * 100
    assert len(acs.messages) == texted
    assert all(len(texts) == 1 for texts in acs.phones.values())


@pytest.mark.parametrize("status", [400, 401, 429])
def test_acs_refuses_the_first(
    acs: Any, loopback: ModuleType, send: Send, status: int, people: People
) -> None:
    """As SmsClient raises it: nobody was texted."""
    acs.fail_with(lambda request: loopback.Failure.status(status))
    with pytest.raises(HttpResponseError) as problem:
        send("12345", people(300), "Hi")
    assert problem.value.status_code == status
    assert acs.messages == []


@pytest.mark.parametrize("failure", [("accept_then_drop",), ("accept_then_status", 500)], ids=str)
def test_the_first_may_have_been_sent(
    acs: Any, loopback: ModuleType, send: Send, failure: tuple[Any, ...], people: People
) -> None:
    """Not raised: whoever calls again would text a hundred people twice."""
    what = getattr(loopback.Failure, failure[0])(*failure[1:])
    acs.fail_with(lambda request: what if request == 1 else None)
    results = send("12345", people(200), "Hi")
    assert reasons(results) == ["unknown"] * 100 + ["not_sent"] * 100
    assert len(acs.messages) == 100


def test_a_mistake_of_the_callers(acs: Any, app: App, people: People) -> None:
    """What is no failure of ACS's is raised as it is."""
    (person,) = people(1)

    class Broken:
        def send(self, from_: str, to: list[str], message: str, **options: Any) -> list[Any]:
            raise TypeError("tagg")

    with OptoutClient(app.endpoint) as optout, pytest.raises(TypeError, match="tagg"):
        GuardedSmsClient(Broken(), optout).send("12345", person, "Hi")


def test_an_answer_that_lacks_somebody(app: App, people: People) -> None:
    """Of whom ACS says nothing, nothing is known."""
    person, other = people(2)

    class Forgetful:
        def send(self, from_: str, to: list[str], message: str, **options: Any) -> list[SmsSendResult]:
            return [SmsSendResult(to=to[0], message_id="1", http_status_code=202, successful=True)]

    with OptoutClient(app.endpoint) as optout:
        results = GuardedSmsClient(Forgetful(), optout).send("12345", [person, other], "Hi")
    assert reasons(results) == [None, "unknown"]


def test_an_answer_in_another_order(app: App, people: People) -> None:
    """Who is meant is what the answer says, with its plus sign or without."""
    first, second = people(2)

    class Turned:
        def send(self, from_: str, to: list[str], message: str, **options: Any) -> list[SmsSendResult]:
            return [
                SmsSendResult(to=each[1:], message_id=each, http_status_code=202, successful=True)
                for each in reversed(to)
            ]

    with OptoutClient(app.endpoint) as optout:
        results = GuardedSmsClient(Turned(), optout).send("12345", [first, second], "Hi")
    assert [(each.to, each.message_id) for each in results] == [(first, first), (second, second)]


def test_what_acs_says_of_an_opt_out(
    app: App, acs: Any, loopback: ModuleType, send: Send, people: People
) -> None:
    """It is reported, and the list learns: the next message to them is never sent."""
    (person,) = people(1)
    acs.fail_next(loopback.Failure.recipient(400, "4007 Sender blocked for given recipient"))
    (result,) = send("12345", [person], "Hi")
    assert (result.reason, result.http_status_code) == ("refused", 400)
    assert app.history(person)[0]["kind"] == "delivery_report"
    (result,) = send("12345", [person], "Hi")
    assert result.reason == "opted_out"
    assert acs.messages == []


def test_what_acs_says_of_a_number(
    app: App, acs: Any, loopback: ModuleType, send: Send, people: People
) -> None:
    """Another refusal is a result, and nothing that the list should know."""
    (person,) = people(1)
    acs.fail_next(loopback.Failure.recipient(400, "invalid phone number"))
    (result,) = send("12345", [person], "Hi")
    assert (result.reason, result.error_message) == ("refused", "invalid phone number")
    assert app.history(person) == []


def test_a_report_that_the_list_does_not_take(
    app: App, acs: Any, loopback: ModuleType, send: Send, caplog: pytest.LogCaptureFixture, people: People
) -> None:
    """The result is the same; the log says so, and names nobody."""
    (person,) = people(1)
    caplog.set_level(logging.DEBUG)

    def kill(request: int) -> Any:
        app.kill()
        return loopback.Failure.recipient(400, "4007")

    acs.fail_with(kill)
    (result,) = send("12345", [person], "Hi")
    assert result.reason == "refused"
    assert "not reported" in caplog.text
    assert person[2:] not in caplog.text


def test_between_two_chunks(app: App, acs: Any, send: Send, people: People) -> None:
    """A STOP while the first chunk is sent counts for the second."""
    given = people(200)

    def stop(request: int) -> None:
        if request == 1:
            app.text(given[150], "STOP")

    acs.fail_with(stop)
    results = send("12345", given, "Hi")
    assert [index for index, each in enumerate(results) if each.reason == "opted_out"] == [150]
    assert acs.phones[given[150]] == []


def test_an_error_is_one_of_azure(app: App) -> None:
    """Callers that catch AzureError catch all of ours."""
    assert issubclass(OptoutUnavailable, AzureError)
    assert issubclass(UnknownSender, AzureError)
