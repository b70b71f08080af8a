"""From settings to a store in tables."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from optout import service, settings
from optout.domain.errors import ConfigurationError
from optout.store.tables import client


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"OPTOUT_STORE": "tables"}, "set OPTOUT_TABLES_ENDPOINT, for example https://"),
        ({"OPTOUT_TABLES_ENDPOINT": "https://a.table.core.windows.net"}, "set OPTOUT_STORE=tables"),
        ({"OPTOUT_TABLES_CONNECTION_STRING": "x"}, "set OPTOUT_STORE=tables"),
        (
            {
                "OPTOUT_STORE": "tables",
                "OPTOUT_TABLES_ENDPOINT": "https://a.table.core.windows.net",
                "OPTOUT_TABLES_CONNECTION_STRING": "x",
            },
            "keep one of the two ways",
        ),
        (
            {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_ENDPOINT": "http://localhost:10002/x"},
            "OPTOUT_TABLES_ENDPOINT: write https://ACCOUNT",
        ),
        ({"OPTOUT_STORE": "table"}, "sqlite:PATH, for example sqlite:.data/optout.db, or tables"),
        ({"WEBSITE_SITE_NAME": "app"}, "Set OPTOUT_STORE=tables"),
    ],
)
def test_settings_that_cannot_be_right(environment: dict[str, str], complaint: str) -> None:
    """Each says what to change."""
    with pytest.raises(ConfigurationError, match=re.escape(complaint)):
        settings.load(environment)


@pytest.mark.parametrize("text", ["x", "AccountName=a", "AccountName=a;AccountKey=a2V5;EndpointSuffix"])
def test_a_connection_string_that_is_none(text: str) -> None:
    """The error names the setting, and not what is in it."""
    with pytest.raises(ConfigurationError, match=r"OPTOUT_TABLES_CONNECTION_STRING: .* Copy it whole"):
        client.connect(None, text)


def test_the_service_uses_it(azurite: str) -> None:
    """From settings to a store that answers; an endpoint takes the identity of the process."""
    environment = {"OPTOUT_STORE": "tables", "OPTOUT_TABLES_CONNECTION_STRING": azurite}
    running = service.build(settings.load(environment))
    running.store.check()
    running.close()
    client.connect("https://contoso.table.core.windows.net", None).close()


def test_its_libraries_are_imported_only_when_used(tmp_path: Path) -> None:
    """A laptop's SQLite does not pay for them."""
    code = (
        "import sys; from optout import service, settings; "
        f"service.build(settings.load({{'OPTOUT_STORE': 'sqlite:{tmp_path}/optout.db'}})).close(); "
        "print('azure.data' in sys.modules, 'requests' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False False\n"
