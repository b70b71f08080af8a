"""OptoutClient against the running app, and against whatever else may be at its address."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from optout_client import FeedGone, OptoutClient, OptoutUnavailable, UnknownSender, aio

from .support import WHO, App, People, national

PERSON, OTHER = "+14255550123", "+14255550124"
QUICK: dict[str, Any] = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 1}


def test_a_check(app: App, optout: OptoutClient, people: People) -> None:
    """One result for each recipient, in the order given, duplicates included."""
    person, other = people(2)
    app.text(person, "STOP")
    asked = [other, person, national(person), "nobody", person]
    results = list(optout.check("12345", asked))
    assert [each.index for each in results] == [0, 1, 2, 3, 4]
    assert [each.suppressed for each in results] == [False, True, True, True, True]
    assert [each.recipient for each in results] == [other, person, person, "nobody", person]
    assert [each.state for each in results] == ["none", "out", "out", None, "out"]
    stopped, unread = results[1], results[3]
    assert (stopped.keyword, stopped.source, stopped.blocked_by) == ("STOP", "message", "service")
    assert stopped.since is not None
    assert abs(datetime.now(timezone.utc) - stopped.since) < timedelta(minutes=1)
    assert stopped.explanation == f"opted out since {stopped.since:%Y-%m-%d %H:%M} UTC by STOP"
    assert unread.error
    assert unread.explanation == unread.error


def test_a_check_of_one(optout: OptoutClient, people: People) -> None:
    """A number by itself is one recipient, not twelve characters."""
    (person,) = people(1)
    (only,) = optout.check("12345", person)
    assert (only.recipient, only.suppressed) == (person, False)


def test_only_those_who_may_not_be_texted(app: App, optout: OptoutClient, people: People) -> None:
    """The others are left out, and each is where it was asked about."""
    person, other = people(2)
    app.text(person, "STOP")
    results = list(optout.check("12345", [other, person, other, "x"], only_suppressed=True))
    assert [(each.index, each.recipient) for each in results] == [(1, person), (3, "x")]


def test_pages(app: App, optout: OptoutClient) -> None:
    """Any number of recipients, which are read as their results are taken."""
    app.text("+14250020500", "STOP")
    taken = 0

    def recipients() -> Iterator[str]:
        nonlocal taken
        for number in range(25_000):
            taken += 1
            yield f"+1425{number:07}"

    results = optout.check("12345", recipients())
    assert taken == 0
    assert next(results).index == 0
    assert taken == 10_000
    rest = list(results)
    assert [each.index for each in rest] == list(range(1, 25_000))
    assert [each.index for each in rest if each.suppressed] == [20_500]


def test_a_sender_that_no_program_names(optout: OptoutClient, people: People) -> None:
    """It is not answered, with those that may have been meant; unless the caller says that it may be."""
    (person,) = people(1)
    with pytest.raises(UnknownSender) as problem:
        list(optout.check("12346", person))
    assert "12345" in problem.value.nearest
    (only,) = optout.check("12346", person, allow_unconfigured=True)
    assert not only.suppressed


def test_a_change(app: App, optout: OptoutClient, people: People) -> None:
    """Out and in by hand, with what holds then."""
    (person,) = people(1)
    out = optout.opt_out(person, sender="12345", **WHO)
    assert (out.recipient, out.suppressed, out.effect) == (person, True, "opted_out")
    assert optout.opt_in(national(person), list_name="contoso-alerts", **WHO).effect == "opted_in"
    everything = optout.opt_out(person, everything=True, **WHO)
    assert everything.effect in ("opted_out", "confirmed")
    assert [entry["kind"] for entry in app.history(person)] == ["manual"] * 3


def test_a_change_is_made_once(app: App, optout: OptoutClient, people: People) -> None:
    """The same key is the same change; each call by itself is another one."""
    (person,) = people(1)
    first = optout.opt_in(person, sender="12345", idempotency_key="a", **WHO)
    app.text(person, "STOP")
    again = optout.opt_in(person, sender="12345", idempotency_key="a", **WHO)
    assert (first.repeated, again.repeated, again.suppressed) == (False, True, True)
    with pytest.raises(HttpResponseError, match="Idempotency-Key") as problem:
        optout.opt_in(person, sender="12345", idempotency_key="a", reason="other", actor="pat")
    assert problem.value.status_code == 422
    optout.opt_out(person, sender="12345", **WHO)
    optout.opt_out(person, sender="12345", **WHO)
    assert len(app.history(person)) == 4


def test_when_a_person_asked(app: App, optout: OptoutClient, people: People) -> None:
    """The time that is given, in any zone; one without a zone is the caller's mistake."""
    (person,) = people(1)
    at = datetime(2026, 5, 31, 9, tzinfo=timezone(timedelta(hours=2)))
    optout.opt_out(person, sender="12345", at=at, **WHO)
    assert app.history(person)[0]["at"] == "2026-05-31T07:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        optout.opt_out(person, sender="12345", at=datetime(2026, 5, 31, 9), **WHO)  # noqa: DTZ001


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "nobody", "sender": "12345"},
        {"recipient": PERSON},
        {"recipient": PERSON, "sender": "12345", "everything": True},
    ],
    ids=["no number", "of nothing", "of two things"],
)
def test_a_change_that_cannot_be(optout: OptoutClient, change: dict[str, Any]) -> None:
    """400, with what to change."""
    with pytest.raises(HttpResponseError) as problem:
        optout.opt_out(**change, **WHO)
    assert problem.value.status_code == 400


