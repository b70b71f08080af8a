"""Copies of tables as tests make, look at and restore them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity

from optout.store.tables import archive, backup, client, restore
from optout.store.tables.client import Account, Table
from optout.store.tables.store import TABLES, tables_of
from tests.support.places import Place

BEGUN = datetime(2026, 6, 2, tzinfo=UTC)
Found = dict[tuple[str, str, str], dict[str, Any]]


@contextmanager
def opened(place: Place, *policies: Any) -> Iterator[Account]:
    account = client.connect(None, place.connection_string, policies)
    try:
        yield account
    finally:
        account.close()


def header() -> archive.Header:
    return archive.Header(str(uuid4()), BEGUN, TABLES)


def copy_of(place: Place, *policies: Any) -> bytes:
    """The tables as a file."""
    with opened(place, *policies) as account:
        found = backup.all_rows(account, tables_of(account, place.prefix))
        return b"".join(archive.written(header(), found))


def restored(place: Place, copy: bytes, *policies: Any) -> int:
    """Restore a file as the command does; the new generation."""
    with opened(place, *policies) as account:
        tables = tables_of(account, place.prefix)
        whole = archive.Copy([copy])
        assert list(whole.rows())
        restore.begin(tables, whole.header)
        restore.write(account, tables, archive.Copy([copy]).rows(), lambda rows: None)
        return restore.finish(tables, datetime.now(UTC))


def stored(place: Place) -> Found:
    """Every row as the service says it, types and all, by table and keys; without its time and tag."""
    of_service = {"odata.etag", "Timestamp", "Timestamp@odata.type"}
    return {
        (name, row["PartitionKey"], row["RowKey"]): {
            key: value for key, value in row.items() if key not in of_service
        }
        for name in TABLES
        for row in _said(place, name)
    }


def _said(place: Place, name: str) -> list[dict[str, Any]]:
    """What the service answers, before the SDK reads it; nothing for a table that is not there."""
    found: list[dict[str, Any]] = []

    def hear(answer: Any) -> None:
        found.extend(answer.http_response.json().get("value", []))

    table = TableClient.from_connection_string(place.connection_string, place.prefix + name)
    with table, suppress(ResourceNotFoundError):
        list(table.list_entities(raw_response_hook=hear))
    return found


def without_generation(found: Found) -> Found:
    """What a restore leaves as it was."""
    return {keys: row for keys, row in found.items() if keys[1] != "generation"}


class Watched(Table):
    """A table that gives small pages, behind each of which something happens."""

    def __init__(self, place: Place, name: str, happens: Callable[[str], None], rows: int = 3) -> None:
        super().__init__(
            TableClient.from_connection_string(place.connection_string, place.prefix + name)
        )
        self._name, self._happens, self._rows = name, happens, rows

    def pages(
        self, condition: str, rows: int = 1000, select: Sequence[str] | None = None
    ) -> Iterator[list[TableEntity]]:
        for page in super().pages(condition, min(rows, self._rows), select):
            yield page
            self._happens(self._name)


def copy_meanwhile(place: Place, happens: Callable[[str], None], rows: int = 3) -> bytes:
    """The tables as a file, in small pages; behind each something happens, told of which table."""
    with opened(place) as account:
        tables = {name: Watched(place, name, happens, rows) for name in TABLES}
        return b"".join(archive.written(header(), backup.all_rows(account, tables)))
