"""What the simulation has found and nobody has mended yet. It is tolerated, so that it does not hide
the rest; tests/simulate/test_histories.py keeps a history of each, and `--strict` finds them again."""

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager

from tests.simulate.operations import Operation


class Tolerance:
    """Whether what is known is tolerated."""

    is_on = True


@contextmanager
def strictly() -> Iterator[None]:
    """Without tolerance."""
    Tolerance.is_on = False
    try:
        yield
    finally:
        Tolerance.is_on = True


def untold(operation: Operation, failed: Set[str]) -> bool:
    """A change by hand without a key, or a tap on a link, of which the queue did not hear before it was
    made, and whose caller then heard of a failure: made again, it is another change, and the first is
    never announced. `failed` is what has failed of it."""
    return Tolerance.is_on and operation.is_new_each_time and "queue" in failed


def counted_too_often(operation: Operation, others: Iterable[Operation]) -> bool:
    """In tables: what failed after the index named it, where its number went to a message that changed
    nothing, and was then recorded under another id: a change by hand without a key that was made again,
    a tap on a link, a message that shares its id with another one."""
    is_again = operation.is_new_each_time
    if operation.kind == "message":
        is_again = any(
            other is not operation
            and (other.kind, other.message_id) == ("message", operation.message_id)
            for other in others
        )
    return Tolerance.is_on and is_again
