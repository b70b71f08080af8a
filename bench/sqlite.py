"""SQLite, with 10 thousand, 100 thousand and 2 million people on a list: messages, checks, memory."""

import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bench import checks, stores
from bench.measure import Figure, at_least, paired
from bench.messages import handler, stops, took, written
from optout.domain.model import Decision, Evidence
from optout.store.sqlite.schema import consent_row, evidence_row
from optout.store.sqlite.store import SqliteStore

SIZES = (10_000, 100_000, 2_000_000)
MESSAGES = 200
ROUNDS = 5


def figures() -> Iterator[Figure]:
    """The same for each size."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = stores.filled(Path(folder) / "optout.db", size)
            store = SqliteStore(path)
            # Before the messages, which add to the list.
            yield from checks.figures(store, size)
            yield from _messages(store, path, size)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            yield Figure(f"SQLite of {size:,}: the most memory so far", f"{memory} MB")
            store.close()


def _messages(store: SqliteStore, path: Path, size: int) -> Iterator[Figure]:
    """One at a time and 32 in flight, each against the bare commits; and processor time."""
    strangers = stores.Strangers(size)
    handling = handler(store)

    def ours(in_flight: int) -> float:
        return took(handling.handle, stops(strangers.take(MESSAGES)), in_flight)

    def theirs() -> float:
        return _bare(path, written(strangers.take(MESSAGES)))

    name = f"SQLite of {size:,}"
    for how, in_flight, floor in (("one message at a time", 1, 0.4), ("32 in flight", 32, 0.8)):
        ours(in_flight)  # the first of every thread
        mine, bare = paired(partial(ours, in_flight), theirs, ROUNDS)
        yield at_least(f"{name}: {how}", f"{MESSAGES / mine:,.0f} a second", bare / mine, floor)
    bodies = stops(strangers.take(MESSAGES))
    started = time.process_time()
    took(handling.handle, bodies, 1)
    processor = (time.process_time() - started) / MESSAGES
    yield Figure(f"{name}: processor time a message", f"{processor * 1e6:.0f} µs")


def _bare(path: Path, messages: Sequence[tuple[Decision, Evidence]]) -> float:
    """Seconds for the same two commits for each message, with the same pragmas and nothing else."""
    rows = [
        (
            evidence_row(decision.evidence),
            [
                consent_row(scope, settled.recipient, consented)
                for scope, consented in decision.consents.items()
            ],
            (evidence_row(settled)[-1], settled.recipient, settled.number),
        )
        for decision, settled in messages
    ]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    started = time.perf_counter()
    for evidence, consents, settled in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"INSERT INTO evidence VALUES ({_marks(evidence)})", evidence)
        connection.executemany(f"INSERT INTO consent VALUES ({_marks(consents[0])})", consents)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE evidence SET body = ? WHERE recipient = ? AND number = ?", settled)
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return elapsed


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


if __name__ == "__main__":
    for figure in figures():
        print(figure)
