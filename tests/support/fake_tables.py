"""Table Storage in memory, as the store's own client sees it: rows with tags, pages in the order of the
keys, and transactions that are done whole or not at all. It is held against Azurite in
tests/tables/test_fake_tables.py."""

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import count, islice
from operator import eq, ge, gt, le, lt, ne
from threading import RLock
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

from azure.data.tables import TableEntity

from optout.store.tables import client
from optout.store.tables.client import PAGE_ROWS, AccountClock, Conflict, Operation
from optout.store.tables.rows import Row

Value = TypeVar("Value")
# Passes a request on: its name, and what does it.
Wire = Callable[[str, Callable[[], Any]], Any]
_OPERATORS = {"eq": eq, "ne": ne, "gt": gt, "ge": ge, "lt": lt, "le": le}
_CLAUSE = re.compile(r"(\w+) (eq|ne|gt|ge|lt|le) (?:'([^']*)'|(true|false))")
# What one transaction takes.
MOST_OPERATIONS = 100


class _Stored(NamedTuple):
    values: Row
    etag: str

    @property
    def place(self) -> tuple[str, str]:
        return self.values["PartitionKey"], self.values["RowKey"]


class Rows:
    """The rows of one table, by partition and key."""

    def __init__(self, tags: Iterator[int]) -> None:
        self._partitions: dict[str, dict[str, _Stored]] = {}
        self._names: list[str] = []
        self._keys: dict[str, list[str]] = {}
        self._tags = tags

    def get(self, row: Mapping[str, Any]) -> _Stored | None:
        return self._partitions.get(row["PartitionKey"], {}).get(row["RowKey"])

    def put(self, row: Row) -> str:
        name, key = row["PartitionKey"], row["RowKey"]
        if name not in self._partitions:
            self._partitions[name], self._keys[name] = {}, []
            insort(self._names, name)
        if key not in self._partitions[name]:
            insort(self._keys[name], key)
        etag = f'W/"{next(self._tags)}"'
        self._partitions[name][key] = _Stored(dict(row), etag)
        return etag

    def remove(self, row: Mapping[str, Any]) -> None:
        name, key = row["PartitionKey"], row["RowKey"]
        if self._partitions.get(name, {}).pop(key, None) is not None:
            self._keys[name].remove(key)

    def find(self, condition: str, after: tuple[str, str]) -> Iterator[_Stored]:
        """Those that meet a condition, behind a place."""
        clauses = _parsed(condition)
        only = [value for name, sign, value in clauses if (name, sign) == ("PartitionKey", eq)]
        for name in [each for each in only if each in self._keys] if only else list(self._names):
            for key in self._keys[name]:
                stored = self._partitions[name][key]
                if (name, key) > after and all(_meets(stored.values, each) for each in clauses):
                    yield stored


@lru_cache(maxsize=2_000)
def _parsed(condition: str) -> tuple[tuple[str, Callable[[Any, Any], bool], Any], ...]:
    parts = condition.split(" and ")
    found = [_CLAUSE.fullmatch(part) for part in parts]
    assert all(found), f"this fake does not understand {condition}"
    return tuple(
        (each[1], _OPERATORS[each[2]], each[4] == "true" if each[3] is None else each[3])
        for each in found
        if each is not None
    )


def _meets(values: Row, clause: tuple[str, Callable[[Any, Any], bool], Any]) -> bool:
    name, holds, value = clause
    return name in values and holds(values[name], value)