def test_the_standing_of_one(app: App, optout: OptoutClient, people: People) -> None:
    """The document, and what it says of a sender and its lists."""
    person, other = people(2)
    app.text(person, "STOP")
    standing = optout.standing(person)
    assert standing.recipient == person
    assert standing.lists["contoso-alerts"].suppressed
    (sender,) = (each for each in optout.senders() if each.sender == "12345")
    suppression = standing.suppression(sender.sender, sender.lists)
    assert suppression is not None
    assert suppression.blocked_by == "service"
    assert optout.standing(other).suppression(sender.sender, sender.lists) is None


def test_the_changes(app: App, optout: OptoutClient, people: People) -> None:
    """Everybody, in pages; then whose standing has changed; what is no place is the caller's mistake."""
    who = people(5)
    for person in who:
        app.text(person, "STOP")
    pages = list(optout.changes(limit=2))
    assert {item.recipient for page in pages for item in page.items} >= set(who)
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    place = pages[-1].next
    app.text(who[3], "START")
    (page,) = optout.changes(since=place)
    assert [item.recipient for item in page.items] == [who[3]]
    with pytest.raises(HttpResponseError) as problem:
        list(optout.changes(since="bm93aGVyZQ"))
    assert problem.value.status_code == 400


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Something at an address that is not the app: the address, and the bodies that it got."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            answer(self)

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def saying(status: int, body: Any, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


FREE = {"index": 0, "recipient": PERSON, "suppressed": False}
WHOLE = {"sender": "12345", "list": "l", "configured": True, "results": [FREE]}
NOT_THE_LIST = {
    "401": saying(401, b""),
    "403": saying(403, b"<html>stopped</html>"),
    "404 of the host": saying(404, b""),
    "404 of another type": saying(404, {"type": "about:blank", "detail": "no such list"}),
    "429": saying(429, {"detail": "slower"}),
    "500": saying(500, b""),
    "503": saying(503, {"type": "about:blank", "detail": "the store cannot answer now"}),
    "a redirect": saying(302, b"", Location="/login"),
    "202": saying(202, WHOLE),
    "a log-in page": saying(200, b"<html>Sign in</html>"),
    "nothing": saying(200, b""),
    "no object": saying(200, [WHOLE]),
    "no results": saying(200, {**WHOLE, "results": []}),
    "too many": saying(200, {**WHOLE, "results": [FREE, {**FREE, "index": 1}]}),
    "about another one": saying(200, {**WHOLE, "results": [{**FREE, "index": 1}]}),
    "no verdict": saying(200, {**WHOLE, "results": [{"index": 0, "recipient": PERSON}]}),
    "a verdict of null": saying(200, {**WHOLE, "results": [{**FREE, "suppressed": None}]}),
    "a verdict of 0": saying(200, {**WHOLE, "results": [{**FREE, "suppressed": 0}]}),
    "not configured": saying(200, {**WHOLE, "configured": False}),
    "an old version": saying(200, {"results": [FREE]}),
    "half of it": saying(200, json.dumps(WHOLE).encode()[:-5]),
    "a cut": lambda handler: handler.connection.close(),
}


@pytest.mark.parametrize("answer", NOT_THE_LIST.values(), ids=NOT_THE_LIST)
def test_what_is_no_answer(answer: Answer) -> None:
    """It never says that somebody may be texted."""
    with answering(answer) as (address, _), OptoutClient(address, **QUICK) as optout:
        with pytest.raises(OptoutUnavailable) as problem:
            list(optout.check("12345", PERSON))
    assert isinstance(problem.value, ServiceRequestError)
    assert PERSON not in str(problem.value)


@pytest.mark.parametrize("answer", NOT_THE_LIST.values(), ids=NOT_THE_LIST)
def test_what_is_no_answer_to_a_task(answer: Answer) -> None:
    """The same with await."""

    async def ask(address: str) -> None:
        async with aio.OptoutClient(address, **QUICK) as optout:
            with pytest.raises(OptoutUnavailable):
                _ = [each async for each in optout.check("12345", PERSON)]

    with answering(answer) as (address, _):
        asyncio.run(ask(address))


def test_nobody_is_there() -> None:
    """No connection, and nobody by that name."""
    for address in ("http://127.0.0.1:9", "https://nowhere.invalid"):
        with OptoutClient(address, **QUICK) as optout, pytest.raises(OptoutUnavailable):
            list(optout.check("12345", PERSON))


def test_an_app_that_hangs() -> None:
    """It is not waited for longer than was said."""
    hangs = threading.Event()
    with answering(lambda handler: hangs.wait(20) and None) as (address, _):
        with OptoutClient(address, **QUICK) as optout, pytest.raises(OptoutUnavailable):
            list(optout.check("12345", PERSON))
        hangs.set()


def test_a_place_that_is_gone() -> None:
    """410, with the reason: the copy has to be forgotten."""
    gone = saying(410, {"type": "about:blank", "detail": "the store was restored"})
    with answering(gone) as (address, _), OptoutClient(address, **QUICK) as optout:
        with pytest.raises(FeedGone, match="was restored") as problem:
            list(optout.changes(since="x"))
    assert problem.value.status_code == 410


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_it_tries_again(status: int) -> None:
    """A POST, too: a check reads. After Retry-After, where the answer says so."""
    answers = iter([saying(status, b"", Retry_After="1"), saying(200, WHOLE)])
    with answering(lambda handler: next(answers)(handler)) as (address, got):
        with OptoutClient(address) as optout:
            began = datetime.now(timezone.utc)
            (only,) = optout.check("12345", PERSON)
    assert not only.suppressed
    assert len(got) == 2
    assert datetime.now(timezone.utc) - began >= timedelta(seconds=0.9)


def test_a_change_that_is_tried_again_has_one_key() -> None:
    """A retry of the pipeline's is the same change."""
    keys: list[str] = []
    told = {"recipient": PERSON, "suppressed": False, "effect": "opted_in"}
    answers = iter([saying(503, b"", Retry_After="0"), saying(200, told), saying(200, told)])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        keys.append(handler.headers["Idempotency-Key"])
        next(answers)(handler)

    with answering(answer) as (address, _), OptoutClient(address) as optout:
        optout.opt_in(PERSON, sender="12345", **WHO)
        optout.opt_in(PERSON, sender="12345", **WHO)
    assert keys[0] == keys[1] != keys[2]


def test_the_key_goes_into_a_header() -> None:
    """The one that the Functions host reads, and no other place."""
    seen: list[tuple[str, str | None]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.path, handler.headers["x-functions-key"]))
        saying(200, WHOLE)(handler)

    with answering(answer) as (address, _), OptoutClient(address, AzureKeyCredential("key")) as optout:
        list(optout.check("12345", PERSON))
    assert seen == [("/api/suppressions/check", "key")]


