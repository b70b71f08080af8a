"""A check of 10,000 recipients in process, as the app answers it, against what it cannot do without: to
read the body and to ask the bare query. Run by itself with a size: python -m bench.checks 10000

Sorted, as from most lists; 2 % are on the list; others each time, as in a campaign, so that the cache
is filled and does not help. Processor time: other work on the machine moves it less.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench import stores
from bench.measure import Figure, at_most, paired
from optout import settings
from optout.decisions import consent
from optout.http import table
from optout.http.exchange import Request, Response
from optout.operations.check import Checks
from optout.programs.directory import Directory
from optout.settings import Settings
from optout.store.sqlite.schema import CONSENT_COLUMNS
from optout.store.sqlite.store import SqliteStore

RECIPIENTS = 10_000
LOOKUPS = 1_000
ROUNDS = 15
WHOLE, ONLY = 4.5, 1.8
SUPPRESSED = {"only": "suppressed"}
(CHECK,) = (each for each in table.functions() if each.name == "check_suppressions")


def figures(store: SqliteStore, size: int) -> Iterator[Figure]:
    """All of them, with so many people on the list."""
    checks = _Checks(store, size)
    name = f"SQLite of {size:,}"
    one = checks.one_at_a_time()
    yield Figure(f"{name}: one lookup, in process", f"{one * 1e6:.0f} µs")
    seconds = Settings().cache_seconds
    for what, cache, further, most in (
        ("check of 10,000", seconds, {}, WHOLE),
        ("– only the suppressed", seconds, SUPPRESSED, ONLY),
        ("– with a cache of 0 seconds", 0.0, {}, WHOLE),
        ("– both", 0.0, SUPPRESSED, ONLY),
    ):
        ours, floor, length = checks.against_the_floor(cache, further)
        value = f"{ours * 1000:.1f} ms, {length / 1000:,.0f} KB"
        yield at_most(f"{name}: {what}", value, ours / floor, most)
    yield Figure(f"{name}: – the floor of the last", f"{floor * 1000:.1f} ms")
    for what, share, headers in (
        ("half of them listed", 0.5, {}),
        ("in gzip", 0.02, {"accept-encoding": "gzip"}),
    ):
        ours, floor, length = checks.against_the_floor(seconds, {}, share, headers)
        value = f"{ours * 1000:.1f} ms, {length / 1000:,.0f} KB"
        yield Figure(f"{name}: – {what}", value, ours / floor)


class _Checks:
    """Checks of one store."""

    def __init__(self, store: SqliteStore, size: int) -> None:
        self._store = store
        self._size = size
        self._pick = random.Random(1)
        self._directory = Directory.load(settings.ROOT / "programs.toml")
        self._sender = self._directory.sender(stores.SENDER)
        self._scopes = [str(scope) for scope in consent.sender_scopes(self._sender)]

    def one_at_a_time(self) -> float:
        """Seconds for one."""
        checks = Checks(self._store, 0, time.monotonic)
        people = self._recipients(0.5)[:LOOKUPS]
        return processor(lambda: [checks.check(self._sender, [each]) for each in people]) / LOOKUPS

    def against_the_floor(
        self,
        cache: float,
        further: Mapping[str, str],
        share: float = 0.02,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[float, float, int]:
        """Seconds for the app's answer and for the floor, and the bytes of the last answer."""
        checks = Checks(self._store, cache, time.monotonic)
        service: Any = SimpleNamespace(directory=self._directory, checks=checks)
        answers: list[Response] = []

        def body() -> bytes:
            asked = {"sender": stores.SENDER, "recipients": self._recipients(share), **further}
            return json.dumps(asked).encode()

        def ours() -> float:
            request = Request("POST", body(), headers=headers or {})
            answers[:] = []
            took = processor(lambda: answers.append(CHECK.respond(request, lambda: service)))
            if answers[0].status != 200:
                raise RuntimeError(answers[0].body)
            return took

        def floor() -> float:
            given = body()
            return processor(lambda: self._bare(given))

        ours()  # what is made once
        mine, least = paired(ours, floor, ROUNDS)
        return mine, least, len(answers[0].body)

    def _recipients(self, share: float) -> list[str]:
        """Some who are on the list, and strangers, sorted."""
        listed = round(RECIPIENTS * share)
        kinds = (
            (stores.listed, self._size, listed),
            (stores.stranger, 9 * self._size, RECIPIENTS - listed),
        )
        return sorted(
            number(place)
            for number, size, count in kinds
            for place in self._pick.sample(range(size), count)
        )

    def _bare(self, body: bytes) -> list[object]:
        """The body read and the query made, with nothing around them."""
        recipients = json.loads(body)["recipients"]
        return self._store._file._connection().execute(
            f"SELECT {CONSENT_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN consent WHERE scope IN "
            f"({', '.join('?' * len(self._scopes))}) AND recipient = wanted.value",
            (json.dumps(recipients), *self._scopes),
        ).fetchall()  # fmt: skip


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor time that something takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main(size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(stores.filled(Path(folder) / "optout.db", size))
        for figure in figures(store, size):
            print(figure)
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
