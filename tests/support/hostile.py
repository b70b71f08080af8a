"""Inputs that are not meant well, or not well made: what tests and `make chaos` throw at the app."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.support.payloads import report_event, sms_event

HOSTILE_TEXTS = (
    "", "\x00", "\ud800", "STOP", "stop\u202e", "'; DROP TABLE evidence; --", "../../etc", "a" * 5000,
    "+" * 400, "1" * 400, "STOP " * 2000, "\u0301" * 3000,
    "0001-01-01T00:00:00", "9999-12-31T23:59:59Z",
)  # fmt: skip


def hostile_text(place: int) -> str:
    return HOSTILE_TEXTS[place]


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=("Cs", "Cc", "Cf", "Mn", "So")), max_size=30),
    # By their places: hypothesis writes out what it samples from.
    st.integers(0, len(HOSTILE_TEXTS) - 1).map(hostile_text),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), HOSTILE)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
VALID = st.one_of(
    st.builds(
        sms_event,
        st.sampled_from(["STOP", "START", "HELP", "hello", "Arrêt"]) | HOSTILE,
        to=st.sampled_from(["12345", "+18335550100", "CONTOSO", "99999"]),
        schema=st.sampled_from(["event_grid", "cloud_events"]),
    ),
    st.builds(
        report_event,
        st.sampled_from(["4007", "No error.", "4010", "Sender blocked for given recipient."]) | HOSTILE,
        tag=st.none() | HOSTILE,
    ),
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [at]
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, child in children:
        found += paths(child, (*at, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, right: st.SearchStrategy[str] = VALID) -> str:
    """A right JSON document with one place replaced, removed or renamed."""
    document = json.loads(draw(right))
    *way, last = draw(st.sampled_from(paths(document)[1:]))
    parent = document
    for key in way:
        parent = parent[key]
    match draw(st.sampled_from(["replace", "remove", "rename"])):
        case "replace":
            parent[last] = draw(ANY_JSON)
        case "remove":
            del parent[last]
        case "rename" if isinstance(parent, dict):
            parent[draw(st.sampled_from([str(last).upper(), draw(HOSTILE)]))] = parent.pop(last)
    return json.dumps(document)


@st.composite
def torn(draw: st.DrawFn, right: st.SearchStrategy[str] = VALID) -> str:
    """A right text with something cut out and something put in."""
    text = draw(right)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(HOSTILE) + text[start + draw(st.integers(0, 40)) :]


def mojibake(text: str) -> str:
    """What a wrong encoding makes of an event."""
    return text.encode("utf-8", "replace").decode("latin-1")


NESTED = st.one_of(
    st.integers(1, 3000).map(lambda depth: '{"data":' * depth),
    st.integers(1, 3000).map(lambda depth: "[" * depth + "]" * depth),
)


def documents(right: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts where a JSON document is expected: right ones, damaged and torn ones, and anything."""
    return st.one_of(
        right, damaged(right), damaged(right), torn(right), ANY_JSON.map(json.dumps), HOSTILE, NESTED
    )


EVENTS = st.one_of(
    documents(VALID),
    documents(VALID),
    VALID.map(mojibake),
    VALID.map(lambda text: "\ufeff" + text),
    VALID.map(lambda text: text.encode("utf-16-le").decode("latin-1")),
)
