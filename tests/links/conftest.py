"""Keys that are made for a run, and links by them."""

import secrets

import pytest

from optout.domain.link_keys import KEY_BYTES, LinkKey, written
from tests.support.client import App

BASE = "https://o.contoso.example"


def new_key(name: str = "k1") -> LinkKey:
    return LinkKey(name, secrets.token_bytes(KEY_BYTES))


def setting(*keys: LinkKey) -> str:
    """Keys as OPTOUT_LINK_KEYS has them."""
    return ", ".join(map(written, keys))


KEY = new_key("2026")


@pytest.fixture
def key() -> LinkKey:
    return new_key()


@pytest.fixture
def linked(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """The app, with links."""
    monkeypatch.setenv("OPTOUT_LINK_BASE", BASE)
    monkeypatch.setenv("OPTOUT_LINK_KEYS", setting(KEY))
    return app
