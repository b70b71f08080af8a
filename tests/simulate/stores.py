"""The stores that a simulation runs over. Every process opens its own, and the checks have one that
nobody disturbs."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from optout.domain.errors import StoreAway
from optout.store.protocol import Store
from optout.store.sqlite.store import SqliteStore
from optout.store.tables import rows
from optout.store.tables.store import TablesStore
from tests.simulate.choices import Choices
from tests.simulate.effects import Effects, told
from tests.simulate.operations import moment
from tests.simulate.scheduler import Scheduler
from tests.simulate.watch import Watch
from tests.support.fake_tables import FakeAccount
from tests.support.fake_tables import Storage as Account
from tests.support.in_turn import InTurn
from tests.support.model_store import Kept, ModelStore

# A flush to disk would only cost time.
_MEMORY = Path("/dev/shm")
# What asks nothing of a storage.
LOCAL = frozenset({"finds_opt_ins", "finds_pending", "generation", "close"})


class Storage(Protocol):
    """Where one history keeps its data. `plain` is for the checks."""

    plain: Store

    def open(self) -> Store:
        """A store for one process."""

    def call(self, operation: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> Any:
        """An operation of a process's store, with all that may become of it."""

    def newest(self, recipient: str) -> int:
        """How much evidence there is about a recipient."""

    def close(self) -> None: ...


class InMemory:
    """The model store. What it is free to do is a choice of the history."""

    def __init__(
        self, scheduler: Scheduler, choices: Choices, effects: Effects, wait: Callable[[], None]
    ) -> None:
        self._scheduler = scheduler
        self._choices = choices
        self._effects = effects
        self._wait = wait
        self._kept = Kept()
        self.plain: Store = ModelStore(self._kept, lambda freedom, ways: 0)

    def open(self) -> Store:
        return ModelStore(self._kept, self._draw, self._wait)

    def _draw(self, freedom: str, ways: int) -> int:
        if freedom == "does not find what is pending":
            return 0  # it is only asked where nobody else remembers
        return self._choices.number(f"{self._scheduler.name} {freedom}", ways)

    def call(self, operation: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> Any:
        return self._effects.around("store", name, lambda: operation(*arguments), StoreAway)

    def newest(self, recipient: str) -> int:
        return len(self._kept.of(recipient))

    def close(self) -> None:
        """Nothing to close."""


class InFile:
    """The SQLite store. Nobody goes on while an operation is under way: it has the file to itself."""

    def __init__(self, scheduler: Scheduler, effects: Effects) -> None:
        self._scheduler = scheduler
        self._effects = effects
        where = _MEMORY if _MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="optout-simulate-", dir=where))
        self._opened: list[Store] = []
        self.plain = self.open()

    def open(self) -> Store:
        store = SqliteStore(self._folder / "optout.db")
        self._opened.append(store)
        return store

    def call(self, operation: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> Any:
        def alone() -> Any:
            task = self._scheduler.task
            task.undisturbed += 1
            try:
                return operation(*arguments)
            finally:
                task.undisturbed -= 1

        return self._effects.around("store", name, alone, StoreAway)

    def newest(self, recipient: str) -> int:
        newest = self.plain.history(recipient, 1, None).items
        return newest[0].number if newest else 0

    def close(self) -> None:
        for store in self._opened:
            store.close()
        shutil.rmtree(self._folder)


class InTables:
    """The store in tables, on an account in memory. Each request may fail, before it is done and
    after, or be done twice, and others may go on around it."""

    def __init__(self, scheduler: Scheduler, effects: Effects) -> None:
        self._scheduler = scheduler
        self._effects = effects
        self._kept = Account()
        # For whoever reads the feed at the end, everything has been there for long enough.
        later = timedelta(minutes=10)
        plain = FakeAccount(self._kept, InTurn(), now=lambda: moment(scheduler.now) + later)
        self.plain: Store = TablesStore(plain, "")

    def open(self) -> Store:
        account = FakeAccount(
            self._kept,
            InTurn(),
            wire=lambda name, work: self._effects.around("request", name, work, StoreAway),
            now=lambda: moment(self._scheduler.now),
            timer=lambda: self._scheduler.now / 1000,
            sleep=lambda seconds: self._scheduler.pause(round(seconds * 1000)),
        )
        return TablesStore(account, "")

    def call(self, operation: Callable[..., Any], name: str, arguments: tuple[Any, ...]) -> Any:
        value = operation(*arguments)
        self._scheduler.say(f"{name}{told(value)}")
        return value

    def newest(self, recipient: str) -> int:
        evidence = rows.of(recipient, rows.EVIDENCE)
        found = next(self._kept.table("recipients").find(evidence, ("", "")), None)
        return rows.number(found.values) if found else 0

    def close(self) -> None:
        """Nothing to close."""


class Disturbed:
    """The store of one process, as the code under test has it."""

    def __init__(self, storage: Storage, watch: Watch) -> None:
        self._storage = storage
        self._store = storage.open()
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._store, name)
        if name in LOCAL:
            return operation

        def noted(*arguments: Any) -> Any:
            began = self._watch.begins(name, arguments)
            value = operation(*arguments)
            self._watch.saw(name, arguments, value, began)
            return value

        return lambda *arguments: self._storage.call(noted, name, arguments)
