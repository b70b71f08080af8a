"""Lists in and out, in pages."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from optout.domain.errors import BadRequest
from optout.domain.times import aware
from optout.http.exchange import (
    Body,
    Request,
    bad_cursor,
    decoded,
    encoded,
    parsed,
    principal,
    queried,
    validated,
)
from optout.http.history import item_of_anybody
from optout.http.suppressions import about
from optout.http.values import Moment, PageQuery, Said
from optout.operations.naming import find_target
from optout.operations.transfer.importing import ImportPurpose
from optout.operations.transfer.rows import ImportedRow, Refused, read_number
from optout.operations.transfer.times import EARLIEST
from optout.service import Service, now_utc

IMPORT_LIMIT = 10_000
_NUMBER_DIGITS = 18


class ImportBody(Body):
    """A page of another system's list."""

    sender: str | None = None
    list: str | None = None
    everything: bool = False
    rows: Sequence[object] = Field(min_length=1, max_length=IMPORT_LIMIT)
    actor: Said
    reason: Said
    dry_run: bool = False


class ImportRow(Body):
    """Somebody is out, or in, since then; without a time since now."""

    recipient: str
    at: Moment | None = None
    out: bool = True


def imported(request: Request, service: Service) -> Any:
    """POST /api/suppressions/import"""
    body = parsed(ImportBody, request)
    target = find_target(service.directory, body.sender, body.list, body.everything)
    rows: list[ImportedRow] = []
    refused: list[dict[str, Any]] = []
    for index, row in enumerate(body.rows):
        try:
            rows.append(_row(row))
        except (BadRequest, Refused) as problem:
            refused.append({"index": index, "reason": str(problem)})
    purpose = ImportPurpose(target, body.actor, body.reason, principal(request))
    with service.importing(purpose, dry_run=body.dry_run) as importer:
        counts = importer.record(rows)
    effects = ("opted_out", "opted_in", "confirmed", "outdated", "none", "recorded")
    return {
        **about(target),
        "dry_run": body.dry_run,
        "counts": {name: counts[name] for name in effects},
        "refused": refused,
    }


def exported(request: Request, service: Service) -> Any:
    """GET /api/export"""
    query = queried(PageQuery, request)
    page = service.store.all_evidence(query.limit, _place(decoded(query.cursor)))
    last = f"{page[-1].number}|{page[-1].recipient}" if page else None
    return {"items": [item_of_anybody(evidence) for evidence in page], "cursor": encoded(last)}


def _row(row: object) -> ImportedRow:
    if not isinstance(row, dict):
        raise BadRequest('a row is an object with "recipient", and "at" and "out" where they are known')
    said = validated(ImportRow, row, strict=True)
    if said.at is None:
        return ImportedRow(read_number(said.recipient), aware(now_utc()), said.out, ("no_time",))
    if said.at < EARLIEST:
        raise Refused(f"at: is before {EARLIEST.year}; correct it, or leave it out")
    return ImportedRow(read_number(said.recipient), said.at, said.out)


def _place(cursor: str | None) -> tuple[str, int] | None:
    if cursor is None:
        return None
    number, bar, recipient = cursor.partition("|")
    if not (bar and number.isdecimal() and len(number) <= _NUMBER_DIGITS):
        raise bad_cursor()
    return recipient, int(number)
