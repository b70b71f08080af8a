"""Lists as they really arrive: workbooks, whole JSON documents, other encodings, lost digits."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout.domain.errors import BadRequest
from optout.operations.transfer import columns, reading
from optout.operations.transfer.columns import Named
from optout.operations.transfer.rows import ImportedRow, Refused, RowReader, read_number
from optout.operations.transfer.times import TimeFormat

UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
PERSON, OTHER = "+14255550123", "+14255550124"
JULY = datetime(2024, 7, 1, 12, 30, tzinfo=UTC)


def workbook(*sheets: list[list[object]]) -> bytes:
    """A workbook as .xlsx has it: numbers as numbers, texts in their cells."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value!r}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    names = "http://schemas.openxmlformats.org"
    main, office = f"{names}/spreadsheetml/2006/main", f"{names}/officeDocument/2006/relationships"
    package = f"{names}/package/2006"
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in numbers
        )
        + "</Relationships>",
    }
    for n, rows in zip(numbers, sheets, strict=True):
        body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/s{n}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return file.getvalue()


def read(
    path: Path, *, encoding: str | None = None, header: bool = True, number: str | None = None
) -> tuple[list[ImportedRow], list[str], tuple[str, ...]]:
    """Who is out, why others are refused, and what is noted of the file."""
    said, refused = [], []
    named = Named(number)
    with reading.open_rows(path, encoding=encoding, has_header=header) as rows:
        known = (
            columns.recognise(rows.header, named)
            if header
            else columns.numbered(len(rows.header), named)
        )
        reader = RowReader(known, UNDATED, TimeFormat(), ["US"])
        for row in rows.rows:
            try:
                said += reader.read(row)
            except Refused as problem:
                refused.append(f"{row.line}: {problem}")
        return said, refused, rows.notes


def out(*people: str, at: datetime = UNDATED) -> list[ImportedRow]:
    flags = ("no_time",) if at is UNDATED else ()
    return [ImportedRow(person, at, True, flags) for person in people]


AWS = {
    "OptOutListArn": "arn:aws:sms-voice:us-east-1:111122223333:opt-out-list/Default",
    "OptOutListName": "Default",
    "OptedOutNumbers": [
        {
            "OptedOutNumber": PERSON,
            "OptedOutTimestamp": "2024-07-01T12:30:00+00:00",
            "EndUserOptedOut": True,
        }
    ],
}
TELNYX = {
    "data": [
        {"to": PERSON, "from": "12345", "keyword": "STOP", "created_at": "2024-07-01T12:30:00Z"},
    ],
    "meta": {"total_pages": 1, "total_results": 1, "page_number": 1, "page_size": 20},
}


@pytest.mark.parametrize(
    ("content", "people"),
    [
        (json.dumps(AWS, indent=4), out(PERSON, at=JULY)),
        (json.dumps(AWS), out(PERSON, at=JULY)),
        (json.dumps(TELNYX), out(PERSON, at=JULY)),
        (json.dumps([{"phone": PERSON}, {"phone": OTHER}], indent=2), out(PERSON, OTHER)),
        (json.dumps([{"x": 1}, {"phone": OTHER}]), out(OTHER)),
        (json.dumps({"data": [{"phone": PERSON, "x": "y" * 99}] * 2000}), out(PERSON) * 2000),
        # A row of its own that has a list in it, and two rows, are rows.
        (json.dumps({"phone": PERSON, "tags": [{"id": 1}]}), out(PERSON)),
        (f'{{"phone": "{PERSON}", "tags": []}}\n\n{{"phone": "{OTHER}"}}\n', out(PERSON, OTHER)),
    ],
    ids=["aws", "aws in a line", "Telnyx", "array", "fields differ", "long line", "a row", "two rows"],
)  # fmt: skip
def test_json_as_it_is_answered(content: str, people: list[ImportedRow], tmp_path: Path) -> None:
    """With what is around the list, over lines or in one, without a detour over jq."""
    (tmp_path / "list.json").write_text(content)
    said, refused, notes = read(tmp_path / "list.json")
    assert (said, notes) == (people, ())
    assert len(refused) == (1 if '"x": 1}' in content else 0)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({**AWS, "NextToken": "abc"}, "NextToken"),
        ({**TELNYX, "meta": {"page_number": 1, "total_pages": 3}}, "total_pages"),
        ({**TELNYX, "meta": {"page_number": 3, "total_pages": 3}}, None),
        ({**AWS, "NextToken": None}, None),
        ({"items": [{"phone": PERSON}], "has_more": True}, "has_more"),
    ],
)
def test_a_page_of_a_longer_list(document: object, says: str | None, tmp_path: Path) -> None:
    """Whoever imports one page believes that it was the list: those on the others would be texted."""
    (tmp_path / "list.json").write_text(json.dumps(document))
    notes = read(tmp_path / "list.json")[2]
    page = f"{says} says that this is a page of a longer list: get the other pages, too"
    assert notes == ((page,) if says else ())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1}', "no column is known for numbers"),
        ('{"a": [{"phone": 1}], "b": [{"phone": 2}]}', "no column is known"),
        ("[]", "JSON without a list of objects; write one object per line"),
        ("[1, 2]", "one object per line"),
        ('{"data": []}', "the list is empty"),
        ('{"data": [', "the first line is not a JSON object"),
        ("PK\x03\x04nothing", "a workbook or an archive that cannot be read"),
    ],
)
def test_json_and_archives_that_are_no_list(content: str, says: str, tmp_path: Path) -> None:
    """Each is said, and nothing is recorded."""
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(BadRequest, match=says):
        read(tmp_path / "list.json")


