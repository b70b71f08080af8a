"""Whatever arrives ends handled, ignored or quarantined: two thousand generated event bodies, and ten
thousand with CHAOS_LONG=1."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

import function_app
from optout import service
from optout.operations.handle import Result
from tests.support.hostile import EVENTS
from tests.support.payloads import sms_event
from tests.support.world import NOON

EXAMPLES = 10_000 if os.environ.get("CHAOS_LONG") else 2_000
# Processor time for one event; a linear rule needs a thousandth of it.
SLOW_SECONDS = 1.0


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
    @given(EVENTS)
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
