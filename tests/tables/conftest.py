"""A store in tables, with what goes over its wire."""

from collections.abc import Iterator

import pytest

from optout.store.tables.store import TablesStore
from tests.support.places import Place
from tests.support.wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def store(tables: Place, wire: Wire) -> Iterator[TablesStore]:
    opened = tables.open(wire)
    assert isinstance(opened, TablesStore)
    yield opened
    opened.close()
