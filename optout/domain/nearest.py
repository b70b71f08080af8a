"""What somebody most likely meant who mistyped a name."""

from collections.abc import Iterable
from difflib import get_close_matches

# How alike a name must be: in six letters, one is wrong or two are swapped.
_LIKENESS = 0.7


def nearest(written: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like one that is not known, in whatever case; the nearest first,
    three at most."""
    names = {name.casefold(): name for name in sorted(known)}
    return [names[each] for each in get_close_matches(written.casefold(), names, cutoff=_LIKENESS)]


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """The question, to be put behind what was refused; empty where no name is like it."""
    found = nearest(written, known)
    return f" (did you mean {' or '.join(found)}?)" if found else ""
