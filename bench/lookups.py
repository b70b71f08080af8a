"""A check of 10,000 recipients against lists of growing length, beside the bare query."""

import json
import random
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Figure, at_least, paired, seconds
from optout import consent, http, programs, settings
from optout.api.suppressions import check
from optout.domain import Consent, EvidenceKind, Party
from optout.service import now_utc
from optout.store.sqlite import SqliteStore
from optout.store.sqlite_schema import consent_row
from optout.suppressions import Suppressions

SIZES = (10_000, 100_000, 2_000_000)
RECIPIENTS = 10_000
ROUNDS = 5


def number(index: int) -> str:
    return f"+1{2_000_000_000 + index}"


@contextmanager
def a_list(folder: Path, size: int) -> Iterator[SqliteStore]:
    """A store in which this many people are out of the short code and its list."""
    path = folder / f"{size}.db"
    SqliteStore(path).close()
    scopes = consent.sender_scopes("12345", "contoso-alerts")[:2]
    out = Consent(True, now_utc(), now_utc(), EvidenceKind.IMPORT, "STOP", Party.SERVICE, "bench")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for scope in scopes:
        connection.executemany(
            "INSERT INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (consent_row(scope, number(index), out) for index in range(size)),
        )
    connection.execute("COMMIT")
    connection.close()
    store = SqliteStore(path)
    yield store
    store.close()


def bare_lookup(store: SqliteStore, recipients: list[str], scopes: list[str]) -> list[object]:
    """The query with nothing around it."""
    return store._file.connection().execute(
        "SELECT scope, recipient, is_out, since, at, source, keyword, blocked_by, evidence_id "
        "FROM json_each(?) AS wanted CROSS JOIN consent "
        "WHERE scope IN (?, ?, ?) AND recipient = wanted.value",
        (json.dumps(recipients), *scopes),
    ).fetchall()  # fmt: skip


class Api:
    """As much of a service as the check needs."""

    def __init__(self, store: SqliteStore) -> None:
        directory = programs.load(settings.ROOT / "programs.toml")
        self.suppressions = Suppressions(directory, store, now_utc, cache_seconds=0)


def figures() -> list[Figure]:
    """For each size: the store's part against the bare query, the whole request, and memory."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            with a_list(Path(folder), size) as store:
                found += _of_one_size(store, size)
    return found


def _of_one_size(store: SqliteStore, size: int) -> list[Figure]:
    pick = random.Random(1)  # half of them are on the list
    recipients = [number(pick.randrange(2 * size)) for _ in range(RECIPIENTS)]
    scopes = consent.sender_scopes("12345", "contoso-alerts")
    names = [str(scope) for scope in scopes]
    ours, bare = paired(
        lambda: 1 / seconds(lambda: store.lookup(recipients, scopes)),
        lambda: 1 / seconds(lambda: bare_lookup(store, recipients, names)),
        ROUNDS,
    )
    body = json.dumps({"sender": "12345", "recipients": recipients}).encode()
    api = Api(store)
    whole, _ = paired(
        lambda: seconds(
            lambda: http.respond(http.Request("POST", body), lambda: api, {"POST": check})  # type: ignore[arg-type, return-value]
        ),
        lambda: 0.0,
        ROUNDS,
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    name = f"check of 10,000 against {size:,}"
    return [
        at_least(f"{name}: the store's part", f"{1000 / ours:.0f} ms", ours / bare, 0.5),
        Figure(f"{name}: the whole request", f"{whole * 1000:.0f} ms, process {memory} MB"),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(figure)
