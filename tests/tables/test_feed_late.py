"""The feed in tables, and commits that come late: whoever reads meanwhile misses nobody."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.domain.errors import StoreAway
from optout.operations.standing import document
from optout.settings import ROOT
from optout.store.tables import client, feed, scan
from optout.store.tables.store import TablesStore
from tests.support.places import Place, new_tables
from tests.support.reader import PEOPLE, Reader, current, say
from tests.support.wire import INDEX, READ, WRITE, Killed, Wire
from tests.support.world import PERSON, Clock

FUNCTION = timedelta(seconds=60)


def test_behind() -> None:
    """A reader stays behind by as long as a function may run, and five seconds."""
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    runs = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert runs == FUNCTION
    assert runs + timedelta(seconds=5) == feed.BEHIND


@dataclass
class Writer:
    """A process that stands between the row of the index and its commit, until it goes on or ends."""

    place: Place
    person: str
    begun: datetime
    reached: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    ends: bool = False

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        assert self.reached.wait(20)

    def work(self) -> None:
        with closing(self.place.open(Wire({3: self.stand}))) as store, suppress(Killed):
            say(store, self.person)

    def stand(self, wire: Wire, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        assert wire.requests[:2] == [READ, INDEX]
        self.reached.set()
        self.goes_on.wait(20)
        if self.ends:
            raise Killed
        return wire.pass_on(request)

    def finish(self, *, ends: bool = False) -> None:
        self.ends = ends
        self.goes_on.set()
        self.thread.join()


PERSONS = st.sampled_from(PEOPLE[:4])
LATE = st.lists(
    st.one_of(
        st.tuples(st.just("say"), PERSONS),
        st.tuples(st.just("begin"), PERSONS),
        st.tuples(st.just("commit"), st.integers(0, 3)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("read"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.sampled_from([0.3, 1, 5, 30, 59])),
        st.just(("fork", 0)),
    ),
    max_size=20,
)


# A page just before a commit that is as late as can be.
AT_THE_LAST_MOMENT: list[tuple[str, Any]] = [
    ("read", 3), ("begin", PEOPLE[1]), ("wait", 59), ("wait", 1), ("read", 3), ("commit", 0),
]  # fmt: skip
# A change of somebody of whom nothing else is known, which was named and never made.
NEVER_MADE: list[tuple[str, Any]] = [("read", 3), ("begin", PEOPLE[1]), ("wait", 1), ("end", 0)]


@settings(max_examples=20, suppress_health_check=list(HealthCheck), print_blob=True)
@given(actions=LATE)
@example(actions=AT_THE_LAST_MOMENT)
@example(actions=NEVER_MADE)
def test_commits_that_come_late(
    azurite: str,
    account_time: Clock,
    monkeypatch: pytest.MonkeyPatch,
    actions: list[tuple[str, Any]],
) -> None:
    """However long a function stands between naming a change and making it, or whether it ends there:
    nobody who reads meanwhile misses it."""
    monkeypatch.setattr(scan, "PAGE_ROWS", 4)
    tables = new_tables(azurite)
    writers: list[Writer] = []
    with closing(tables.open()) as store:
        say(store, PEOPLE[0])
        readers = [Reader()]
        try:
            for what, how in actions:
                match what:
                    case "say":
                        say(store, how)
                    case "begin":
                        writers.append(Writer(tables, how, account_time.now))
                    case "commit" | "end" if how < len(writers):
                        writers.pop(how).finish(ends=what == "end")
                    case "read":
                        readers[0].read(store, how)
                    case "fork":
                        readers.append(readers[0].copy())
                    case "wait":
                        until = account_time.now + timedelta(seconds=how)
                        for each in [each for each in writers if each.begun + FUNCTION < until]:
                            account_time.now = max(account_time.now, each.begun + FUNCTION)
                            writers.remove(each)
                            each.finish()
                        account_time.now = max(account_time.now, until)
        finally:
            for each in writers:
                each.finish()
        for reader in readers:
            reader.catch_up(store, account_time, 2)
            assert reader.held == current(store)


class Lost(Wire):
    """A process that is put to sleep in its first request of a kind: after a row of the index is
    written, and before a transaction arrives."""

    def __init__(self, kind: str, sleep: Callable[[], None]) -> None:
        super().__init__()
        self.kind, self.sleep = kind, sleep

    def pass_on(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        is_it = self.requests[-1] == self.kind and self.requests.count(self.kind) == 1
        if not is_it:
            return super().pass_on(request)
        if self.kind == WRITE:
            self.sleep()
            raise ServiceRequestError("the connection is gone")
        answer = super().pass_on(request)
        self.sleep()
        return answer


@pytest.mark.parametrize("kind", [INDEX, WRITE])
def test_a_process_that_was_put_to_sleep(
    azurite: str, account_time: Clock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """In the midst of a write, for longer than a reader stays behind: it names the change once more, or
    fails and comes again; it never makes one that readers have passed."""
    place, asleep, moment = new_tables(azurite), [0.0], time.time

    def sleep() -> None:
        asleep[0] += 90
        account_time.move(seconds=90)
        reader.catch_up(other, account_time)

    monkeypatch.setattr(time, "time", lambda: moment() + asleep[0])
    lost = Lost(kind, sleep)
    connected = client.connect(None, azurite, [lost])
    account = client.Account(
        connected._client,
        connected._transport,
        connected._threads,
        connected._clock,
        timer=lambda: asleep[0],
    )
    reader = Reader()
    with closing(place.open()) as other, closing(TablesStore(account, place.prefix)) as store:
        say(other, PEOPLE[0])
        reader.read(other)
        with suppress(StoreAway):
            say(store, PERSON)
        written = len(other.timeline(PERSON))
        assert written == (1 if kind == INDEX else 0)
        assert lost.requests.count(WRITE) == 1
        assert lost.requests.count(INDEX) == (2 if kind == INDEX else 1)
        reader.catch_up(other, account_time)
        assert reader.held == {
            item.recipient: document(item, other.generation())
            for item in map(other.snapshot, [PEOPLE[0], PERSON])
            if item.consents
        }
