"""The file of a copy: what is one and what is none, also cut anywhere, and what reading one takes."""

import gzip
import json
import tracemalloc
from collections.abc import Callable

import pytest
from azure.data.tables import EdmType, EntityProperty

from optout.store.tables import archive, restore, rows
from optout.store.tables.store import TABLES
from tests.support.copies import (
    BEGUN,
    header,
    restored,
    stored,
)
from tests.support.places import Place

ROWS = [("recipients", {**rows.keys("a", f"e_{number}"), "body": "x" * 99}) for number in range(50)]
COPY = b"".join(archive.written(archive.Header("an-id", BEGUN, TABLES), ROWS))


def lines(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The copy with other lines."""
    return gzip.compress(b"".join(change(gzip.decompress(COPY).splitlines(keepends=True))))


def instead(number: int, *text: object) -> bytes:
    """The copy with other JSON in the place of a line."""
    made = [json.dumps(each).encode() + b"\n" for each in text]
    return lines(lambda found: [*found[:number], *made, *(found[number:][1:])])


FIRST = {"format": "optout-tables", "version": 1, "id": "1", "begun": "2026-06-01T12:00:00Z"}
LAST = {"rows": {"recipients": 50, "index": 0, "quarantine": 0}}
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "cut off, or empty"),
    "a list": (b"number,time\n+14255550123,\n", "not a gzip file"),
    "another gzip file": (gzip.compress(b"number,time\n"), "is not JSON"),
    "damaged": (COPY[:99] + bytes([COPY[99] ^ 255]) + COPY[100:], "damaged|not JSON|cut off"),
    "no last line": (lines(lambda found: found[:-1]), "its last line is missing"),
    "a row too few": (lines(lambda found: found[:7] + found[8:]), "counts other rows"),
    "a row too many": (lines(lambda found: found[:7] + found[6:]), "counts other rows"),
    "half a line": (lines(lambda found: [*found[:-1], found[-1][:-5]]), "cut off within a line"),
    "more lines": (lines(lambda found: [*found, found[1]]), "behind its last line"),
    "more bytes": (COPY + b"x", "behind its end"),
    "two files": (COPY + COPY, "behind its end"),
    "another format": (instead(0, {"format": "other"}), "not that of a copy of tables"),
    "another version": (instead(0, {**FIRST, "version": 2}), "version 2 .* the version of optout that"),
    "no tables": (instead(0, FIRST), "first line cannot be understood"),
    "an unknown table": (instead(1, ["x", rows.keys("a", "b")]), "a line of it cannot be"),
    "no key": (instead(1, ["index", {"PartitionKey": "a"}]), "a line of it cannot be"),
    "a key that is none": (instead(1, ["index", rows.keys("a", "b") | {"RowKey": 5}]), "a line of it"),
    "an unknown type": (instead(1, ["index", rows.keys("a", "b") | {"x": ["Edm.X", "1"]}]), "a line"),
    "no number": (instead(1, ["index", rows.keys("a", "b") | {"x": ["Edm.Int64", "1x"]}]), "a line"),
    "nothing": (instead(1, ["index", rows.keys("a", "b") | {"x": None}]), "a line"),
    "a fraction": (instead(1, ["index", rows.keys("a", "b") | {"x": 0.5}]), "a line"),
}


@pytest.mark.parametrize(("copy", "says"), BAD.values(), ids=BAD)
def test_a_copy_that_is_none(copy: bytes, says: str, target: Place) -> None:
    """What is wrong with it is said before anything is written."""
    with pytest.raises(archive.BadCopy, match=says):
        restored(target, copy)
    assert stored(target) == {}


def test_a_copy_that_is_cut_anywhere() -> None:
    """Whatever is missing at its end is noticed; the whole is read, in pieces of any size."""
    for end in range(len(COPY)):
        with pytest.raises(archive.BadCopy):
            list(archive.Copy([COPY[:end]]).rows())
    for size in (1, 7, 10**6):
        pieces = (COPY[start : start + size] for start in range(0, len(COPY), size))
        assert [(line.table, line.row) for line in archive.Copy(pieces).rows()] == ROWS


def test_the_first_copy_stays_readable() -> None:
    """The format as version 1 has it, byte for byte once it is unpacked."""
    row = {
        **rows.keys("a", "b"),
        "n": 5,
        "at": EntityProperty("2026-06-01T12:00:00.1234567Z", EdmType.DATETIME),
    }
    text = (
        b'{"format":"optout-tables","version":1,"id":"1","begun":"2026-06-01T12:00:00Z",'
        b'"tables":["recipients","index","quarantine"]}\n'
        b'["recipients",{"PartitionKey":"a","RowKey":"b","n":5,'
        b'"at":["Edm.DateTime","2026-06-01T12:00:00.1234567Z"]}]\n'
        b'{"rows":{"recipients":1,"index":0,"quarantine":0}}\n'
    )
    (line,) = archive.Copy([gzip.compress(text)]).rows()
    assert line.row == row


def test_memory_is_flat() -> None:
    """A copy is written and read while its rows come, however many there are."""
    made = (
        ("recipients", {**rows.keys(f"{number}", "b"), "body": f"{number * 7919 % 10007}" * 200})
        for number in range(30_000)
    )
    tracemalloc.start()
    copy = archive.Copy(archive.written(header(), made))
    assert sum(len(line.row["body"]) for line in copy.rows()) > 20 * 2**20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * 2**20


def test_a_transaction_takes_what_it_may() -> None:
    """Rows of one partition that follow one another: a hundred at most, a mebibyte at most, or one."""
    made = [("a", 250, 10), ("b", 1, 10), ("a", 3, 400_000), ("c", 2, 2_000_000)]
    lines = [
        archive.Line("recipients", rows.keys(partition, f"{number}"), size)
        for partition, times, size in made
        for number in range(times)
    ]
    sizes = [(batch[0].row["PartitionKey"], len(batch)) for batch in restore.batches(lines)]
    assert sizes == [
        *(("a", 100), ("a", 100), ("a", 50), ("b", 1)),
        *(("a", 2), ("a", 1), ("c", 1), ("c", 1)),
    ]


def test_a_partition_is_not_flooded() -> None:
    """Small transactions go side by side, those of a hundred rows a few at a time; none is left out."""
    small = [archive.Line("recipients", rows.keys(f"{number}", "c"), 10) for number in range(70)]
    large = [archive.Line("index", rows.keys("00", f"{number}"), 10) for number in range(1_250)]
    together = [*restore._in_flight(restore.batches([*small, *large]))]
    assert [sum(map(len, each)) for each in together] == [32, 32, 406, 500, 350]
    assert [line for each in together for batch in each for line in batch] == [*small, *large]
