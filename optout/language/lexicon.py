"""Wordings composed from a language's lexicon.

A lexicon says which words play which part in a request: to cease, to send, messages, me.
`compositions.toml` says how requests are made of such parts, in whatever order languages put them.
Nothing here may know a language.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from itertools import product

from optout.language.languages import Composition, Language, RequestEntry, WordEntry

_AFFIX = re.compile(r"\{(\w+)\}")


def composed(language: Language) -> Language:
    """The same language, with the wordings that its lexicon makes beside those of its own. Raises
    ValueError for an affix that the language does not have."""
    if language.lexicon is None:
        return language
    slots = language.lexicon.model_dump(by_alias=True)
    try:
        classes = {
            slot.upper(): tuple(_inflected(words, language.affixes))
            for slot, words in slots.items()
            if words
        }
    except KeyError as missing:
        raise ValueError(f"{language.language}.toml: [affixes] lacks {missing}") from None
    classes |= language.classes
    made = _compositions()
    for name, parts in made.classes.items():
        classes[name] = tuple(part for part in parts if part in classes)
    known = {name for name, parts in classes.items() if parts}
    return language.model_copy(
        update={
            "classes": {name: parts for name, parts in classes.items() if parts},
            "request": (*language.request, *_requests(made.request, known)),
            "word": (*language.word, *_words(made.word, classes)),
        }
    )


@lru_cache(maxsize=1)
def _compositions() -> Composition:
    text = resources.files(__package__).joinpath("compositions.toml").read_text("utf-8")
    return Composition.model_validate(tomllib.loads(text))


def _inflected(words: Iterable[str], affixes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Each word with each of its beginnings and endings: mesaj{noun} is mesaj, mesajlar, mesajı."""
    for word in words:
        parts = _AFFIX.split(word)
        # Every second part is the name of an affix.
        choices = [affixes[part] if number % 2 else (part,) for number, part in enumerate(parts)]
        yield from ("".join(chosen) for chosen in product(*choices))


def _requests(entries: Iterable[RequestEntry], known: set[str]) -> Iterator[RequestEntry]:
    """Those that a language has the words for; parts that may be missing are left out."""
    for entry in entries:
        says = tuple(made for text in entry.says if (made := _said(text, known)))
        if says:
            yield entry.model_copy(update={"says": says})


def _said(text: str, known: set[str]) -> str | None:
    """A pattern of the slots that a language has, None if it lacks one that there has to be."""
    parts = []
    for part in text.split():
        slots = [slot for slot in part.rstrip("?*").split("|") if slot in known or slot == "_"]
        if slots:
            parts.append("|".join(slots) + part[len(part.rstrip("?*")) :])
        elif not part.endswith(("?", "*")):
            return None
    return " ".join(parts)


def _words(entries: Iterable[WordEntry], classes: Mapping[str, tuple[str, ...]]) -> Iterator[WordEntry]:
    for entry in entries:
        words = tuple(word for slot in entry.words for word in classes.get(slot, ()))
        if words:
            yield entry.model_copy(update={"words": words})
