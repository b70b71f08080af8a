"""One durable transaction for all threads that are waiting to write.

A commit that is flushed to disk takes far longer than what it writes. One thread writes for everybody
who waits, so that they share the flush instead of queueing for one each.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

_Value = TypeVar("_Value")


class _Write:
    """Some work on a connection, and its result."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.done = False
        self.value: Any = None
        self.problem: BaseException | None = None
        self.called = threading.Lock()
        self.called.acquire()


class GroupCommit:
    """The writers of one process. Writers of other processes are kept apart by SQLite's own lock."""

    def __init__(self, connection: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._waiting: list[_Write] = []
        self._is_writing = False

    def run(self, work: Callable[[sqlite3.Connection], _Value]) -> _Value:
        """The result of work done in a transaction that is durable when this returns.

        An exception undoes this work and no other's. If the transaction itself fails, everybody in it
        is told.
        """
        write = _Write(work)
        with self._lock:
            self._waiting.append(write)
            must_wait, self._is_writing = self._is_writing, True
        if must_wait:
            write.called.acquire()
        if not write.done:
            self._write_for_all()
        if write.problem is not None:
            raise write.problem
        value: _Value = write.value
        return value

    def _write_for_all(self) -> None:
        """Write for all who wait; then call them, and one who came later to write for the next.

        Everybody is called by name: at a lock for all, those who are done would queue behind those who
        are not, and hardly anybody would be left to write with.
        """
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            self._commit(batch)
        except BaseException as problem:
            for write in batch:
                write.problem = write.problem or problem
        finally:
            with self._lock:
                self._is_writing = bool(self._waiting)
                following = self._waiting[:1]
            for write in batch:
                write.done = True
            for write in (*following, *batch):
                write.called.release()

    def _commit(self, batch: list[_Write]) -> None:
        with self._connection() as connection:
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
