"""Lists that are not meant well: rows without an end, and values without a bottom."""

import gzip
import json
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optout import settings
from optout.azure import dead_letters
from optout.domain.errors import BadRequest, ConfigurationError, OptoutError
from optout.operations.transfer import reading
from optout.programs import check
from tests.support.client import WEBHOOK, App

MIB = 1024 * 1024
LONG = 100
PERSON = "+14255550123"
DEEP = 100_000


@contextmanager
def flat(most: int = 20 * MIB) -> Iterator[None]:
    """Nothing in here needs more memory than that at any time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def write(path: Path, first: bytes, filler: bytes, last: bytes) -> Path:
    """A file of 100 MB: a beginning, the same again and again, an end."""
    once = filler * (MIB // len(filler))
    with path.open("wb") as file:
        for part in (first, *[once] * LONG, last):
            # Several members make one stream.
            file.write(gzip.compress(part, 1) if path.suffix == ".gz" else part)
    return path


def read(path: Path) -> list[tuple[int, str | None, str]]:
    """Of each row that is read or refused: its line, what is wrong with it, how it begins."""
    with reading.open_rows(path) as rows:
        found = []
        while part := reading.part(rows.rows, 50_000):
            found += [(row.line, row.problem, row.raw.strip()[:12]) for row in part]
    return found


@pytest.mark.parametrize("name", ["list.csv", "list.csv.gz"])
@pytest.mark.parametrize(
    ("first", "filler", "last", "refused", "then"),
    [
        (b"phone\n+1425", b"5", b"\n+14255550123\n", 2, 3),
        (b"phone\r\n+1425,", b"5,", b"\r\n+14255550123", 2, 3),
        (b'phone\n"', b"5", b'"\n+14255550123\n', 2, 3),
        (b'{"phone": "x"}\n{"phone": "', b"5", b'"}\n{"phone": "+14255550123"}\n', 2, 3),
        (b'{"phone": "x"}\n', b"[", b'\n{"phone": "+14255550123"}\n', 2, 3),
    ],
    ids=["CSV", "cells", "quoted", "NDJSON", "brackets"],
)
def test_a_line_of_100_mb(
    tmp_path: Path, name: str, first: bytes, filler: bytes, last: bytes, refused: int, then: int
) -> None:
    """It is refused by its number, with how it begins; the next is read; memory stays flat."""
    path = write(tmp_path / name, first, filler, last)
    with flat():
        found = read(path)
    (problem,) = [each for each in found if each[1]]
    assert problem[0] == refused
    assert str(problem[1]).startswith("longer than 65,536 characters: a row is about one person")
    assert found[-1][:2] == (then, None)


@pytest.mark.parametrize("filler", [b"5", b"\0", b"{", b"[", b'"', "é".encode(), b'{"a":'])
def test_a_file_without_a_line_break(tmp_path: Path, filler: bytes) -> None:
    """What is no list at all is said of its first line, before anything is recorded."""
    path = write(tmp_path / "list.csv", b"x", filler, b"")
    with flat(), pytest.raises(BadRequest, match="line 1: longer than 65,536 characters"):
        read(path)


@pytest.mark.parametrize(
    "lines",
    [
        b'","\n' * 300_000,
        b'5","5\n' * 300_000,
        b"5\n" * 500_000,
        b'""\n' * 300_000,
        (b'5","5\n' * 9000 + b'5"x\n') * 30,
    ],
    ids=["cells", "open from anywhere", "numbers", "quotes", "open, and then an error"],
)
def test_a_quote_that_is_never_closed(tmp_path: Path, lines: bytes) -> None:
    """The row is refused, and what was taken for a part of it is read again: in time that grows with
    the file, not with its square."""
    path = tmp_path / "list.csv"
    path.write_bytes(b'phone,text\n"' + lines)
    began = time.process_time()
    with reading.open_rows(path) as rows:
        first = next(rows.rows)
        others = sum(1 for _ in rows.rows)
    assert time.process_time() - began < 10
    assert (first.line, first.problem is None) == (2, False)
    assert others > 1000


def test_rows_that_are_as_long_as_they_may_be(tmp_path: Path) -> None:
    """A part of a list ends where it would take too much memory, whatever the number of its rows."""
    path = tmp_path / "list.csv"
    row = b"+14255550123," + b"x" * (reading.ROW_CHARACTERS - 14) + b"\n"
    with path.open("wb") as file:
        file.write(b"phone,text\n")
        for _ in range(1600):
            file.write(row)
    with flat(40 * MIB), reading.open_rows(path) as rows:
        count = 0
        while part := reading.part(rows.rows, 50_000):
            assert not any(row.problem for row in part)
            count += len(part)
    assert count == 1600


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = " + "[" * DEEP + "]" * DEEP, "nested too deeply to be read"),
        ("x = " + "{a = " * DEEP + "1" + "}" * DEEP, "nested too deeply to be read"),
        ("[" + ".".join("a" * 20_000) + "]\n" + "x = " + "[" * 5000, "nested too deeply to be read"),
        ("[[program]]\nname = " + "[" * 5000 + "]" * 5000, "nested too deeply to be read"),
        ("x = " + "9" * 5000, "not valid TOML"),
    ],
    ids=["arrays", "tables", "names", "a field", "digits"],
)
def test_a_program_file_without_a_bottom(tmp_path: Path, text: str, says: str) -> None:
    """An error that names the file, for the app and for `check-programs` alike."""
    path = tmp_path / "programs.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=rf"programs\.toml: {says}"):
        check.check_file(path)


def test_files_of_json_without_a_bottom(tmp_path: Path) -> None:
    """Each is an error of its own kind: none of them is an internal one."""
    deep = "[" * DEEP
    local_settings = tmp_path / "local.settings.json"
    local_settings.write_text('{"Values": ' + deep)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        settings.adopt_local_settings(local_settings)
    first = tmp_path / "first.ndjson"
    first.write_text('{"phone": ' + "[" * 50_000)
    with pytest.raises(BadRequest, match="the first line is not a JSON object"):
        read(first)
    with pytest.raises(OptoutError, match="not JSON"):
        dead_letters.events(deep.encode())


@pytest.mark.parametrize("command", ["classify", "replay"])
def test_lines_of_json_without_a_bottom(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit code 2 and the line's number."""
    import io
    import sys

    from optout.cli import main

    (tmp_path / "lines").write_text("[" * DEEP)
    monkeypatch.setattr(sys, "stdin", io.StringIO("[" * DEEP))
    options = {"classify": ["--ndjson"], "replay": [str(tmp_path / "lines")]}[command]
    assert main.main([command, *options]) == 2
    assert "line 1: not an object" in capsys.readouterr().err


@pytest.mark.parametrize("depth", [400, 900, 940, 960, 970, 975, 980, 985, 990, 1000, 3000])
@pytest.mark.parametrize("kind", ["Notification", "SubscriptionValidation"])
def test_events_without_a_bottom(app: App, kind: str, depth: int) -> None:
    """At whatever depth it ends: 202 into quarantine, or 400; never a failure, which comes again."""
    inner = json.dumps({"data": "[" * depth + "]" * depth})
    for body in ("[" * depth + "]" * depth, '{"data":' * depth + "1" + "}" * depth, f"[{inner}]"):
        answer = app.host.request("POST", WEBHOOK, body.encode(), {"aeg-event-type": kind})
        assert answer.status in (202, 400)
