"""In Microsoft's runtime: a lookup and a cold start, against an app that does nothing."""

import json
import tempfile
import time
from pathlib import Path

from bench.measure import Figure, at_most, paired
from optout import settings
from tests.support.client import environment
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import sms_event

# Many short rounds: a busy moment is then as likely to meet the one as the other.
REQUESTS = 20
LOOKUP_ROUNDS = 60
START_ROUNDS = 9
NOTHING = """
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("sms_events")
@app.event_grid_trigger(arg_name="event")
def sms_events(event: str) -> None:
    pass


@app.route("suppressions/check", methods=["POST"])
def check(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("{}", mimetype="application/json")
"""


def figures() -> list[Figure]:
    """One lookup, and process start to first event handled."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = folder / "nothing"
        nothing.mkdir()
        (nothing / "function_app.py").write_text(NOTHING)
        (nothing / "host.json").write_text('{"version": "2.0"}')
        given = environment(folder / "optout.db")
        with FunctionsRuntime(settings.ROOT, given) as ours, FunctionsRuntime(nothing) as theirs:
            lookup, floor = paired(lambda: _lookups(ours), lambda: _lookups(theirs), LOOKUP_ROUNDS)
        start, least = paired(
            lambda: _cold_start(settings.ROOT, given), lambda: _cold_start(nothing, {}), START_ROUNDS
        )
    return [
        at_most("a lookup in the runtime", f"{lookup * 1000:.2f} ms", lookup / floor, 1.25),
        at_most("start to first event", f"{start * 1000:.0f} ms", start / least, 1.5),
    ]


def _lookups(runtime: FunctionsRuntime) -> float:
    """Seconds for one request, of many."""
    body = json.dumps({"sender": "12345", "recipients": ["+14255550123"]}).encode()
    runtime.request("POST", "/api/suppressions/check", body)
    started = time.perf_counter()
    for _ in range(REQUESTS):
        runtime.request("POST", "/api/suppressions/check", body)
    return (time.perf_counter() - started) / REQUESTS


def _cold_start(app: Path, given: dict[str, str]) -> float:
    """Seconds from the start of a process to the answer to its first event."""
    event = json.loads(sms_event("STOP"))
    begun = time.perf_counter()
    with FunctionsRuntime(app, given) as runtime:
        status = runtime.deliver("sms_events", event).status
        took = time.perf_counter() - begun
    if status != 202:
        raise RuntimeError(f"the first event ended in {status}")
    return took


if __name__ == "__main__":
    for figure in figures():
        print(figure)
