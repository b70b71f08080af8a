"""An import into SQLite, against a bare insert of the rows that it writes; and of numbers that need
parsing, against their parsing. Run by itself with a count: python -m bench.lists 1000000"""

import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import phonenumbers

from bench.measure import Figure, at_most, paired, seconds
from optout.cli.import_ import RefusedRows, batches
from optout.decisions.target import Target
from optout.operations.recorder import Recorder
from optout.operations.transfer import columns, importing, reading
from optout.operations.transfer.rows import ImportedRow, RowReader
from optout.operations.transfer.times import TimeFormat
from optout.service import IMPORT_THREADS, new_id, now_utc
from optout.store.sqlite.bulk import CACHE_KIB
from optout.store.sqlite.store import SqliteStore

ROWS = 50_000
ROUNDS = 3
PURPOSE = importing.ImportPurpose(Target(list="contoso-alerts"), "bench", "bench")


def write_list(path: Path, numbers: list[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("phone_number,opted_out_at\n")
        for index, number in enumerate(numbers):
            day, minute = index % 28 + 1, index % 60
            file.write(f"{number},2024-{index % 12 + 1:02}-{day:02}T{index % 24:02}:{minute:02}:00Z\n")


def import_list(path: Path, database: Path) -> None:
    """What the command does, from the file to the end of the last commit."""
    store = SqliteStore(database)
    with ThreadPoolExecutor(IMPORT_THREADS) as threads:
        importer = importing.Importer(Recorder(store, now_utc), PURPOSE, threads, new_id)
        for batch in read(path):
            importer.record(batch)
    store.close()


def read_list(path: Path, country: str) -> None:
    """All that is done before the store is asked."""
    for _ in read(path, country):
        pass


def read(path: Path, *countries: str) -> Iterator[list[ImportedRow]]:
    with (
        reading.open_rows(path) as rows,
        RefusedRows(path.with_name(f"{path.name}.refused.csv")) as report,
    ):
        understood = columns.recognise(rows.header, columns.Named())
        reader = RowReader(understood, now_utc(), TimeFormat(), countries)
        yield from batches(rows, reader, report, Counter())


def insert_bare(database: Path, rows: dict[str, list[Any]]) -> float:
    """How long the same rows take, ready-made, in the same order as the file's and in one transaction,
    with the same tables, pragmas and cache."""
    SqliteStore(database).close()
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    def insert() -> None:
        connection.execute("BEGIN IMMEDIATE")
        for table, found in rows.items():
            marks = ", ".join("?" * len(found[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
        connection.execute("COMMIT")

    took = seconds(insert)
    connection.close()
    return took


def rows_of(database: Path, numbers: list[str]) -> dict[str, list[Any]]:
    """The rows of an import by their tables, in the order of its file."""
    place = {number: index for index, number in enumerate(numbers)}
    connection = sqlite3.connect(database)
    rows = {}
    for table, column in (("evidence", 0), ("consent", 1), ("standing", 0)):
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
        rows[table] = sorted(found, key=lambda row: place[row[column]])
    connection.close()
    return rows


def parse(numbers: list[str]) -> None:
    """What the phonenumbers library does to make E.164 of national numbers."""
    for text in numbers:
        number = phonenumbers.parse(text, "US")
        if phonenumbers.is_possible_number(number):
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def figures(count: int = ROWS, rounds: int = ROUNDS) -> list[Figure]:
    draw = random.Random(1)
    plain = [f"+1{number}" for number in draw.sample(range(2_000_000_000, 10_000_000_000), count)]
    national = [f"({number[2:5]}) {number[5:8]}-{number[8:]}" for number in plain]
    names = iter(range(1_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / "plain.csv", plain)
        write_list(folder / "national.csv", national)

        def ours() -> float:
            database = folder / f"{next(names)}.db"
            return seconds(lambda: import_list(folder / "plain.csv", database))

        def bare() -> float:
            return insert_bare(folder / f"{next(names)}.db", rows_of(folder / "0.db", plain))

        imported, inserted = paired(ours, bare, rounds)
        took, parsing = paired(
            lambda: seconds(lambda: read_list(folder / "national.csv", "US")),
            lambda: seconds(lambda: parse(national)),
            rounds,
        )
    return [
        at_most(f"import of {count:,} numbers", _speed(imported, count), imported / inserted, 2),
        at_most(
            "– reading national numbers, to their parsing", _speed(took, count), took / parsing, 1.3
        ),
    ]


def _speed(took: float, count: int) -> str:
    return f"{took:.1f} s, {count / took:,.0f} a second"


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1]), rounds=1) if sys.argv[1:] else figures():
        print(figure)
