"""How a rule is broken: parts of the product, or of the model, are replaced for a while."""

from collections.abc import Callable
from typing import Any

import pytest

from optout.store.sqlite.store import SqliteStore
from optout.store.tables.store import TablesStore
from tests.support.model_store import ModelStore

Patch = pytest.MonkeyPatch
STORES = (ModelStore, SqliteStore, TablesStore)


def around(patch: Patch, owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    """Replace a method or function by what is made of it."""
    patch.setattr(owner, name, made(getattr(owner, name)))
