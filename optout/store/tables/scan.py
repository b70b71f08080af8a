"""Reading the recipients table from end to end: a batch on the command line, never a request that
somebody waits for."""

from itertools import chain, groupby, islice

from optout.domain.model import Evidence
from optout.store.tables import rows
from optout.store.tables.client import PAGE_ROWS, Table


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
