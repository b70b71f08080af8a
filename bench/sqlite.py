"""SQLite, with 10 thousand, 100 thousand and 2 million people on a list: messages, checks, memory."""

import json
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from bench import stores
from bench.measure import Figure, at_least, paired, seconds
from bench.messages import handler, stops, took, written
from optout import settings
from optout.decisions import consent
from optout.domain.model import Decision, Evidence
from optout.http import exchange
from optout.http.suppressions import check
from optout.operations.check import Checks
from optout.programs.directory import Directory
from optout.store.sqlite.schema import CONSENT_COLUMNS, consent_row, evidence_row
from optout.store.sqlite.store import SqliteStore

SIZES = (10_000, 100_000, 2_000_000)
MESSAGES = 200
RECIPIENTS = 10_000
LOOKUPS = 1_000
ROUNDS = 5


def figures() -> Iterator[Figure]:
    """The same for each size."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = stores.filled(Path(folder) / "optout.db", size)
            store = SqliteStore(path)
            yield from _messages(store, path, size)
            yield from _checks(store, size)
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


def _checks(store: SqliteStore, size: int) -> Iterator[Figure]:
    """One lookup, and 10,000 in one request: the store's part against the bare query; memory."""
    pick = random.Random(1)
    recipients = [
        pick.choice((stores.listed, stores.stranger))(pick.randrange(size)) for _ in range(RECIPIENTS)
    ]
    directory = Directory.load(settings.ROOT / "programs.toml")
    sender = directory.sender(stores.SENDER)
    scopes = consent.sender_scopes(sender)
    names = [str(scope) for scope in scopes]
    checks = Checks(store, 0, time.monotonic)
    body = json.dumps({"sender": stores.SENDER, "recipients": recipients}).encode()

    def request() -> None:
        service = cast(Any, _Service(directory, checks))
        handlers = {"POST": lambda request: check(request, service)}
        answer = exchange.respond(exchange.Request("POST", body), handlers)
        if answer.status != 200:
            raise RuntimeError(answer.body)

    name = f"SQLite of {size:,}"
    one = took(lambda number: checks.check(sender, [number]), recipients[:LOOKUPS], 1) / LOOKUPS
    yield Figure(f"{name}: one lookup, in process", f"{one * 1e6:.0f} µs")
    ours, bare = paired(
        lambda: seconds(lambda: store.lookup(recipients, scopes)),
        lambda: seconds(lambda: _bare_lookup(store, recipients, names)),
        ROUNDS,
    )
    yield at_least(f"{name}: check of 10,000, the store", f"{ours * 1000:.0f} ms", bare / ours, 0.5)
    whole, _ = paired(lambda: seconds(request), lambda: 0.0, ROUNDS)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield Figure(f"{name}: the whole request", f"{whole * 1000:.0f} ms, {memory} MB")


def _bare_lookup(store: SqliteStore, recipients: list[str], scopes: list[str]) -> list[object]:
    """The query with nothing around it."""
    return store._file._connection().execute(
        f"SELECT {CONSENT_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN consent "
        "WHERE scope IN (?, ?, ?) AND recipient = wanted.value",
        (json.dumps(recipients), *scopes),
    ).fetchall()  # fmt: skip


class _Service:
    """As much of a service as a check needs."""

    def __init__(self, directory: Directory, checks: Checks) -> None:
        self.directory = directory
        self.checks = checks


if __name__ == "__main__":
    for figure in figures():
        print(figure)
