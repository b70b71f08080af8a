"""Where in a program file something stands, against tomllib, which says what is there."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.programs.positions import Path, Place, places
from optout.settings import ROOT

TRICKY = "\n".join(
    [
        "# [[program]] in a comment",
        '"quoted.key" = "a # no comment [x]"',
        "'literal' = 'C:\\[path]\\'",
        'a.b . "c d" = { x = 1, y = { z = [1, 2] }, q = 3 }',
        'text = """',
        "[[program]]",
        'key = "value" """',
        'other = """""two quotes"""""',
        'raw = """\\"""still inside """',
        "lines = '''",
        "[no.table]",
        "' '''",
        "end = 1",
    ]
)
NESTED = """
top = [ # comment, with a ]
  "a", # "b"
  [1, [2]],
  { k = [{ j = 1 }] }
]
[[program]]
name = "A"
[[program.sender]]
number = "1"
[program.sender.replies]
stop = "x"
[[program.sender]]
number = "2"
[[program]]
name = "B"
replies.stop = "y"
[[program.sender]]
number = "3"
type = 1979-05-27T07:32:00Z # when
[unconfigured.probable]
policy = true
"""


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every path that a document has."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, (*path, name))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, (*path, number))


@pytest.mark.parametrize(
    "text",
    [TRICKY, NESTED, (ROOT / "programs.toml").read_text("utf-8"), NESTED.replace("\n", "\r\n")]
    + [path.read_text("utf-8") for path in sorted(ROOT.glob("optout/**/*.toml"))],
)
def test_everything_is_found(text: str) -> None:
    """Every key and element that tomllib reads, and the text there begins with the key, or with the
    brackets of its table."""
    found = places(text)
    lines = text.split("\n")
    assert set(found) == set(paths(tomllib.loads(text)))
    for path, (line, column) in found.items():
        there = lines[line - 1][column - 1 :]
        if isinstance(path[-1], str):
            assert there.lstrip("[\"'").startswith(path[-1]) or there.startswith("[")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("program", 0, "sender", 1, "number"), Place(14, 1)),
        (("program", 1, "replies", "stop"), Place(17, 9)),
        (("program", 1, "sender", 0), Place(18, 1)),
        (("top", 2, "k", 0, "j"), Place(5, 12)),
        (("unconfigured", "probable", "policy"), Place(22, 1)),
    ],
)
def test_line_and_column(path: Path, place: Place) -> None:
    """Both from 1, as editors count."""
    assert places(NESTED)[path] == place


KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
)
VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text(st.characters(exclude_categories=["Cs"]))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


def written(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{string(key)} = {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return string(value) if isinstance(value, str) else str(value).lower()


def string(text: str) -> str:
    shown = (f"\\u{ord(each):04x}" if ord(each) < 0x20 or each in '"\\\x7f' else each for each in text)
    return f'"{"".join(shown)}"'


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_document(document: dict[str, Any]) -> None:
    """Whatever the keys and texts are: the same paths as tomllib's."""
    text = "".join(f"{string(key)} = {written(value)} # [x]\n" for key, value in document.items())
    assert set(places(text)) == set(paths(tomllib.loads(text)))


@given(st.text(max_size=40))
def test_what_is_no_toml_ends_nothing(text: str) -> None:
    """It is asked only of TOML; asked of anything else, it ends all the same."""
    places(text)