class FakeTable(client.Table):
    """One table; every method is one request, and of `pages` every page."""

    def __init__(self, name: str, rows: Rows, wire: Wire) -> None:
        self._name = name
        self._rows = rows
        self._wire = wire

    def _request(self, method: str, work: Callable[[], Value]) -> Value:
        return cast(Value, self._wire(f"{method} {self._name}", work))

    def pages(
        self, condition: str, rows: int = PAGE_ROWS, select: Sequence[str] | None = None
    ) -> Iterator[list[TableEntity]]:
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            place = after

            def read(place: tuple[str, str] = place) -> list[_Stored]:
                return list(islice(self._rows.find(condition, place), rows + 1))

            found = self._request("GET", read)
            page, is_more = found[:rows], len(found) > rows
            after = page[-1].place if is_more else None
            yield [_entity(each, select) for each in page]

    def get(self, row: Row) -> TableEntity | None:
        stored = self._request("GET", lambda: self._rows.get(row))
        return None if stored is None else _entity(stored, None)

    def replace(self, row: Row, etag: str) -> str | None:
        def work() -> str | None:
            stored = self._rows.get(row)
            return self._rows.put(row) if stored and stored.etag == etag else None

        return self._request("PUT", work)

    def merge(self, row: Row) -> bool:
        def work() -> bool:
            stored = self._rows.get(row)
            if stored is None:
                return False
            self._rows.put(stored.values | row)
            return True

        return self._request("PATCH", work)

    def delete(self, row: Row) -> None:
        self._request("DELETE", lambda: self._rows.remove(row))

    def delete_together(self, rows: Sequence[Row]) -> bool:
        _assert_one_transaction(rows)

        def work() -> bool:
            if not all(self._rows.get(row) for row in rows):
                return False
            for row in rows:
                self._rows.remove(row)
            return True

        return self._request("POST", work)

    def write(self, operations: Iterable[Operation]) -> list[str]:
        made = [(each[0], each[1]) for each in operations]
        _assert_one_transaction([row for _, row in made])

        def work() -> list[str]:
            if any(kind == "create" and self._rows.get(row) for kind, row in made):
                raise Conflict("the row already exists")
            return [self._rows.put(row) for _, row in made]

        return self._request("POST", work)


def _entity(stored: _Stored, select: Sequence[str] | None) -> TableEntity:
    values = stored.values
    given = values if select is None else {name: values[name] for name in select if name in values}
    entity = TableEntity(given)
    # As the SDK leaves it: rows come with their tag.
    entity._metadata = {"etag": stored.etag, "timestamp": None}
    return entity


def _assert_one_transaction(rows: Sequence[Row]) -> None:
    """What the service refuses is a mistake of whoever asks."""
    assert 0 < len(rows) <= MOST_OPERATIONS
    assert len({row["PartitionKey"] for row in rows}) == 1
    assert len({row["RowKey"] for row in rows}) == len(rows)


class Storage:
    """What an account keeps, for all who are connected to it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._tags = count(1)
        self._tables: dict[str, Rows] = {}

    def table(self, name: str) -> Rows:
        return self._tables.setdefault(name, Rows(self._tags))


class FakeAccount(client.Account):
    """A connection to what an account keeps. `wire` sees every request, `now` is the account's clock,
    `timer` and `sleep` are those of the one who is connected."""

    def __init__(
        self,
        storage: Storage,
        threads: Executor,
        wire: Wire = lambda name, work: work(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = lambda: 0.0,
        sleep: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        # It has no client for the network: every table is one of those below.
        super().__init__(
            cast(Any, None),
            cast(Any, None),
            threads,
            AccountClock(timer),
            timer=timer,
            sleep=sleep,
            uniform=lambda low, high: high,
        )
        self._storage = storage
        self._wire = wire
        self._account_now = now

    def table(self, name: str) -> client.Table:
        return FakeTable(name, self._storage.table(name), self._answered)

    def _answered(self, name: str, work: Callable[[], Any]) -> Any:
        """The answer to a request, which says when it was given."""
        said: list[datetime] = []

        def at_the_account() -> Any:
            said.append(self._account_now())
            with self._storage.lock:
                return work()

        answer = self._wire(name, at_the_account)
        headers = {"Date": format_datetime(said[-1].replace(microsecond=0), usegmt=True)}
        response: Any = SimpleNamespace(http_response=SimpleNamespace(headers=headers))
        self._clock.on_response(cast(Any, None), response)
        return answer

    def close(self) -> None:
        self._threads.shutdown()
