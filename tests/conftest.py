"""What several test files need: the app's own functions, served in this process."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import function_app
from optout import local, service
from tests.support.client import App, HttpHost, environment


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