@pytest.mark.parametrize(
    "address",
    ["http://contoso.example", "contoso.example", "https://contoso.example/api", "ftp://contoso.example", ""],
)
def test_an_address_that_is_none(address: str) -> None:
    """A key must not travel in the clear, and an address has no path."""
    with pytest.raises(ValueError, match="https"):
        OptoutClient(address)


def test_no_number_is_logged(app: App, caplog: pytest.LogCaptureFixture, people: People) -> None:
    """At no level, whatever azure-core and the transport write."""
    (person,) = people(1)
    caplog.set_level(logging.DEBUG)
    with OptoutClient(app.endpoint, AzureKeyCredential("key"), logging_enable=True) as optout:
        list(optout.check("12345", person))
        optout.opt_out(person, sender="12345", **WHO)
        optout.standing(person)
        (page,) = optout.changes()
        list(optout.changes(since=page.next))
    assert caplog.records
    assert person[2:] not in caplog.text


def test_tasks(app: App, people: People) -> None:
    """Everything with await."""
    person, other = people(2)
    app.text(person, "STOP")

    async def ask() -> None:
        async with aio.OptoutClient(app.endpoint) as optout:
            assert [each.suppressed async for each in optout.check("12345", [other, person])] == [False, True]
            assert (await optout.standing(person)).lists["contoso-alerts"].suppressed
            assert (await optout.opt_out(other, sender="12345", **WHO)).effect == "opted_out"
            assert (await optout.opt_in(other, sender="12345", **WHO)).effect == "opted_in"
            told = {item.recipient async for page in optout.changes() for item in page.items}
            assert told >= {person, other}
            assert "12345" in [each.sender for each in await optout.senders()]
            with pytest.raises(UnknownSender):
                _ = [each async for each in optout.check("12346", person)]

    asyncio.run(ask())
