"""All rows of the tables, read while others write, in an order that makes them a backup.

What was recorded before the first row is read is among them, whole. What comes later may be, too.

1. **The quarantine** before the recipients: an event leaves it once it is recorded.
2. **What the index may lose** before the recipients: the entry of a request goes after its verdict is
   recorded, that of a text after the text was forgotten.
3. **Which rules the consents are by** before the recipients: it is said after the last was computed.
4. **The recipients**, each as at one moment, so that consents, evidence and what finds that by its id
   agree.
5. **The index** behind them: its rows are written before what they stand for.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, groupby

from azure.data.tables import TableEntity

from optout.domain.errors import ConfigurationError, OptoutError, StoreAway
from optout.store.tables import rows
from optout.store.tables.client import Account, Table

# A copy takes many requests, which nobody waits for one by one: about two minutes of an outage.
TRIES = 8
LONGEST_PAUSE = 30.0
# How often somebody may be read who is written about all the time.
READINGS = 50
_SECONDS_BETWEEN = 2.0
_NO_TRIAL = f"PartitionKey ne '{rows.TRIAL['PartitionKey']}'"
_ANY = f"PartitionKey ge '' and {_NO_TRIAL}"

Page = list[TableEntity]
# The pages of a query behind a row, or from its beginning.
Query = Callable[[TableEntity | None], Iterator[Page]]


def all_rows(account: Account, tables: Mapping[str, Table]) -> Iterator[tuple[str, TableEntity]]:
    """Every row with the name of its table. Raises StoreAway, and OptoutError where nothing can be
    backed up."""
    recipients, index, quarantine = (tables[name] for name in ("recipients", "index", "quarantine"))
    if recipients.get(rows.RESTORE):
        raise ConfigurationError(
            "a restore into these tables has not ended: what is there is a part of a backup"
        )
    if not any(recipients.pages(_ANY, 1)):
        raise ConfigurationError(
            "there is nothing in the tables, not even what the app writes at its first start: set "
            "OPTOUT_TABLES_ENDPOINT as the app has it"
        )
    computed_by = recipients.get(rows.RULES)
    for partition in _partitions(account, quarantine):
        yield from (("quarantine", row) for row in partition)
    for bucket in rows.BUCKETS:
        for kind in (rows.REVIEW, rows.TEXT):
            query = _within(index, f"{rows.partition(bucket)} and {rows.below(kind)}")
            yield from (("index", row) for page in _pages(account, query) for row in page)
    if computed_by is not None:
        yield "recipients", computed_by
    for partition in _partitions(account, recipients):
        yield from (("recipients", row) for row in partition if not _says_rules(row))
    for page in _pages(account, _whole(index)):
        yield from (("index", row) for row in page)


def _says_rules(row: Mapping[str, object]) -> bool:
    return bool(row["PartitionKey"] == rows.RULES["PartitionKey"])


def _partitions(account: Account, table: Table) -> Iterator[Page]:
    """The rows of one partition after the other, each as at one moment. A page is of one moment, so
    that only a partition which goes on in the next page must be read again by itself."""
    held: Page = []
    is_whole = True
    for page in _pages(account, _whole(table)):
        for _, group in groupby(page, lambda row: str(row["PartitionKey"])):
            found = list(group)
            if held and found[0]["PartitionKey"] == held[0]["PartitionKey"]:
                is_whole = False
                continue
            if held:
                yield held if is_whole else _at_one_moment(account, table, held[0])
            held, is_whole = found, True
    if held:
        yield held if is_whole else _at_one_moment(account, table, held[0])


def _at_one_moment(account: Account, table: Table, one: TableEntity) -> Page:
    """The rows of a partition of several pages: what two readings find in the same way was there
    between them."""
    query = _within(table, rows.partition(_quoted(one["PartitionKey"])))
    before: list[tuple[str, str | None]] = []
    for _ in range(READINGS):
        pages = list(_pages(account, query))
        found = list(chain.from_iterable(pages))
        tags = [(str(row["RowKey"]), row.metadata["etag"]) for row in found]
        if len(pages) < 2 or tags == before:
            return found
        before = tags
    raise OptoutError(
        "a partition changes faster than it can be read, perhaps that of events in quarantine: back up "
        "again when less arrives"
    )


def _pages(account: Account, query: Query) -> Iterator[Page]:
    """All pages of a query that have rows. Where the storage is away for some time, it goes on behind
    the last of them."""
    last: TableEntity | None = None
    failed = 0
    while True:
        try:
            for page in query(last):
                failed = 0
                if page:
                    last = page[-1]
                    yield page
            return
        except StoreAway:
            failed += 1
            if failed == TRIES:
                raise
        account.pause(min(LONGEST_PAUSE, _SECONDS_BETWEEN**failed))


def _whole(table: Table) -> Query:
    """A whole table, but for what is written only to see whether that is possible. Conditions that are
    joined by `or` would read it from its beginning each time."""

    def behind(last: TableEntity | None) -> Iterator[Page]:
        if last is None:
            return table.pages(_ANY)
        partition, key = _quoted(last["PartitionKey"]), _quoted(last["RowKey"])
        return chain(
            table.pages(f"{rows.partition(partition)} and RowKey gt '{key}'"),
            table.pages(f"PartitionKey gt '{partition}' and {_NO_TRIAL}"),
        )

    return behind


def _within(table: Table, condition: str) -> Query:
    """What meets a condition that names one partition."""

    def behind(last: TableEntity | None) -> Iterator[Page]:
        if last is None:
            return table.pages(condition)
        return table.pages(f"{condition} and RowKey gt '{_quoted(last['RowKey'])}'")

    return behind


def _quoted(key: object) -> str:
    return str(key).replace("'", "''")