def test_a_workbook_has_all_digits(tmp_path: Path) -> None:
    """The first sheet with rows is read, numbers as they are; others are named."""
    rows: list[list[object]] = [["Phone", "Name"], [14255550123, "A"], ["+1 425 555 0124", "B"]]
    (tmp_path / "list.xlsx").write_bytes(workbook([], rows, [["Phone"], [14255550125.0]]))
    said, refused, notes = read(tmp_path / "list.xlsx")
    assert said == out(PERSON, OTHER)
    assert (refused, notes) == ([], ("sheet 'S3' is not read",))
    (tmp_path / "empty.xlsx").write_bytes(workbook([]))
    with pytest.raises(BadRequest, match="the workbook is empty"):
        read(tmp_path / "empty.xlsx")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("1.42556E+10", None),
        ("1,42556E+10", None),
        ("1.42E+10", None),
        ("4.47E+11", None),
        ("1e10", None),
        ("1.4255550123E+10", PERSON),
        ("14255550123.0", PERSON),
    ],
)
def test_what_a_spreadsheet_has_rounded(written: str, read_as: str | None) -> None:
    """Lost digits are said to be lost, and never made up; where none is lost, the number is."""
    if read_as:
        assert read_number(written, ["US"]) == read_as
        return
    with pytest.raises(Refused, match=r"last digits are lost: .* import the workbook"):
        read_number(written, ["US"])


@pytest.mark.parametrize(
    ("encoding", "said_to_be", "notes"),
    [
        ("utf-8", None, 0),
        ("cp1252", None, 1),
        ("cp1252", "cp1252", 0),
        ("utf-16", None, 0),
        ("utf-16-le", None, 0),
        ("utf-16-be", None, 0),
        ("utf-16-le", "utf-16-le", 0),
    ],
)
def test_encodings(encoding: str, said_to_be: str | None, notes: int, tmp_path: Path) -> None:
    """UTF-16 shows by itself, with its mark and without; others are to be said, and it is said so."""
    path = tmp_path / "list.csv"
    path.write_bytes(f"phone,name\n{PERSON},Zoë Müller\n".encode(encoding))
    said, refused, noted = read(path, encoding=said_to_be)
    assert (said, refused, len(noted)) == (out(PERSON), [], notes)


def test_a_header_in_another_encoding(tmp_path: Path) -> None:
    """A column that cannot be found because of its bytes is a matter of the encoding."""
    path = tmp_path / "list.csv"
    path.write_bytes("Téléphone\n+14255550123\n".encode("cp1252"))
    with pytest.raises(BadRequest, match=r"not in UTF-8: say --encoding, for example cp1252"):
        read(path)
    assert read(path, encoding="cp1252", number="Téléphone")[0] == out(PERSON)


def test_a_list_without_a_header(tmp_path: Path) -> None:
    """The first line is somebody, not a header: no row is lost by taking it for one."""
    path = tmp_path / "list.csv"
    path.write_text("Ann,(425) 555-0123\nBob,+14255550124\n")
    with pytest.raises(BadRequest, match=r"no header but a row.*Add --no-header, and --number 2"):
        read(path)
    assert read(path, header=False, number="2")[0] == out(PERSON, OTHER)


def test_infobip(tmp_path: Path) -> None:
    """Mail addresses stand between the numbers, and are refused with their line."""
    path = tmp_path / "list.csv"
    path.write_text(
        "Contact information,Sender,Source,Channel,Account,Added\n"
        f"{PERSON},Contoso,Manual,SMS,1,2024-07-01T12:30:00Z\n"
        "a@contoso.example,Contoso,Manual,Email,1,2024-07-01T12:30:00Z\n"
    )
    said, refused, _ = read(path)
    assert said == out(PERSON, at=JULY)
    assert refused[0].startswith("3: not a phone number")
