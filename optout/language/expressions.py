"""Regular expressions that are made of the languages' words."""

import re
from collections.abc import Iterable

_NOTHING = "(?!)"


def any_of(words: Iterable[str]) -> str:
    """An expression for one of some words; where there are none, it matches nothing."""
    return f"(?:{'|'.join(map(re.escape, words)) or _NOTHING})"
