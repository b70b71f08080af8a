"""Whatever the log level, nobody's number and no text of a message is in any line of anybody's log."""

import logging
from collections.abc import Iterator

import pytest

from optout import service
from optout.azure import queue
from optout.domain.model import Unfinished
from tests.support import azurite as emulator
from tests.support.acs import Failure, LoopbackAcs
from tests.support.client import WHO, App, free_port
from tests.support.payloads import report_event, sms_event
from tests.support.topic import LoopbackTopic

# Not the number of our own examples, which error messages may name.
PERSON, OTHER = "+14255550198", "+14255550197"
TEXT = "please stop bothering my grandmother"
SECRETS = ("4255550198", "4255550197", "grandmother", "lawyer")


class Everything(logging.Handler):
    """Every record of the process, as any formatter could show it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name)
        self.lines.append(f"{logging.Formatter().format(record)} {record.args!r} {record.__dict__!r}")


@pytest.fixture
def logged() -> Iterator[Everything]:
    """All that is logged with the root at DEBUG, as `"default": "Debug"` in host.json makes it."""
    root, handler = logging.getLogger(), Everything()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator.azurite(tmp_path_factory.mktemp("queues"), "queue") as connection_string:
        yield connection_string


@pytest.fixture(params=["sqlite", "tables"])
def connected(
    request: pytest.FixtureRequest, app: App, queues: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[App, LoopbackAcs, LoopbackTopic]]:
    """The app on either store, with ACS, a topic and a queue."""
    with LoopbackAcs() as acs, LoopbackTopic() as topic:
        if request.param == "tables":
            monkeypatch.setenv("OPTOUT_STORE", "tables")
            monkeypatch.setenv("OPTOUT_TABLES_CONNECTION_STRING", request.getfixturevalue("azurite"))
        for name, value in {
            "OPTOUT_ACS_ENDPOINT": acs.endpoint,
            "OPTOUT_ACS_KEY": acs.key,
            "OPTOUT_TOPIC_ENDPOINT": topic.endpoint,
            "OPTOUT_TOPIC_KEY": topic.key,
            "OptoutQueue": queues,
        }.items():
            monkeypatch.setenv(name, value)
        yield app, acs, topic
        service.shutdown()


def test_a_full_path(connected: tuple[App, LoopbackAcs, LoopbackTopic], logged: Everything) -> None:
    """Events, replies, announcements and what is left of them for the queue; every operation that
    takes or gives a number; and what is refused."""
    app, acs, topic = connected
    acs.fail_next(Failure.status(503))
    topic.fail_next(500)
    events = [
        sms_event("STOP", from_=PERSON), sms_event(TEXT, from_=OTHER), sms_event("STOP", from_=OTHER),
        sms_event("STOP lawyer", from_="nobody"), report_event("4007", to=PERSON),
        sms_event("START", from_=PERSON),
    ]  # fmt: skip
    for event in events:
        assert app.deliver(event) == 202
    for item in app.history(PERSON):
        service.finish(queue.dump(Unfinished(PERSON, item["id"])))
    service.finish('{"recipient": "+14255550198", "lawyer": 1}')
    app.change("opt-out", PERSON, list="contoso-alerts")
    app.check("12345", PERSON)
    app.post("suppressions/status", {"recipient": PERSON})
    app.post("suppressions/check", {"sender": "12345", "recipients": ["+1425555019845678901"]})
    app.post("suppressions/opt-in", {"sender": "lawyer", "recipient": PERSON, **WHO})
    rows = [{"recipient": OTHER}, {"recipient": "4255550198x"}]
    app.post("suppressions/import", {"list": "contoso-alerts", "rows": rows, **WHO})
    for target in (f"suppressions/12345/{PERSON}", "suppressions?list=contoso-alerts", "journal",
                   "export", "reviews", "quarantine", "changes"):  # fmt: skip
        assert app.get(target).status == 200, target
    for held in app.get("quarantine").json()["items"]:
        app.post("quarantine/replay", {"id": held["id"]})
    assert len(acs.messages) >= 2
    assert topic.events
    assert "optout" in logged.names
    assert not [line for line in logged.lines for secret in SECRETS if secret in line]


def test_a_store_that_is_away(
    app: App, azurite: str, logged: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the SDK says of a request that failed names its address, too."""
    at = azurite.rpartition("127.0.0.1:")[2].partition("/")[0]
    monkeypatch.setenv("OPTOUT_STORE", "tables")
    monkeypatch.setenv("OPTOUT_TABLES_CONNECTION_STRING", azurite.replace(at, str(free_port())))
    assert app.deliver(sms_event("STOP lawyer", from_=PERSON)) == 500
    body = {"sender": "12345", "recipients": [PERSON]}
    assert app.post("suppressions/check", body).status == 503
    assert any("stop_not_recorded" in line for line in logged.lines)
    assert not [line for line in logged.lines for secret in SECRETS if secret in line]
