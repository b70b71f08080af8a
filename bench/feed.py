"""The feed of 100,000 people from its beginning, page by page, against a bare query of the same rows;
and the memory that a page takes."""

import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from bench import stores
from bench.measure import Figure, at_most, paired, seconds
from optout.operations.feed import changes
from optout.store.sqlite.schema import CONSENT_COLUMNS
from optout.store.sqlite.store import SqliteStore

PEOPLE = 100_000
PAGE = 500
ROUNDS = 3


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(stores.filled(Path(folder) / "optout.db", PEOPLE))
        ours, bare = paired(
            lambda: seconds(lambda: read(store)), lambda: seconds(lambda: read_bare(store)), ROUNDS
        )
        yield at_most(
            f"feed of {PEOPLE:,} people, to the query and its JSON",
            f"{ours:.1f} s, {PEOPLE / ours:,.0f} a second",
            ours / bare,
            6,
        )
        last = token(store)
        idle = min(seconds(lambda: changes(store, PAGE, last)) for _ in range(100))
        yield Figure("– a poll when nothing happened", f"{idle * 1e6:.0f} µs")
        tracemalloc.start()
        peaks = sorted(peak_of_pages(store))
        tracemalloc.stop()
        yield Figure(
            f"– the most memory of a page of {PAGE}",
            f"{peaks[-1] / 2**20:.1f} MB, median {peaks[len(peaks) // 2] / 2**20:.1f} MB",
        )
        store.close()


def pages(store: SqliteStore) -> Iterator[str]:
    """The feed from its beginning, as HTTP gives it; each page's place."""
    since = None
    while True:
        page = changes(store, PAGE, since)
        json.dumps(page.items)
        since = page.next
        yield since
        if not page.more:
            return


def read(store: SqliteStore) -> None:
    for _ in pages(store):
        pass


def token(store: SqliteStore) -> str:
    return list(pages(store))[-1]


def peak_of_pages(store: SqliteStore) -> Iterator[int]:
    """The most memory that the making of each page takes, of what Python allots."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    for _ in pages(store):
        _, peak = tracemalloc.get_traced_memory()
        yield peak - before
        tracemalloc.reset_peak()


def read_bare(store: SqliteStore) -> None:
    """The same rows in the same order, in one query, and as JSON, with nothing in between."""
    columns = CONSENT_COLUMNS.replace("recipient", "consent.recipient")
    with store._file.reading() as connection:
        rows = connection.execute(
            f"SELECT change, (SELECT max(number) FROM evidence WHERE recipient = standing.recipient), "
            f"{columns} FROM standing CROSS JOIN consent ON consent.recipient = standing.recipient "
            "ORDER BY change"
        )
        while found := rows.fetchmany(2 * PAGE):
            json.dumps(found)


if __name__ == "__main__":
    for figure in figures():
        print(figure)
