"""The client's copy of the list: how long a snapshot takes, how large its file is, what a check costs,
and how soon a STOP is seen. Run by itself with a count: python -m bench.replica 2000000"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from azure.core.rest import HttpRequest

from bench import stores
from bench.measure import Figure, at_most, rate, seconds
from optout import settings
from tests.support.client import Served, environment, serving
from tests.support.payloads import sms_event

sys.path.insert(0, str(settings.ROOT / "client/src"))

from optout_client import OptoutClient, Replica

PEOPLE, SERVED_PEOPLE, STOPS = 2_000_000, 50_000, 20
PAGE = 1_000
# A step that shares no factor with any count of people: everybody once, in no order.
STEP = 1_000_003
SENDER = {"sender": "12345", "program": "Contoso", "lists": ["contoso-alerts"], "country": "US"}
AT = "2026-06-{:02}T{:02}:{:02}:{:02}.{:06}Z"


def figures() -> Iterator[Figure]:
    """The large copy in a process of its own, whose memory nothing else has touched."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.replica", str(PEOPLE)],
        cwd=settings.ROOT, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    for line in told.stdout.splitlines():
        yield Figure(*json.loads(line))
    yield from over_the_app()


class Feed(OptoutClient):
    """The feed of so many people in this process, each out of a sender and its list; its answers were
    text, as the app's. `seconds` is what making them has taken."""

    def __init__(self, people: int) -> None:
        self.endpoint = "https://bench.invalid"
        self.seconds = 0.0
        self._people = people

    def _send(self, request: HttpRequest, **_: Any) -> Any:
        started = time.perf_counter()
        told = json.dumps(self._answer(request.url))
        self.seconds += time.perf_counter() - started
        return json.loads(told)

    def _answer(self, address: str) -> dict[str, Any]:
        if "/senders" in address:
            return {"items": [SENDER]}
        first = int(address.partition("since=")[2].partition("&")[0] or 0)
        end = min(first + PAGE, self._people)
        return {
            "items": [document(place * STEP % self._people) for place in range(first, end)],
            "next": str(end),
            "more": end < self._people,
        }


def document(index: int) -> dict[str, Any]:
    at = AT.format(index % 28 + 1, index % 24, index % 60, index % 59, index % 1_000_000)
    said = {"suppressed": True, "since": at, "at": at}
    return {
        "recipient": stores.listed(index),
        "version": 90_000_000_000_000 + index,
        "lists": {"contoso-alerts": said},
        "other_lists": {"suppressed": False, "since": None, "at": None},
        "senders": {"12345": {**said, "blocked_by": "service"}},
    }


def large(people: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        path, feed = Path(folder) / "copy.db", Feed(people)
        replica = Replica(feed, path, max_age=3_600)
        took = seconds(replica.refresh) - feed.seconds
        yield Figure(f"a copy of {people:,} people", f"{took:.0f} s, {people / took:,.0f} a second")
        yield Figure("– the most memory, with the feed's", peak_memory())
        replica.close()
        yield Figure("– its file", f"{path.stat().st_size / 2**20:,.0f} MB")
        with Replica(feed, path, max_age=3_600) as opened:
            yield Figure("– a refresh when nothing happened", micros(seconds(opened.refresh)))
            yield from checks(opened, people)


def checks(replica: Replica, people: int) -> Iterator[Figure]:
    """Nobody is asked about twice: no page of the file is in memory because of an earlier check."""
    for share, name in ((0.02, "2 % listed"), (1.0, "all listed")):
        asked = recipients(people, 200_000, share)
        for size, count in ((1, 20_000), (100, 100_000), (10_000, 100_000)):
            yield Figure(f"– checks of {size:,}, {name}", speed(replica, asked[:count], size))


def speed(replica: Replica, asked: Sequence[str], size: int) -> str:
    def check() -> None:
        for first in range(0, len(asked), size):
            for _ in replica.check("12345", asked[first : first + size]):
                pass

    found = rate(len(asked), check)
    return f"{found:,.0f} a second, {1e6 / found:.1f} µs"


def recipients(people: int, count: int, share: float) -> list[str]:
    chance = random.Random(1)
    places = [chance.randrange(people) for _ in range(count)]
    return [
        stores.listed(place) if chance.random() < share else stores.stranger(place) for place in places
    ]


def over_the_app() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        database = stores.filled(Path(folder) / "optout.db", SERVED_PEOPLE)
        with serving(environment(database)) as served:
            optout = OptoutClient(f"http://127.0.0.1:{served.port}")
            bare = seconds(lambda: [None for page in optout.changes(limit=PAGE) for _ in page.items])
            with Replica(optout, Path(folder) / "copy.db") as replica:
                took = seconds(replica.refresh)
                yield at_most(
                    f"a copy of {SERVED_PEOPLE:,} people over HTTP, to its pages alone",
                    f"{took:.1f} s, {SERVED_PEOPLE / took:,.0f} a second",
                    took / bare,
                    2,
                )
                replica.start(every=1)
                waits = [
                    until_seen(served, replica, f"+1425{5_000_000 + each}") for each in range(STOPS)
                ]
            yield Figure(
                "– a STOP is seen, refreshing every second",
                f"{statistics.median(waits):.2f} s, at most {max(waits):.2f} s",
            )
            optout.close()


def until_seen(served: Served, replica: Replica, person: str) -> float:
    """From the message to the check that knows it. At another time of the second for each."""
    time.sleep(random.random())
    started = time.perf_counter()
    served.app.deliver(sms_event("STOP", from_=person))
    while not any(result.suppressed for result in replica.check("12345", person)):
        time.sleep(0.002)
    return time.perf_counter() - started


def peak_memory() -> str:
    status = Path("/proc/self/status")
    if not status.exists():
        return "not known here"
    kib = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return f"{int(kib) / 1024:.0f} MB"


def micros(found: float) -> str:
    return f"{found * 1e6:.0f} µs"


if __name__ == "__main__":
    for figure in large(int(sys.argv[1])):
        print(json.dumps((figure.name, figure.value)), flush=True)
