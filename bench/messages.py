"""A message on SQLite, durable: the whole path of a STOP with its reply, against its bare commits."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Figure, at_least, paired, rate
from optout import programs, settings
from optout.domain import Decision, Reply, ReplyStatus
from optout.handle import EventHandler
from optout.replies import Outcome, Sending
from optout.store.sqlite import SqliteStore
from optout.store.sqlite_schema import consent_row, evidence_row
from tests.support.payloads import sms_event

MESSAGES = 1500
ROUNDS = 5


class TakesAll:
    """A phone that takes every reply at once."""

    def send(self, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return Outcome(Sending.TAKEN, ReplyStatus.SENT, "id")

    def close(self) -> None:
        """Nothing to let go of."""


class Watching(SqliteStore):
    """A store that remembers what it was asked to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.decisions: list[Decision] = []

    def record(self, decision: Decision) -> None:
        self.decisions.append(decision)
        super().record(decision)


def events(count: int) -> list[str]:
    """STOP from as many people as there are messages."""
    now = datetime.now(UTC)
    return [
        sms_event("STOP", from_=f"+1206{number:07}", at=now)
        for number in range(2_000_000, 2_000_000 + count)
    ]


@contextmanager
def handler(folder: Path, name: str) -> Iterator[tuple[EventHandler, Watching]]:
    store = Watching(folder / name)
    directory = programs.load(settings.ROOT / "programs.toml")
    yield EventHandler(directory, store, TakesAll(), lambda: datetime.now(UTC)), store
    store.close()


def bare(path: Path, decisions: list[Decision]) -> float:
    """Messages a second of the same two commits for each, with the same pragmas and nothing else."""
    SqliteStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    rows = [
        (
            evidence_row(each.evidence),
            [consent_row(scope, each.evidence.recipient, one) for scope, one in each.consents.items()],
        )
        for each in decisions
    ]
    started = time.perf_counter()
    for evidence, consents in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", evidence)
        connection.executemany("INSERT INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", consents)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", evidence
        )
        connection.execute("COMMIT")
    took = time.perf_counter() - started
    connection.close()
    return len(decisions) / took


def figures() -> list[Figure]:
    """One at a time and 32 in flight, each against the bare loop; and processor time a message."""
    number = iter(range(1_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def ours(in_flight: int) -> Callable[[], float]:
            def run() -> float:
                bodies = events(MESSAGES)
                with handler(folder, f"{next(number)}.db") as (handling, _):
                    if in_flight == 1:
                        return rate(MESSAGES, lambda: [handling.handle(body) for body in bodies])
                    with ThreadPoolExecutor(in_flight) as pool:
                        return rate(MESSAGES, lambda: list(pool.map(handling.handle, bodies)))

            return run

        with handler(folder, "decisions.db") as (handling, store):
            for body in events(MESSAGES):
                handling.handle(body)
            decisions = store.decisions

        def theirs() -> float:
            return bare(folder / f"{next(number)}.db", decisions)

        one, floor_one = paired(ours(1), theirs, ROUNDS)
        many, floor_many = paired(ours(32), theirs, ROUNDS)
        with handler(folder, "cpu.db") as (handling, _):
            bodies = events(MESSAGES)
            started = time.process_time()
            for body in bodies:
                handling.handle(body)
            processor = (time.process_time() - started) / MESSAGES
    return [
        at_least("SQLite, one message at a time", f"{one:.0f} a second", one / floor_one, 0.4),
        at_least("SQLite, 32 in flight", f"{many:.0f} a second", many / floor_many, 0.8),
        Figure("processor time a message", f"{processor * 1e6:.0f} µs"),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(figure)
