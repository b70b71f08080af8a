"""Regular expressions made from the languages' words."""

import re
from collections.abc import Iterable

_NOTHING = "(?!)"


def any_of(words: Iterable[str]) -> str:
    """An expression for any of some words; without words it matches nothing."""
    return f"(?:{'|'.join(map(re.escape, words)) or _NOTHING})"
