"""A copy of the tables, written into tables that are empty.

The first row that is written says of which copy it is, and the last step takes it away. In between
nobody may take the tables for the store: `Store.ensure_whole` refuses. A restore that was cut short is
run again with the same copy, and writes the same rows over those that are there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from optout.domain.errors import ConfigurationError, StoreAway
from optout.store import codec, generation
from optout.store.tables import rows
from optout.store.tables.archive import Header, Line
from optout.store.tables.backup import LONGEST_PAUSE, TRIES
from optout.store.tables.client import IN_FLIGHT, Account, Conflict, Operation, Table

# A transaction takes 100 rows and 4 MiB; smaller ones are through within the time of a request.
_ROWS, _BYTES = 100, 2**20
# What one partition takes in a quarter of a second, well within the time of a request.
_ROWS_AT_ONCE = 500
_SECONDS_BETWEEN = 2.0
_SECONDS_AT_ONCE = 3600.0
# What an app writes into a store in which there is nobody.
_NOBODYS = (rows.RULES, rows.GENERATION, rows.TRIAL)

Batch = list[Line]


def begin(tables: Mapping[str, Table], header: Header) -> bool:
    """Mark the tables as being restored; whether an earlier run had begun. Raises ConfigurationError
    where they are not empty, and where it is another copy that was begun."""
    recipients = tables["recipients"]
    if mark := recipients.get(rows.RESTORE):
        if mark["id"] != header.id:
            raise ConfigurationError(
                "these tables hold a part of another copy, which was begun at "
                f"{mark['begun']}: restore that, or delete the tables and begin again"
            )
        return True
    nobodys = " and ".join(f"PartitionKey ne '{row['PartitionKey']}'" for row in _NOBODYS)
    for name, table in tables.items():
        if any(table.pages(nobodys, 1)):
            raise ConfigurationError(
                f"there are rows in the table {name}, and a restore would mix them with those of the "
                "copy. Restore into an account whose tables are empty, or save what is there with "
                "backup and delete the tables: docs/deploy.md, Backup, and back"
            )
    begun = {**rows.RESTORE, "id": header.id, "begun": codec.stamp(header.begun)}
    recipients.write([("upsert", begun, {"mode": "replace"})])
    return False


def write(
    account: Account, tables: Mapping[str, Table], lines: Iterable[Line], told: Callable[[int], object]
) -> None:
    """Write all rows, many transactions at a time; `told` of how many once they are there. Raises
    StoreAway."""
    for together in _in_flight(batches(lines)):
        until = account.deadline(_SECONDS_AT_ONCE)
        account.each(lambda batch: _write(account, tables[batch[0].table], batch), together, until)
        told(sum(map(len, together)))


def finish(tables: Mapping[str, Table], now: datetime) -> int:
    """Begin a new generation of the store, and say that it is whole; the number of the generation."""
    recipients = tables["recipients"]
    known = recipients.get(rows.GENERATION)
    begun = generation.following(int(known["number"]) if known else 1, now)
    row = {**rows.GENERATION, "number": str(begun)}
    recipients.write([("upsert", row, {"mode": "replace"})])
    recipients.delete(rows.RESTORE)
    return begun


def batches(lines: Iterable[Line]) -> Iterator[Batch]:
    """The rows of one partition that follow one another, as many as a transaction takes."""
    batch: Batch = []
    size = 0
    for line in lines:
        if batch and (
            _place(line) != _place(batch[0]) or len(batch) == _ROWS or size + line.size > _BYTES
        ):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


def _in_flight(found: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Transactions that are made side by side. Those of many people are small and go to as many
    partitions; those of the index may all go to one, which takes no more than it takes."""
    together: list[Batch] = []
    for batch in found:
        if len(together) == IN_FLIGHT or sum(map(len, together)) + len(batch) > _ROWS_AT_ONCE:
            yield together
            together = []
        together.append(batch)
    if together:
        yield together


def _place(line: Line) -> tuple[str, str]:
    return line.table, line.row["PartitionKey"]


def _write(account: Account, table: Table, batch: Batch) -> None:
    """Raises StoreAway where the storage does not take it for minutes."""
    written: list[Operation] = [("upsert", line.row, {"mode": "replace"}) for line in batch]
    for failed in range(1, TRIES + 1):
        try:
            table.write(written)
            return
        except (StoreAway, Conflict):  # a table that is being deleted conflicts
            if failed == TRIES:
                raise StoreAway(
                    "Table Storage: the rows of the copy are not taken; run it again"
                ) from None
        account.pause(min(LONGEST_PAUSE, _SECONDS_BETWEEN**failed))
