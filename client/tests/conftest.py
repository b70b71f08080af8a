"""What the tests of the package need: the app in a process of its own, and a loopback ACS. The package is
installed here as a wheel, without the app."""

import importlib.util
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optout_client import OptoutClient

from .copies import copy_path, held, held_in
from .support import REPOSITORY, App, People

__all__ = ["copy_path", "held", "held_in"]


def load(path: Path) -> ModuleType:
    """A module of the app's own tests that needs nothing of the app."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One app for all tests of a process, which takes a second to start."""
    with App(tmp_path_factory.mktemp("app") / "optout.db") as running:
        yield running


@pytest.fixture
def app(shared: App) -> App:
    """The app with Contoso's programs, started again if a test has killed it. Others have texted it, too."""
    if not shared.is_running:
        shared.start()
    return shared


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[App]:
    """An app with an empty list."""
    with App(tmp_path / "optout.db") as running:
        yield running


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(2_000_000)


@pytest.fixture
def people(numbers: Iterator[int]) -> People:
    """Numbers that nobody has had before."""
    return lambda wanted: [f"+1425{next(numbers)}" for _ in range(wanted)]


@pytest.fixture
def optout(app: App) -> Iterator[OptoutClient]:
    with OptoutClient(app.endpoint) as client:
        yield client


@pytest.fixture(scope="session")
def loopback() -> ModuleType:
    """The stand-in for ACS, which checks the signatures of the official SDK."""
    return load(REPOSITORY / "tests/support/acs.py")


@pytest.fixture
def acs(loopback: ModuleType) -> Iterator[Any]:
    with loopback.LoopbackAcs() as running:
        yield running
