"""Lists in and out, in pages."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, WrapValidator

from optout.domain.errors import BadRequest
from optout.domain.times import EARLIEST, aware
from optout.http.changes import Named, named
from optout.http.exchange import (
    Body,
    Request,
    bad_cursor,
    decode_cursor,
    encode_cursor,
    parse_body,
    parse_query,
    principal,
    validate_as,
)
from optout.http.history import Journal
from optout.http.values import (
    FreeText,
    Moment,
    Number,
    PageQuery,
    TargetRequest,
)
from optout.operations.documents import journal_item
from optout.operations.naming import countries_of, for_many
from optout.operations.shapes import Shape
from optout.operations.transfer.importing import ImportPurpose
from optout.operations.transfer.rows import ImportedRow, Refused, opted_in, read_number
from optout.service import Service, now_utc

IMPORT_LIMIT = 10_000
_NUMBER_DIGITS = 18


def _is_out(out: bool) -> bool:
    if not out:
        raise ValueError(
            "opt-ins are imported by POST /api/suppressions/import-opt-ins, with a key of its own"
        )
    return out


def _is_in(out: bool) -> bool:
    if out:
        raise ValueError("opt-outs are imported by POST /api/suppressions/import")
    return out


class ImportRow(Body):
    """Somebody is out since then; without a time, since now."""

    recipient: Number
    at: Moment | None = Field(None, description="When the person asked, by default now.")
    out: Annotated[bool, AfterValidator(_is_out)] = True


class OptInRow(Body):
    """Somebody is in since then, a time that is over."""

    recipient: Number
    at: Moment = Field(description="When the person asked.")
    out: Annotated[bool, AfterValidator(_is_in)] = False


def _as_given(row: object, validate: object) -> object:
    """Each row is validated by itself later, so that a wrong one does not affect the others."""
    return row


_Row = TypeVar("_Row", bound=Body)
Rows = Annotated[
    Sequence[Annotated[_Row, WrapValidator(_as_given)]],
    Field(
        min_length=1,
        max_length=IMPORT_LIMIT,
        description="A row that is wrong is refused by itself, with the reason.",
    ),
]


class _PageRequest(TargetRequest):
    """What every import says, beside its rows."""

    actor: FreeText
    reason: FreeText
    dry_run: bool = Field(False, description="Say what would change, change nothing.")


class ImportRequest(_PageRequest):
    """Exactly one of sender, list and everything."""

    rows: Rows[ImportRow]


class OptInImportRequest(_PageRequest):
    """Exactly one of sender, list and everything."""

    rows: Rows[OptInRow]


Count = Annotated[int, Field(ge=0)]


class ImportCounts(Shape):
    """How many rows had which effect."""

    opted_out: Count
    opted_in: Count
    confirmed: Annotated[Count, Field(description="already so")]
    outdated: Annotated[Count, Field(description="older than what is known")]
    none: Annotated[
        Count, Field(description="opt-ins without effect, because a carrier or ACS still blocks")
    ]
    recorded: Annotated[Count, Field(description="the same row was recorded before")]


class RefusedRow(Shape):
    """A row that is not recorded, and why."""

    index: Annotated[Count, Field(description="of the row, from 0")]
    reason: str


class Imported(Named):
    """How many rows had which effect, and those that were refused."""

    dry_run: bool
    counts: ImportCounts
    refused: Sequence[RefusedRow]


IMPORTS = {
    "list": {
        "list": "contoso-alerts",
        "rows": [
            {"recipient": "+14255550123", "at": "2024-07-01T12:30:00Z"},
            {"recipient": "+14255550124"},
        ],
        "reason": "moved from another provider",
        "actor": "ann",
    }
}
IMPORTED = {
    "list": "contoso-alerts",
    "dry_run": False,
    "counts": {
        "opted_out": 1,
        "opted_in": 0,
        "confirmed": 0,
        "outdated": 0,
        "none": 0,
        "recorded": 0,
    },
    "refused": [{"index": 1, "reason": "recipient: is missing"}],
}


OPT_IN_IMPORTS = {
    "list": {
        "list": "contoso-alerts",
        "rows": [{"recipient": "+14255550123", "at": "2024-07-01T12:30:00Z"}],
        "reason": "moved from another provider",
        "actor": "ann",
    }
}
OPT_INS_IMPORTED = {
    "list": "contoso-alerts",
    "dry_run": False,
    "counts": {
        "opted_out": 0,
        "opted_in": 1,
        "confirmed": 0,
        "outdated": 0,
        "none": 0,
        "recorded": 0,
    },
    "refused": [],
}


def import_rows(request: Request, service: Service) -> Imported:
    """Record a page of the opt-outs of another system's list.

    Up to 10,000 rows. A newer keyword from the person wins, whatever the order of arrival. The same row
    with the same time again changes nothing. Nothing is announced.
    """
    return _import(parse_body(ImportRequest, request), request, service, _opt_out)


def import_opt_ins(request: Request, service: Service) -> Imported:
    """Record a page of the opt-ins of another system's list.

    Up to 10,000 rows, each with a time that is over: a newer STOP of the person stands. A block by a
    carrier or ACS is not lifted. The same row with the same time again changes nothing. Nothing is
    announced, but where somebody was opted in, the journal has an entry of it.
    """
    return _import(parse_body(OptInImportRequest, request), request, service, _opt_in)


def _import(
    body: ImportRequest | OptInImportRequest,
    request: Request,
    service: Service,
    read: Callable[[dict[str, object], Collection[str]], ImportedRow],
) -> Imported:
    target = for_many(body.find_target(service.directory))
    countries = countries_of(service.directory, target)
    given: Sequence[object] = body.rows
    rows: list[ImportedRow] = []
    refused: list[RefusedRow] = []
    for index, row in enumerate(given):
        try:
            if not isinstance(row, dict):
                raise BadRequest('a row is an object with "recipient" and "at"')
            rows.append(read(row, countries))
        except (BadRequest, Refused) as problem:
            refused.append({"index": index, "reason": str(problem)})
    purpose = ImportPurpose(target, body.actor, body.reason, principal(request))
    with service.importing(purpose, dry_run=body.dry_run) as importer:
        counts = importer.record(rows)
    return {
        **named(target),
        "dry_run": body.dry_run,
        "counts": _counts(counts),
        "refused": refused,
    }


def export_evidence(request: Request, service: Service) -> Journal:
    """All that happened to everybody.

    Person by person, the oldest first. A page may be shorter than the limit; there is more until the
    cursor is null.
    """
    query = parse_query(PageQuery, request)
    page = service.store.all_evidence(query.limit, _place(decode_cursor(query.cursor)))
    last = f"{page[-1].number}|{page[-1].recipient}" if page else None
    return {"items": list(map(journal_item, page)), "cursor": encode_cursor(last)}


def _counts(counts: Mapping[str, int]) -> ImportCounts:
    return {
        "opted_out": counts["opted_out"],
        "opted_in": counts["opted_in"],
        "confirmed": counts["confirmed"],
        "outdated": counts["outdated"],
        "none": counts["none"],
        "recorded": counts["recorded"],
    }


def _opt_out(row: dict[str, object], countries: Collection[str]) -> ImportedRow:
    said = validate_as(ImportRow, row, strict=True)
    recipient = read_number(said.recipient, countries)
    if said.at is None:
        return ImportedRow(recipient, aware(now_utc()), True, ("no_time",))
    if said.at < EARLIEST:
        raise Refused(f"at: is before {EARLIEST.year}; correct it, or leave it out")
    return ImportedRow(recipient, said.at)


def _opt_in(row: dict[str, object], countries: Collection[str]) -> ImportedRow:
    said = validate_as(OptInRow, row, strict=True)
    if said.at < EARLIEST:
        raise Refused(f"at: is before {EARLIEST.year}; correct it")
    return opted_in(read_number(said.recipient, countries), said.at, now_utc())


def _place(cursor: str | None) -> tuple[str, int] | None:
    if cursor is None:
        return None
    number, bar, recipient = cursor.partition("|")
    if not (bar and number.isdecimal() and len(number) <= _NUMBER_DIGITS):
        raise bad_cursor()
    return recipient, int(number)
