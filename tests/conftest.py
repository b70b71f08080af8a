"""What several test files need: the app's own functions served in this process, one Azurite, and places
to keep things in either store."""

import os
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

import function_app
from optout import local, service
from optout.store.protocol import Store
from optout.store.tables.client import AccountClock
from tests.support import azurite as emulator
from tests.support.acs import LoopbackAcs
from tests.support.client import App, HttpHost, environment
from tests.support.places import STORES, Place, Places, new_tables
from tests.support.topic import LoopbackTopic
from tests.support.world import Clock, World

# Where others wait for the result, the same examples each time; at a desk, new ones. How long one takes
# is the machine's affair: speed is measured by `make bench`.
hypothesis_settings.register_profile("desk", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def local_host() -> Iterator[local.LocalHost]:
    """function_app's functions behind the local host; a FunctionApp gives them out only once."""
    host = local.LocalHost(function_app.app)
    yield host
    host.close()


@pytest.fixture(scope="session")
def local_port(local_host: local.LocalHost) -> Iterator[int]:
    """The port on which a thread serves the local host."""
    server = local.server(local_host, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the app of this test keeps its store."""
    return tmp_path / "optout.db"


@pytest.fixture
def app(local_port: int, database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The app with an empty store and Contoso's programs, over HTTP."""
    for name, value in environment(database).items():
        monkeypatch.setenv(name, value)
    yield App(HttpHost(local_port))
    service.shutdown()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of an Azurite that is there for the whole run."""
    with emulator.azurite(tmp_path_factory.mktemp("azurite")) as connection_string:
        yield connection_string


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of an Azurite with queues, for one file of tests."""
    with emulator.azurite(tmp_path_factory.mktemp("queues"), "queue") as connection_string:
        yield connection_string


@pytest.fixture
def acs() -> Iterator[LoopbackAcs]:
    with LoopbackAcs() as running:
        yield running


@pytest.fixture
def topic() -> Iterator[LoopbackTopic]:
    with LoopbackTopic() as running:
        yield running


@pytest.fixture(params=STORES)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    """New, empty places: one contract for all stores."""
    new_place, numbers = STORES[request.param], count()
    return lambda: new_place(tmp_path / str(next(numbers)), lambda: request.getfixturevalue("azurite"))


@pytest.fixture
def place(places: Places) -> Place:
    return places()


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def tables(azurite: str) -> Place:
    """A new, empty place in tables."""
    return new_tables(azurite)


@pytest.fixture
def account_time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The account's time, which stands until it is moved: no test waits for a reader to catch up."""
    clock = Clock()
    monkeypatch.setattr(AccountClock, "now", lambda self: clock.now)
    return clock


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Contoso's service on an SQLite file of its own."""
    with World(tmp_path) as opened:
        yield opened
