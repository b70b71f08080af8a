"""One durable transaction for all who are waiting to write.

A commit that is flushed to disk takes far longer than what it writes. Whoever gets the turn writes for
everybody who waits, so that threads share the flush in place of queueing for one each.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

_Value = TypeVar("_Value")


class _Write:
    """Some work on a connection, and what came of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.done = False
        self.value: Any = None
        self.problem: BaseException | None = None


class GroupCommit:
    """The writers of one process. Writers of other processes are kept apart by SQLite's own lock."""

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connection
        self._waiting: deque[_Write] = deque()
        self._turn = threading.Lock()

    def run(self, work: Callable[[sqlite3.Connection], _Value]) -> _Value:
        """The result of work done in a transaction that is durable when this returns.

        An exception undoes this work and no other's. If the transaction itself fails, everybody in it
        is told.
        """
        write = _Write(work)
        self._waiting.append(write)
        with self._turn:
            if not write.done:
                self._write_for_all()
        if write.problem is not None:
            raise write.problem
        value: _Value = write.value
        return value

    def _write_for_all(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._commit(batch)
        except BaseException as problem:
            for write in batch:
                write.problem = write.problem or problem
        finally:
            for write in batch:
                write.done = True

    def _commit(self, batch: list[_Write]) -> None:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for write in batch:
                _attempt(write, connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _attempt(write: _Write, connection: sqlite3.Connection) -> None:
    connection.execute("SAVEPOINT one")
    try:
        write.value = write.work(connection)
    except Exception as problem:
        write.problem = problem
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")
