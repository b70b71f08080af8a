"""Lists as other systems write them: columns, numbers, times, broken rows; cells of a spreadsheet."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.domain.errors import BadRequest
from optout.operations.transfer import columns, exporting, reading
from optout.operations.transfer.cells import guarded, unguarded
from optout.operations.transfer.columns import Columns, Named
from optout.operations.transfer.rows import ImportedRow, Refused, RowReader, read_number
from optout.operations.transfer.times import NotATime, TimeFormat

UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
GERMAN = TimeFormat(format="%d.%m.%Y")
PERSON = "+14255550123"
JULY = datetime(2024, 7, 1, 12, 30, tzinfo=UTC)


Understood = list[ImportedRow | tuple[int, str]]


def understood(path: Path, **named: str) -> Understood:
    """What a file says: rows, and for each row that is refused its line and the text of it."""
    said: Understood = []
    with reading.open_rows(path) as rows:
        reader = RowReader(
            columns.recognise(rows.header, Named(**named)), UNDATED, TimeFormat(), ["US"]
        )
        for row in rows.rows:
            try:
                said += reader.read(row)
            except Refused:
                said.append((row.line, row.raw))
    return said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contact_id,status,date_of_consent\n+14255550123,opt-out,2024-07-01T12:30:00Z", JULY),
        ("OptedOutNumber,OptedOutTimestamp,EndUserOptedOut\n+14255550123,1719837000,true", JULY),
        ("from,to,keyword,created_at\n12345,+14255550123,STOP,2024-07-01 12:30:00+00:00", JULY),
        ("phone_number,opt_out_time,status\n+14255550123,2024-07-01T12:30:00Z,opt_out", JULY),
        ("Phone Number,OptOut_Date\n14255550123,20240701T123000", JULY),
        ("number,added_at\n+14255550123,2024-07-01T14:30:00+02:00", JULY),
        ("Phone Numbers,Country\n14255550123,US", None),
        ("_MobileNumber,_Locale,_Status\n14255550123,US,Unsubscribe", None),
        ("msisdn,subscribedSms\n14255550123,FALSE", None),
        ("phone_number,external_id,subscribed\n+14255550123,a,no", None),
        ("Mobile;Unsubscribed at\n+1 425 555 0123;2024-07-01 12:30", JULY),
        ("email\tphone\topted out\nx@example.com\t+14255550123\tyes", None),
        ('{"OptedOutNumber": "+14255550123", "OptedOutTimestamp": 1719837000.0}', JULY),
        ('{"phone": 14255550123, "opted_out": true, "date": null}\n', None),
    ],
    ids=lambda value: value.split("\n")[0][:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_columns_of_other_systems(text: str, expected: datetime | None, tmp_path: Path) -> None:
    """Each is understood as it is: the person is out, since then where it says when."""
    path = tmp_path / "list"
    path.write_text(text, "utf-8")
    wish = (
        ImportedRow(PERSON, expected) if expected else ImportedRow(PERSON, UNDATED, True, ("no_time",))
    )
    assert understood(path) == [wish]


@pytest.mark.parametrize("system", [layout.system for layout in columns.knowledge().layout])
def test_each_layout_finds_itself(system: str) -> None:
    """The columns of a layout are recognised as those of that system; it has a source."""
    layout = next(layout for layout in columns.knowledge().layout if layout.system == system)
    assert columns.recognise(["phone", *layout.names], Named()).system == system
    assert layout.source.startswith("https://") or layout.source == "docs/lists.md"


@pytest.mark.parametrize(
    ("status", "says"),
    [("Opt-out", "out"), ("UNSUBSCRIBED", "out"), ("", "out"), ("stop", "out"), ("re-opt in", "in"),
     ("Subscribed", "in"), ("true", "out"), ("0", "in"), ("pending", None), ("maybe", None)],
)  # fmt: skip
def test_what_a_status_says(status: str, says: str | None) -> None:
    """Out, in, or neither, which refuses the row; an empty one is an opt-out like any row."""
    assert columns.read_status(status, Columns(0, true="out")) == says
    assert columns.read_status("yes", Columns(0)) is None


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "no column is known for numbers; the file has 'who', 'when'"),
        ({"number": "whom"}, "no column 'whom'"),
        ({"number": "who", "time": "x"}, "no column 'x'"),
    ],
)
def test_columns_nobody_knows(named: dict[str, str], message: str) -> None:
    """Whoever imports hears which columns there are."""
    with pytest.raises(BadRequest, match=message):
        columns.recognise(["who", "when"], Named(**named))
    assert columns.recognise(["who", "when"], Named("WHO", "when")) == Columns(0, (1,))


def test_columns_by_their_places() -> None:
    """A list without a header; the number is first unless it is said."""
    assert columns.numbered(3, Named()) == Columns(0)
    assert columns.numbered(3, Named("2", "3", "1")) == Columns(1, (2,), 0)
    with pytest.raises(BadRequest, match="the first row has 3"):
        columns.numbered(3, Named("4"))


@pytest.mark.parametrize(
    ("raw", "countries", "expected"),
    [
        ("+14255550123", "GB", PERSON),
        ("4255550123", "US", PERSON),
        ("(425) 555-0123", "US", PERSON),
        ("14255550123", "US", PERSON),
        ("14255550123.0", "US", PERSON),
        ("+14255550123.0", "", PERSON),
        ("0044 7700 900123", "US", "+447700900123"),
        ("447700900123", "US", None),
        ("447700900123", "GB US", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("4255550123", "", None),
        ("4255550123", "GB US", None),
        ("0001234567", "", None),
        ("1.42556E+10", "US", None),
        ("", "US", None),
    ],
)
def test_numbers_as_they_are_written(raw: str, countries: str, expected: str | None) -> None:
    """Without a country code it is of the countries meant; what is not certainly one is refused."""
    if expected is None:
        with pytest.raises(Refused):
            read_number(raw, countries.split())
    else:
        assert read_number(raw, countries.split()) == expected


@pytest.mark.parametrize(
    ("text", "clock", "out", "expected"),
    [
        ("2024-07-01T12:30:00Z", TimeFormat(), True, JULY),
        ("2024-07-01 12:30", TimeFormat(), True, JULY),
        ("2024-07-01 08:30", TimeFormat(ZoneInfo("America/New_York")), True, JULY),
        ("Mon, 01 Jul 2024 12:30:00 +0000", TimeFormat(), True, JULY),
        ("1719837000", TimeFormat(), True, JULY),
        ("1719837000000", TimeFormat(), True, JULY),
        ("07/01/2024 12:30", TimeFormat(format="%m/%d/%Y %H:%M"), True, JULY),
        ("2024-07-01", TimeFormat(), True, datetime(2024, 7, 1, 23, 59, 59, 999999, UTC)),
        ("2024-07-01", TimeFormat(), False, datetime(2024, 7, 1, tzinfo=UTC)),
        (
            "01.07.2024",
            TimeFormat(format="%d.%m.%Y"),
            True,
            datetime(2024, 7, 1, 23, 59, 59, 999999, UTC),
        ),
        ("07/01/2024", TimeFormat(), True, None),
        ("1970-01-01T00:00:00Z", TimeFormat(), True, None),
        ("9999-12-31T23:59:59-14:00", TimeFormat(), True, None),
        ("yesterday", TimeFormat(), True, None),
    ],
)
def test_times_as_they_are_written(
    text: str, clock: TimeFormat, out: bool, expected: datetime | None
) -> None:
    """A mere day counts against texting; what is ambiguous is not guessed."""
    if expected is None:
        with pytest.raises(NotATime):
            clock.read(text, out=out)
    else:
        assert clock.read(text, out=out) == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('phone\n"+14255550123\n+14255550124\n', {2: '"+14255550123\n'}),
        ('phone,note\n+14255550124,"a\nb"\n', {}),
        ('phone,note\n+14255550123,"a"b\n+14255550124,c\n', {2: '+14255550123,"a"b\n'}),
        (f'phone\n"{"x" * 200_000}\n+14255550124\n', {2: f'"{"x" * 199}'}),
        ('phone,a\n"+14255550123\n+14255550124,"a\nb"\n', {2: '"+14255550123\n'}),
        ("phone\nnobody\n\n+14255550124", {2: "nobody\n"}),
        ("a,phone\nx\nx,+14255550124", {2: "x\n"}),
        ('{"phone": "+14255550124"}\n{"phone"\n[]\n', {2: '{"phone"\n', 3: "[]\n"}),
    ],
    ids=[
        "open quote",
        "lines in a cell",
        "stray quote",
        "too long",
        "open quote, then lines in a cell",
        "no number",
        "short",
        "no JSON",
    ],
)
def test_a_broken_row_costs_no_other(text: str, lines: dict[int, str], tmp_path: Path) -> None:
    """It is refused with its line and text; the rows behind it are read, however it is broken."""
    path = tmp_path / "list"
    path.write_text(text, "utf-8")
    wish = ImportedRow("+14255550124", UNDATED, True, ("no_time",))
    assert sorted(understood(path), key=str) == sorted([*lines.items(), wish], key=str)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_of_any_make(encoding: str, compressed: bool, tmp_path: Path) -> None:
    """With or without a byte order mark, as spreadsheets write them, and compressed."""
    content = "phone\r\n+14255550123\r\n".encode(encoding)
    path = tmp_path / ("list.csv.gz" if compressed else "list.csv")
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert understood(path) == [ImportedRow(PERSON, UNDATED, True, ("no_time",))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.csv", None, "No such file"),
        ("empty.csv", b"", "empty"),
        ("array.json", b"[1]", "one object per line"),
        ("quote.csv", b'"phone', "the first line"),
        ("half.csv.gz", gzip.compress(b"phone\n" * 100, mtime=0)[:-12], "cannot be read to its end"),
        ("plain.csv.gz", b"phone\n+14255550123", "cannot be read to its end"),
    ],
)
def test_files_that_cannot_be_read(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    """Whoever imports hears what is wrong with the file."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRequest, match=message):
        understood(path)


