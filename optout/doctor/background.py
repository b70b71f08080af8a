"""Work in a thread of its own, whose end nobody has to wait for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")


def begin(work: Callable[[], _Result]) -> Future[_Result]:
    """Begin it. What hangs ends with the process: a pool's threads would keep that from ending."""
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as problem:
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future
