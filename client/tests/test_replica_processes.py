"""Replicas in several processes and threads: killed, beside each other, and in the background."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout_client import OptoutClient, Replica, StaleReplica

from .copies import imported, within
from .support import App, People

QUICK = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 5}
# Refreshes in pages of 20, and says so after each; slowly, if it is told to.
REFRESH = """
import sys, time
from optout_client import ChangesPage, OptoutClient, Replica, _replica
endpoint, path, pause, rounds = sys.argv[1:]
_replica.PAGE_SIZE = 20
with OptoutClient(endpoint) as optout, Replica(optout, path) as replica:
    keep = replica._held.keep
    def slowly(*told):
        kept = keep(*told)
        print("kept" if kept else "passed by", flush=True)
        time.sleep(float(pause))
        return kept
    replica._held.keep = slowly
    for _ in range(int(rounds)):
        replica.refresh()
"""


def refreshing(app: App, path: Path, pause: float, rounds: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", REFRESH, app.endpoint, str(path), str(pause), str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def own(own_app: App) -> Iterator[OptoutClient]:
    with OptoutClient(own_app.endpoint, **QUICK) as client:
        yield client


def test_killed_in_the_middle(
    own_app: App, own: OptoutClient, people: People, copy_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed while it reads everybody goes on where it was; until then nobody is
    answered."""
    everybody = people(300)
    imported(own_app, everybody)
    with refreshing(own_app, copy_path, 0.05, 1) as process:
        assert process.stdout
        for _ in range(5):
            assert process.stdout.readline() == "kept\n"
        process.send_signal(signal.SIGKILL)
    with Replica(own, copy_path) as replica:
        with pytest.raises(StaleReplica, match="not complete"):
            list(replica.check("12345", everybody))
        asked: list[str | None] = []
        changes = own.changes
        monkeypatch.setattr(
            own, "changes", lambda since, **more: asked.append(since) or changes(since, **more)
        )
        replica.refresh()
        assert all(result.suppressed for result in replica.check("12345", everybody))
    assert len(asked) == 1
    assert asked[0] is not None


def test_killed_at_any_time(own_app: App, own: OptoutClient, people: People, copy_path: Path) -> None:
    """Whenever it is killed, what is in the file is whole."""
    everybody = people(400)
    imported(own_app, everybody)
    for pages in (0, 1, 3, 6):
        with refreshing(own_app, copy_path, 0, 1) as process:
            assert process.stdout
            for _ in range(pages):
                process.stdout.readline()
            time.sleep(0.001 * pages)
            process.kill()
    with Replica(own, copy_path) as replica:
        replica.refresh()
        assert all(result.suppressed for result in replica.check("12345", everybody))


def test_two_processes(own_app: App, own: OptoutClient, people: People, copy_path: Path) -> None:
    """Two that refresh one file while people write are both right in the end."""
    everybody = people(300)
    imported(own_app, everybody)
    with refreshing(own_app, copy_path, 0.05, 3) as one, refreshing(own_app, copy_path, 0.05, 3) as two:
        for person in everybody[::20]:
            own_app.text(person, "START")
        said = one.communicate(timeout=60)[0] + two.communicate(timeout=60)[0]
    assert (one.returncode, two.returncode) == (0, 0)
    assert "passed by" in said
    with Replica(own, copy_path) as replica:
        replica.refresh()
        ours = [result.suppressed for result in replica.check("12345", everybody)]
    assert ours == [result.suppressed for result in own.check("12345", everybody)]
    assert ours.count(False) == 15


def test_fresh_by_another_process(own_app: App, own: OptoutClient, people: People, copy_path: Path) -> None:
    """A process that never asks the app answers from the file that another one refreshes."""
    (person,) = people(1)
    own_app.text(person, "STOP")
    with Replica(own, copy_path) as reader:
        with refreshing(own_app, copy_path, 0, 1):
            pass
        assert reader.age is not None
        assert reader.age < 30
        assert [each.suppressed for each in reader.check("12345", person)] == [True]


def test_threads(app: App, optout: OptoutClient, people: People, copy_path: Path) -> None:
    """Threads share a copy while it is refreshed."""
    everybody = people(600)
    imported(app, everybody[::2])
    wrong: list[object] = []
    with Replica(optout, copy_path) as replica:
        replica.refresh()

        def check() -> None:
            try:
                for _ in range(20):
                    found = [each.suppressed for each in replica.check("12345", everybody)]
                    if found != [True, False] * 300:
                        wrong.append(found)
            except Exception as problem:
                wrong.append(problem)

        threads = [threading.Thread(target=check) for _ in range(4)]
        for thread in threads:
            thread.start()
        for person in people(10):
            app.text(person, "STOP")
            replica.refresh()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_in_the_background(app: App, optout: OptoutClient, people: People, copy_path: Path) -> None:
    """A STOP is seen within the interval, without anybody refreshing."""
    (person,) = people(1)
    with Replica(optout, copy_path) as replica:
        replica.start(every=0.5)
        within(10, lambda: replica.age is not None)
        app.text(person, "STOP")
        within(2, lambda: next(iter(replica.check("12345", person))).suppressed)
        replica.stop()
        app.text(person, "START")
        time.sleep(1)
        assert next(iter(replica.check("12345", person))).suppressed


def test_the_app_dies(
    own_app: App, own: OptoutClient, people: People, copy_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The refresher survives the app: it says that it fails, without numbers, and goes on when the app is
    back; meanwhile the copy gets too old."""
    (person,) = people(1)
    with Replica(own, copy_path, max_age=2) as replica:
        replica.start(every=0.5)
        within(10, lambda: replica.age is not None)
        own_app.kill()
        within(10, lambda: (replica.age or 0) > 2)
        with pytest.raises(StaleReplica):
            list(replica.check("12345", person))
        own_app.start()
        own_app.text(person, "STOP")
        within(5, lambda: (replica.age or 9) < 1)
        within(2, lambda: next(iter(replica.check("12345", person))).suppressed)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "the copy is not refreshed: OptoutUnavailable; again in" in warnings[0].getMessage()
    assert person not in caplog.text


def test_whatever_goes_wrong(
    optout: OptoutClient, copy_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The refresher ends by nothing but stop: also an error that nobody thought of is logged, and tried
    again."""
    senders = optout.senders
    with Replica(optout, copy_path) as replica:
        with monkeypatch.context() as broken:
            broken.setattr(optout, "senders", lambda: 1 / 0)
            replica.start(every=0.1)
            within(5, lambda: caplog.text.count("ZeroDivisionError") > 2)
        assert optout.senders == senders
        within(5, lambda: replica.age is not None)


def test_start_and_stop(optout: OptoutClient, copy_path: Path) -> None:
    """It is started once, may be stopped twice and started again, and no thread is left."""
    replica = Replica(optout, copy_path)
    with pytest.raises(ValueError, match="below max_age, which is 300"):
        replica.start(every=300)
    replica.start()
    with pytest.raises(RuntimeError, match="already"):
        replica.start()
    replica.stop()
    replica.stop()
    replica.start()
    replica.close()
    replica.close()
    # Of others' threads some may just be ending.
    assert "optout-replica" not in {thread.name for thread in threading.enumerate()}
