"""Whatever arrives ends handled, ignored or quarantined: ten thousand generated event bodies."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import function_app
from optout import service
from optout.operations.handle import Result
from tests.support.payloads import report_event, sms_event
from tests.support.world import NOON

EXAMPLES = 10_000
# Processor time for one event; a linear rule needs a thousandth of it.
SLOW_SECONDS = 1.0

HOSTILE_TEXTS = (
    "", "\x00", "\ud800", "STOP", "stop\u202e", "'; DROP TABLE evidence; --", "../../etc", "a" * 5000,
    "+" * 400, "1" * 400, "STOP " * 2000, "\u0301" * 3000,
    "0001-01-01T00:00:00", "9999-12-31T23:59:59Z",
)  # fmt: skip
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=("Cs", "Cc", "Cf", "Mn", "So")), max_size=30),
    st.sampled_from(HOSTILE_TEXTS),
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
def damaged(draw: st.DrawFn) -> str:
    """A valid event with one place replaced, removed or renamed."""
    event = json.loads(draw(VALID))
    *way, last = draw(st.sampled_from(paths(event)[1:]))
    parent = event
    for key in way:
        parent = parent[key]
    match draw(st.sampled_from(["replace", "remove", "rename"])):
        case "replace":
            parent[last] = draw(ANY_JSON)
        case "remove":
            del parent[last]
        case "rename" if isinstance(parent, dict):
            parent[draw(st.sampled_from([str(last).upper(), draw(HOSTILE)]))] = parent.pop(last)
    return json.dumps(event)


@st.composite
def torn(draw: st.DrawFn) -> str:
    """The text of a valid event with something cut out and something put in."""
    text = draw(VALID)
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(HOSTILE) + text[start + draw(st.integers(0, 40)) :]


def mojibake(text: str) -> str:
    """What a wrong encoding makes of an event."""
    return text.encode("utf-8", "replace").decode("latin-1")


BODIES = st.one_of(
    VALID,
    damaged(),
    damaged(),
    torn(),
    ANY_JSON.map(json.dumps),
    HOSTILE,
    VALID.map(mojibake),
    VALID.map(lambda text: "\ufeff" + text),
    VALID.map(lambda text: text.encode("utf-16-le").decode("latin-1")),
    st.integers(1, 3000).map(lambda depth: '{"data":' * depth),
    st.integers(1, 3000).map(lambda depth: "[" * depth + "]" * depth),
)


def test_any_event_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """None raises, none is slow, and what cannot be understood is in quarantine."""
    monkeypatch.setenv("OPTOUT_STORE", f"sqlite:{tmp_path}/optout.db")
    service.shutdown()
    seen: Counter[Result] = Counter()
    receive = service.receive

    def counted(raw: str) -> Result:
        result = receive(raw)
        seen[result] += 1
        return result

    monkeypatch.setattr(service, "receive", counted)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(BODIES)
    @example(sms_event("STOP " * 200_000, at=NOON))
    @example(sms_event("\u0301" * 100_000, at=NOON))
    @example('{"data": ' + "9" * 100_000 + "}")
    @example("[" * 100_000)
    def deliver(body: str) -> None:
        before = seen.total()
        started = time.thread_time()
        function_app.sms_events(body)
        assert time.thread_time() - started < SLOW_SECONDS
        assert seen.total() == before + 1

    deliver()
    with capsys.disabled():
        print(f"\nfuzz: {seen.total()} events, " + ", ".join(f"{n} {name}" for name, n in seen.items()))
    assert set(seen) == set(Result)
    service.shutdown()
