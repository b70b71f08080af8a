"""Reading the recipients table from end to end: a batch on the command line and the beginning of the
feed, never a request that somebody waits for."""

from collections.abc import Callable, Sequence
from itertools import chain, groupby, islice

from azure.data.tables import TableEntity

from optout.domain.model import ConsentSnapshot, Evidence
from optout.store.tables import rows
from optout.store.tables.client import PAGE_ROWS, Table

# Without the bodies of evidence.
_SNAPSHOT_COLUMNS = (
    *("PartitionKey", "RowKey", "scope", "is_out", "since", "at", "source", "keyword", "blocked_by"),
    "evidence_id",
)


def all_evidence(table: Table, limit: int, after: tuple[str, int] | None) -> tuple[Evidence, ...]:
    """Evidence by recipient and then number, after a recipient's number."""
    recipient, number = after or ("", 0)
    rest = _next_numbers(table, recipient, number, limit) if after else ()
    return rest or _next_recipients(table, recipient, limit)


def _next_recipients(table: Table, recipient: str, limit: int) -> tuple[Evidence, ...]:
    """The evidence about those who follow a recipient: all about each, except where the first alone
    has more than the limit."""
    condition = f"PartitionKey gt '{rows.key(recipient)}' and {rows.EVIDENCE}"
    pages = table.pages(condition, min(limit + 1, PAGE_ROWS))
    found = list(islice(chain.from_iterable(pages), limit + 1))
    people = [list(group) for _, group in groupby(found, lambda row: str(row["PartitionKey"]))]
    if len(found) > limit:
        *people, unfinished = people
        if not people:
            return _next_numbers(table, rows.evidence(unfinished[0]).recipient, 0, limit)
    return tuple(rows.evidence(row) for person in people for row in reversed(person))


def _next_numbers(table: Table, recipient: str, number: int, limit: int) -> tuple[Evidence, ...]:
    """The evidence about a recipient after a number. Numbers have no gaps, so that the oldest are found
    although the newest come first."""
    first, last = rows.number_key(number + limit), rows.number_key(number + 1)
    pages = table.pages(rows.of(recipient, f"RowKey ge '{first}' and RowKey le '{last}'"))
    return tuple(map(rows.evidence, reversed(list(chain.from_iterable(pages)))))


def snapshots(
    table: Table, read: Callable[[str], ConsentSnapshot], limit: int, after: str
) -> tuple[list[ConsentSnapshot], str | None]:
    """The consents of those who follow a partition, of as many as the limit says, and the last one's
    partition if there are more. A page of a query is of one moment: whoever is not whole in one is
    `read` again."""
    condition = f"PartitionKey gt '{after}' and {rows.CONSENTS_AND_EVIDENCE}"
    found: dict[str, ConsentSnapshot | None] = {}
    for page in table.pages(condition, PAGE_ROWS, _SNAPSHOT_COLUMNS):
        for partition, group in groupby(page, lambda row: str(row["PartitionKey"])):
            found[partition] = None if partition in found else _snapshot(table, partition, list(group))
        if len(found) > limit + 1:  # the last may go on in the next page
            break
    people = list(islice(found, limit))
    items = [found[partition] or read(_recipient(table, partition)) for partition in people]
    # An import as a whole is evidence about nobody.
    return [item for item in items if item.consents], people[-1] if len(found) > limit else None


def _snapshot(table: Table, partition: str, group: Sequence[TableEntity]) -> ConsentSnapshot | None:
    newest = next(filter(rows.is_evidence, group), None)
    if newest is None:
        return None
    consents = rows.consents(row for row in group if not rows.is_evidence(row))
    return ConsentSnapshot(_recipient(table, partition), rows.number(newest), consents)


def _recipient(table: Table, partition: str) -> str:
    if (recipient := rows.recipient(partition)) is not None:
        return recipient
    newest = next(table.pages(f"{rows.partition(partition)} and {rows.EVIDENCE}", 1))
    return rows.evidence(newest[0]).recipient
