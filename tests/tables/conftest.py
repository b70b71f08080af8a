"""A store in tables, with what goes over its wire."""

from collections.abc import Iterator

import pytest

from optout.store.tables.store import TablesStore
from tests.support.places import Place, new_tables
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


@pytest.fixture
def target(azurite: str) -> Place:
    """Tables that are empty."""
    return new_tables(azurite)
