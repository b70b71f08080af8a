"""Messages made from the lexicons: requests in strange surroundings, and parts of them elsewhere.

Everything follows from a seed, the same on every machine and Python.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeVar

from optout.language.languages import Language, RequestEntry, languages
from optout.language.lexicon import composed
from optout.language.phrases import sequences
from training.data import Example, Written

_Each = TypeVar("_Each")
SEED = 20261122
# For each language, of each kind.
EACH = 300
_JOINTS = (" ", ", ", ". ", "! ", " - ", "\n")


def generated(lines: Mapping[str, Written]) -> Iterator[Example]:
    """Requests and near misses of every language that has lines written by hand."""
    chance = Random(SEED)
    for language in languages().values():
        if language.language in lines:
            yield from _of(composed(language), lines[language.language], chance)


def _of(language: Language, lines: Written, chance: Random) -> Iterator[Example]:
    says = [
        (text, entry)
        for entry in language.request
        if not entry.alone and entry.certainty == "certain"
        for text in entry.says
    ]
    if not says:
        return
    name = language.language
    ordinary = [*lines.ordinary, *lines.near_misses]
    blockers = [text for text in language.context.blockers if " " not in text] or ["?"]
    for _ in range(EACH):
        request = _request(language, says, chance)
        other = _pick(ordinary, chance)
        joint = _pick(_JOINTS, chance)
        yield Example(_joined(request, other, joint, chance), True, name)
        yield Example(f"{_some_words(other, chance)} {request}", True, name)
        yield Example(f"{request} {_some_words(other, chance)}", True, name)
        yield Example(_joined(other, _pick(ordinary, chance), joint, chance), False, name)
        yield Example(f"{_pick(blockers, chance)} {request}", False, name)
        yield Example(_strewn(other, request.split(), chance), False, name)


def _request(language: Language, says: Sequence[tuple[str, RequestEntry]], chance: Random) -> str:
    """One of the wordings of a request, without what it need not have for the most part."""
    text, _ = _pick(says, chance)
    parts = []
    for part in text.split():
        if part.endswith(("?", "*")) and chance.random() < 0.6:
            continue
        alternatives = list(sequences(part.rstrip("?*"), language.classes))
        parts.append(" ".join(_pick(alternatives, chance)))
    return " ".join(parts)


def _some_words(text: str, chance: Random) -> str:
    """A few words of a message that follow each other."""
    words = text.split()
    begin = int(chance.random() * len(words))
    return " ".join(words[begin : begin + 1 + int(chance.random() * 4)])


def _strewn(text: str, parts: Sequence[str], chance: Random) -> str:
    """An ordinary message with one word of a request somewhere in it."""
    words = text.split()
    words.insert(int(chance.random() * (len(words) + 1)), _pick(parts, chance))
    return " ".join(words)


def _joined(first: str, second: str, joint: str, chance: Random) -> str:
    return f"{first}{joint}{second}" if chance.random() < 0.5 else f"{second}{joint}{first}"


def _pick(options: Sequence[_Each], chance: Random) -> _Each:
    """One of some; `Random.choice` may pick others in another Python."""
    return options[int(chance.random() * len(options))]
