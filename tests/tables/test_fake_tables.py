"""The account in memory, on which the simulation runs, answers as Azurite does."""

import random
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from optout.store.tables import client
from optout.store.tables.client import Conflict, Table
from optout.store.tables.rows import Row, keys
from tests.support.fake_tables import FakeAccount, Storage
from tests.support.in_turn import InTurn

PARTITIONS, KEYS = ("a", "b"), ("c_1", "c_2", "e_1", "e_2", "e_3")
CONDITIONS = (
    "PartitionKey eq 'a' and RowKey ge 'c_' and RowKey lt 'e`'",
    "PartitionKey eq 'a' and RowKey ge 'e_' and RowKey lt 'e`'",
    "PartitionKey eq 'b' and RowKey eq 'e_1'",
    "PartitionKey gt 'a' and RowKey ge 'c_' and RowKey lt 'e`'",
    "PartitionKey gt '' and RowKey ge 'c_' and RowKey lt 'e`'",
    "PartitionKey eq 'a' and RowKey ge 'c_' and RowKey lt 'e`' and said ne 'two'",
    "PartitionKey eq 'b' and RowKey gt 'c_1' and RowKey le 'e_2' and is_new eq true",
    "PartitionKey eq 'nobody'",
)


class Tables:
    """One of two tables that are asked the same. Tags are its own: they are told as the how-many-eth a
    row has had."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.tags: dict[tuple[str, str], list[str]] = {}

    def tag(self, row: Row, tag: str | None) -> object:
        if tag is None:
            return None
        had = self.tags.setdefault((row["PartitionKey"], row["RowKey"]), [])
        if tag not in had:
            had.append(tag)
        return had.index(tag)


Ask = Callable[[Tables], object]


def row(chance: random.Random) -> Row:
    """Some row; half of them have a property that others lack."""
    found = keys(chance.choice(PARTITIONS), chance.choice(KEYS))
    extra = {"is_new": chance.random() < 0.5, "packed0": b"\x00\xff"} if chance.random() < 0.5 else {}
    return {**found, "said": chance.choice(("one", "two", "’;")), **extra}


def writing(chance: random.Random) -> Ask:
    """A transaction in one partition."""
    partition = chance.choice(PARTITIONS)
    names = chance.sample(KEYS, chance.randint(1, 3))
    made: list[Any] = [
        ("create", values) if chance.random() < 0.5 else ("upsert", values, {"mode": "replace"})
        for name in names
        for values in [{**row(chance), **keys(partition, name)}]
    ]

    def ask(tables: Tables) -> object:
        try:
            tags = tables.table.write(made)
            return [tables.tag(values, tag) for (_, values, *_), tag in zip(made, tags, strict=True)]
        except Conflict:
            return "conflict"

    return ask


def replacing(chance: random.Random) -> Ask:
    """Of a row that is read first, or with a tag that is out of date."""
    values, is_outdated = row(chance), chance.random() < 0.3

    def ask(tables: Tables) -> object:
        found = tables.table.get(values)
        if found is None:
            return "nothing"
        etag = str(found.metadata["etag"])
        if is_outdated:
            tables.table.merge({**values, "said": "newer"})
        return tables.tag(values, tables.table.replace(values, etag))

    return ask


def removing(chance: random.Random) -> Ask:
    partition = chance.choice(PARTITIONS)
    rows = [keys(partition, name) for name in chance.sample(KEYS, 2)]
    return lambda tables: tables.table.delete_together(rows)


def reading(chance: random.Random) -> Ask:
    """All pages of a query."""
    condition, size = chance.choice(CONDITIONS), chance.choice((1, 2, 1_000))
    select = chance.choice((None, ["RowKey", "said"]))

    def ask(tables: Tables) -> object:
        pages = tables.table.pages(condition, size, select)
        return [[shown(found) for found in page] for page in pages]

    return ask


def getting(chance: random.Random) -> Ask:
    values = row(chance)

    def ask(tables: Tables) -> object:
        found = tables.table.get(values)
        return found and (shown(found), tables.tag(values, str(found.metadata["etag"])))

    return ask


def shown(found: Row) -> dict[str, object]:
    return {name: value for name, value in found.items() if not name.startswith("odata")}


def asked(chance: random.Random) -> Ask:
    """Any request."""
    made = chance.choice((writing, writing, replacing, removing, reading, reading, getting))
    if chance.random() < 0.1:
        values = row(chance)
        return lambda tables: tables.table.delete(values)
    if chance.random() < 0.1:
        values = row(chance)
        return lambda tables: tables.table.merge(values)
    return made(chance)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_requests_have_the_same_answers(azurite: str, seed: int) -> None:
    """Whatever comes in whatever order, on a table that is not there yet and later."""
    account = client.connect(None, azurite)
    name = f"t{uuid4().hex[:12]}"
    real = Tables(account.table(name))
    fake = Tables(FakeAccount(Storage(), InTurn()).table(name))
    chance = random.Random(seed)
    # The first write makes the table.
    for ask in (getting(chance), writing(chance), *(asked(chance) for _ in range(150))):
        assert ask(fake) == ask(real)
    account.close()