@given(st.text())
def test_a_cell_gives_its_text_again(text: str) -> None:
    """Whatever somebody wrote: no formula, and nothing lost."""
    cell = guarded(text)
    assert unguarded(cell) == text
    assert not cell.startswith(("=", "-", "@", "\t", "\r", "＝", "－", "＠", "＋"))
    assert not cell.startswith("+") or cell[1:].isdigit()


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "'quoted'",
        "+1(2)",
        "＝1+1",
        "＋1",
        "－2",
        "＠SUM(A1)",
        "\n=1",
    ],
)
def test_no_formula_in_a_cell(text: str) -> None:
    """What a spreadsheet would run is text; a number in E.164 form stays as it is."""
    assert guarded(text) == "'" + text
    assert guarded(PERSON) == PERSON


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_rows_come_back_as_they_were_written(texts: list[list[str]]) -> None:
    """CSV and NDJSON of any texts, line breaks and quotes included."""
    items = [{"recipient": one, "text": two} for one, two in texts]
    file = io.StringIO(newline="")
    exporting.write_csv(items, file)
    header, *rows = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert header == ["recipient", "text"]
    assert [[unguarded(cell) for cell in row] for row in rows] == texts
    file = io.StringIO()
    exporting.write_ndjson(items, file)
    assert [json.loads(line) for line in file.getvalue().splitlines()] == items


def test_a_newer_request_of_our_own_list_counts_too() -> None:
    """A list says when the first and when the newest request to stop was: both are said again."""
    found = columns.recognise(["recipient", "since", "at", "source", "keyword", "blocked_by"], Named())
    row = reading.FileRow(2, (PERSON, "2024-07-01T12:30:00Z", "2025-07-01T12:30:00Z"), "")
    said = RowReader(found, UNDATED, TimeFormat()).read(row)
    assert sorted(wish.at.year for wish in said) == [2024, 2025]
