"""A failing history made smaller, as long as the same check finds something; and written as a test."""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, replace
from typing import TypeVar

from tests.simulate.operations import Operation
from tests.simulate.plan import History, Plan
from tests.simulate.simulation import Outcome, replay

Item = TypeVar("Item")


class _Spent(Exception):
    """As much was tried as was allowed."""


class Shrinking:
    """Tries smaller histories, a number of them at most; `best` is the smallest that still fails."""

    def __init__(self, outcome: Outcome, most: int = 3_000) -> None:
        self.best = outcome
        self._left = most

    def run(self) -> Outcome:
        """Leave out whatever is not needed, until everything is."""
        before = None
        try:
            while before != self._size():
                before = self._size()
                self._shrink()
        except _Spent:
            pass
        return self.best

    def _size(self) -> tuple[int, ...]:
        plan, choices = self.best.history.plan, self.best.history.choices
        deliveries = sum(len(each.deliveries) for each in plan.operations)
        return len(plan.operations), deliveries, len(choices), len(plan.skews)

    def _shrink(self) -> None:
        plan = self.best.history.plan
        self._without(plan.operations, lambda left: self._planned(operations=tuple(left)))
        for each in self.best.history.plan.operations:
            self._without(each.deliveries, lambda left, each=each: self._delivered(each, left))  # type: ignore[misc]
        self._without(list(self.best.history.choices), self._chosen)
        self._fails(self._planned(skews=(0,)))
        self._fails(self._planned(away=()))
        self._fails(self._planned(queue="storage"))

    def _without(self, items: Sequence[Item], made: Callable[[Sequence[Item]], History]) -> None:
        """Leave out halves, quarters, and so on down to each by itself."""
        size = len(items)
        while size := size // 2 if size > 1 else 0:
            start = 0
            while start < len(items):
                fewer = [*items[:start], *items[start + size :]]
                if self._fails(made(fewer)):
                    items = fewer
                else:
                    start += size

    def _planned(self, **changes: object) -> History:
        history = self.best.history
        return replace(history, plan=replace(history.plan, **changes))  # type: ignore[arg-type]

    def _delivered(self, operation: Operation, left: Sequence[int]) -> History:
        operations = self.best.history.plan.operations
        other = replace(operation, deliveries=tuple(left))
        return self._planned(
            operations=tuple(other if each.number == other.number else each for each in operations)
        )

    def _chosen(self, left: Sequence[str]) -> History:
        history = self.best.history
        return replace(
            history, choices={name: history.choices[name] for name in left if name in history.choices}
        )

    def _fails(self, history: History) -> bool:
        if not self._left:
            raise _Spent
        self._left -= 1
        outcome = replay(history)
        if outcome.kind != self.best.kind:
            return False
        self.best = outcome
        return True


def as_test(outcome: Outcome, name: str, rule: str | None = None) -> str:
    """A test that replays a history: that nothing is wrong with it or, with a rule broken on purpose,
    that the same check finds it."""
    history = outcome.history
    said = (outcome.problem or "").replace("\\", "")[:90]
    lines = [
        f"def test_{name}() -> None:",
        f'    """{said}"""',
        "    history = History(",
        *(f"        {line}" for line in _plan(history.plan)),
        "        choices={",
        *(f"            {name!r}: {value!r}," for name, value in history.choices.items()),
        "        },",
        "    )",
    ]
    if rule is None:
        lines.append("    assert replay(history).problem is None")
    else:
        lines += [
            "    assert replay(history).problem is None",
            f"    with broken({rule!r}):",
            f"        assert replay(history).kind == {outcome.kind!r}",
        ]
    return "\n".join(lines)


def _plan(plan: Plan) -> list[str]:
    return [
        "Plan(",
        f"    store={plan.store!r},",
        f"    skews={plan.skews!r},",
        "    operations=(",
        *(f"        {written(each)}," for each in plan.operations),
        "    ),",
        *([f"    roughness={plan.roughness!r},"] if plan.roughness == "calm" else []),
        *([f"    away={plan.away!r},"] if plan.away else []),
        *([f"    queue={plan.queue!r},"] if plan.queue != "storage" else []),
        "),",
    ]


def written(operation: Operation) -> str:
    """An operation as Python, without what it has by itself."""
    given = [
        f"{each.name}={getattr(operation, each.name)!r}"
        for each in fields(operation)
        if each.default is MISSING or getattr(operation, each.name) != each.default
    ]
    return f"Operation({', '.join(given)})"
