"""The labelled messages that the second reader learns from: a file for each language in this folder."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from pydantic import Field

from optout.domain.data import DataModel
from optout.language.languages import languages

FOLDER = Path(__file__).parent
# Lines of several languages, which the tests hold the rules to.
OF_TESTS = "-"
TESTS = FOLDER.parent / "tests/wording"


class Written(DataModel):
    """A file: what people write to stop messages, what only looks like it, and what they also write."""

    language: str = Field(pattern=r"^[a-z]{2}$")
    requests: tuple[str, ...]
    near_misses: tuple[str, ...]
    ordinary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One message, and whether it is a request to stop."""

    text: str
    is_request: bool
    language: str


def written() -> dict[str, Written]:
    """The files of this folder, by language."""
    files = sorted(FOLDER.glob("*.toml"))
    every = [Written.model_validate(tomllib.loads(file.read_text("utf-8"))) for file in files]
    return {each.language: each for each in every}


def digest() -> int:
    """What changes where a line of this folder does; the weights carry it."""
    lines = (f"{each.language} {each.is_request} {each.text}" for each in _lines(written()))
    return crc32("\n".join(lines).encode())


def by_hand() -> list[Example]:
    """What was written by hand: here, as the cases of the languages, and for the tests."""
    every = {*_lines(written()), *_of_languages(), *_of_tests()}
    return sorted(every, key=lambda each: (each.text, each.is_request, each.language))


def _of_tests() -> Iterator[Example]:
    for name, is_request in (("requests", True), ("ordinary", False)):
        for text in (TESTS / f"{name}.txt").read_text("utf-8").splitlines():
            yield Example(text, is_request, OF_TESTS)


def _lines(files: Mapping[str, Written]) -> Iterator[Example]:
    for each in files.values():
        for text in each.requests:
            yield Example(text, True, each.language)
        for text in (*each.near_misses, *each.ordinary):
            yield Example(text, False, each.language)


def _of_languages() -> Iterator[Example]:
    for language in languages().values():
        if language.cases is not None:
            for text in (*language.cases.certain, *language.cases.probable):
                yield Example(text, True, language.language)
            for text in language.cases.none:
                yield Example(text, False, language.language)
