"""Where a store keeps its data, as a value that another process can open, too."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from optout.store.protocol import Store
from optout.store.sqlite.store import SqliteStore
from optout.store.tables import client
from optout.store.tables.store import TablesStore
from tests.support.fake_tables import FakeAccount, Storage
from tests.support.in_turn import InTurn
from tests.support.model_store import Kept, ModelStore, by_chance


@dataclass(frozen=True)
class Place:
    """A file of SQLite, tables with names of their own in one Azurite, or this process's memory, which
    no other process can open: of the model, or of tables without an account."""

    file: Path | None = None
    memory: Kept | None = None
    fake: Storage | None = None
    connection_string: str = ""
    prefix: str = ""

    def open(self, *policies: Any) -> Store:
        """A store on what is kept here; policies see every request of one in tables."""
        if self.file is not None:
            return SqliteStore(self.file)
        if self.memory is not None:
            return ModelStore(self.memory, by_chance(random.Random(1)))
        if self.fake is not None:
            return TablesStore(FakeAccount(self.fake, InTurn()))
        return TablesStore(client.connect(None, self.connection_string, policies), self.prefix)


Places = Callable[[], Place]


def file_in(folder: Path) -> Place:
    return Place(file=folder / "optout.db")


def new_tables(connection_string: str) -> Place:
    return Place(connection_string=connection_string, prefix=f"t{uuid4().hex[:12]}")


# Every store that must keep the contract, by its name: how to get a new, empty place for it, given a
# folder and a way to the connection string of an Azurite.
STORES: dict[str, Callable[[Path, Callable[[], str]], Place]] = {
    "model": lambda *_: Place(memory=Kept()),
    "sqlite": lambda folder, _: file_in(folder),
    "fake tables": lambda *_: Place(fake=Storage()),
    "tables": lambda _, azurite: new_tables(azurite()),
}
# Those that several processes can open.
SHARED = ("sqlite", "tables")
