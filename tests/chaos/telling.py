"""What a campaign injected and found, as text."""

from collections import Counter
from collections.abc import Iterable

from tests.chaos import consumers
from tests.chaos.campaign import Outcome


def table(title: str, rows: Iterable[tuple[str, float]]) -> str:
    """Rows under a title, as text."""
    lines = (f"  {number:>9,}  {name}" for name, number in rows)
    return "\n".join((title, *lines))


def report(outcome: Outcome, longest: int = 20) -> str:
    """What was injected and what was found."""
    kinds = Counter(violation.partition(":")[0] for violation in outcome.violations)
    parts = [
        table("what happened", outcome.figures.items()),
        table("what was injected", sorted(outcome.injected.items())),
        table("what became of the replies", outcome.statuses.most_common()),
        "what those hold who follow",
        consumers.table(outcome.followed),
        table("violations", kinds.items()) if kinds else "no violations",
        *outcome.violations[:longest],
    ]
    return "\n".join(parts)
