"""The settings of links: a wrong one is an error that says what to change, and never shows a secret."""

import base64
import re
import secrets
from pathlib import Path

import pytest

from optout import settings
from optout.doctor import examination
from optout.doctor.diagnosis import Condition
from optout.domain.errors import ConfigurationError
from optout.domain.link_keys import written
from tests.links.conftest import new_key, setting
from tests.support.client import environment
from tests.support.program_files import SENDER_ID, program
from tests.support.program_files import written as written_in

BASE = "https://o.contoso.com"
VAULT = "@Microsoft.KeyVault(SecretUri=https://contoso.vault.azure.net/secrets/links)"
TABLES = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "https://contoso.table.core.windows.net"}


def load(**given: str) -> settings.Settings:
    return settings.load({f"OPTOUT_{name.upper()}": value for name, value in given.items()})


@pytest.mark.parametrize(
    "base",
    [
        BASE, "https://o.contoso.com/", "https://contoso.com/sms", "https://contoso-optout.azurewebsites.net",
        "http://localhost:7071", "http://127.0.0.1:7072", "https://o.contoso.com:8443",
    ],
)  # fmt: skip
def test_bases(base: str) -> None:
    """Where links may lead."""
    assert load(link_base=base, link_keys=setting(new_key())).link_base == base


@pytest.mark.parametrize(
    "base",
    [
        "o.contoso.com", "http://o.contoso.com", "https://", "https://o.contoso.com?x=1",
        "https://o.contoso.com/#x", "https://o.contoso.com/a b", "https://ö.contoso.com",
        "https://o.contoso.com/~ann", "https://user@o.contoso.com", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_no_bases(base: str) -> None:
    """Without https a tap could be read and changed on its way; the rest is nothing for a text."""
    with pytest.raises(ConfigurationError, match="OPTOUT_LINK_BASE: write https://NAME"):
        load(link_base=base, link_keys=setting(new_key()))


def test_keys_need_a_base() -> None:
    with pytest.raises(ConfigurationError, match="OPTOUT_LINK_KEYS is set without OPTOUT_LINK_BASE"):
        load(link_keys=setting(new_key()))


def test_a_base_needs_keys_in_azure() -> None:
    """On a laptop one is made."""
    assert load(link_base=BASE).link_keys == ()
    with pytest.raises(ConfigurationError, match="OPTOUT_LINK_BASE is set without OPTOUT_LINK_KEYS"):
        settings.load({**TABLES, "OPTOUT_LINK_BASE": BASE})
    found = settings.load({**TABLES, "OPTOUT_LINK_BASE": BASE, "OPTOUT_LINK_KEYS": setting(new_key())})
    assert (found.local_key_path, found.address_of_links) == (None, BASE)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_keys_of_another_length(length: int) -> None:
    """The message has the name and the length, and nothing of the secret."""
    secret = base64.b64encode(secrets.token_bytes(length)).decode()
    with pytest.raises(ConfigurationError) as raised:
        load(link_base=BASE, link_keys=f"k1:{secret}")
    assert f"OPTOUT_LINK_KEYS: the key k1 has {length} bytes and needs 32" in str(raised.value)
    assert not secret or secret not in str(raised.value)


def test_the_settings_do_not_show_them() -> None:
    """Whoever prints them sees names."""
    key = new_key("k1")
    found = load(link_base=BASE, link_keys=setting(key))
    assert "k1" in repr(found)
    assert written(key).partition(":")[2] not in repr(found) + str(found)
    assert not re.search(re.escape(repr(key.secret)[2:-1]), repr(found))


@pytest.mark.parametrize(
    ("flag", "base", "keys", "condition", "says"),
    [
        (
            "true",
            "",
            "",
            Condition.WARNING,
            "message of Contoso has a link, and none is configured",
        ),
        ("false", "", "", None, ""),
        ("true", BASE, "both", Condition.OK, f"{BASE}: the key new makes them, old still read"),
        ("false", BASE, "both", Condition.OK, f"{BASE}: the key new makes them, old still read"),
        ("true", "http://localhost:7071", "both", Condition.WARNING, "nobody else can open a link"),
        ("true", BASE, VAULT, Condition.WRONG, "the reference of OPTOUT_LINK_KEYS to the Key Vault"),
        ("true", BASE, "k1:none", Condition.WRONG, "OPTOUT_LINK_KEYS: the key k1"),
    ],
)
def test_the_doctor(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flag: str,
    base: str,
    keys: str,
    condition: Condition | None,
    says: str,
) -> None:
    """Says which key makes links and which are read, and where links are missing."""
    file = written_in(tmp_path, program(f'{SENDER_ID}\ncountry = "FR"\nlinks = {flag}'))
    given = environment(
        tmp_path / "optout.db", OPTOUT_PROGRAMS=str(file), OPTOUT_LINK_BASE=base,
        OPTOUT_LINK_KEYS=setting(new_key("new"), new_key("old")) if keys == "both" else keys,
    )  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    subject = "settings" if keys == "k1:none" else "links"
    found = [each for each in examination.examine() if each.subject == subject]
    assert [each.condition for each in found] == ([condition] if condition else [])
    assert all(says in each.says for each in found)
