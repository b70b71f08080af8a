"""Where the token of an identity may go: to Azure's services, and nowhere else."""

from pathlib import Path

import pytest

from optout.azure import addresses, dead_letters
from optout.doctor import examination
from optout.doctor.diagnosis import Condition
from optout.domain.errors import ConfigurationError

OURS = [
    ("blob", "https://contoso.blob.core.windows.net/dead-letters"),
    ("blob", "https://CONTOSO.Blob.Core.Windows.net:443/dead-letters?sv=2024&sig=a%2Bb%3D"),
    ("blob", "https://contoso-secondary.blob.core.windows.net/dead-letters"),
    ("blob", "https://contoso.privatelink.blob.core.windows.net/dead-letters"),
    ("blob", "https://contoso.z01.blob.storage.azure.net/dead-letters"),
    ("blob", "https://contoso.blob.core.usgovcloudapi.net/dead-letters"),
    ("blob", "https://contoso.blob.core.chinacloudapi.cn/dead-letters"),
    ("blob", "http://127.0.0.1:10000/devstoreaccount1/dead-letters?sig=x"),
    ("blob", "https://localhost:10000/devstoreaccount1/dead-letters"),
    ("blob", "https://[::1]:10000/devstoreaccount1/dead-letters"),
    ("table", "https://contoso.table.core.windows.net"),
    ("queue", "https://contoso.queue.core.windows.net/"),
    ("acs", "https://contoso.communication.azure.com"),
    ("acs", "https://contoso.europe.communication.azure.com/"),
    ("topic", "https://contoso.westeurope-1.eventgrid.azure.net/api/events"),
]

FOREIGN = [
    "https://evil.example/dead-letters",
    "https://contoso.blob.core.windows.net.evil.example/dead-letters",
    "https://contoso.blob.core.windows.net@evil.example/dead-letters",
    "https://evil.example/contoso.blob.core.windows.net",
    "https://evil.example?.blob.core.windows.net/dead-letters",
    "https://evil.example#.blob.core.windows.net/dead-letters",
    r"https://evil.example\.blob.core.windows.net/dead-letters",
    r"https://contoso.blob.core.windows.net\@evil.example/dead-letters",
    "https://evil.example%2f.blob.core.windows.net/dead-letters",
    "https://evil.example\n.blob.core.windows.net/dead-letters",
    "https://contoso.blob.core.windows.net:8443/dead-letters",
    "https://blob.core.windows.net/dead-letters",
    "https://evilblob.core.windows.net/dead-letters",
    "https://contoso.table.core.windows.net/dead-letters",
    "https://contoso.blob.core.windows.com/dead-letters",
    "https://127.0.0.1.evil.example/dead-letters",
    "https://127.0.0.1@evil.example/dead-letters",
    "https://192.0.2.1/dead-letters",
    "https:evil.example/dead-letters",
    "https://contoso.blob.core.w\u0131ndows.net/dead-letters",
    "https://contoso.blob.core.w\u0130ndows.net/dead-letters",
    "https://contoso.blob.core.window\u017f.net/dead-letters",
    "https://contoso.blob.core.ch\u0131nacloudapi.cn/dead-letters",
]


@pytest.mark.parametrize(("service", "address"), OURS)
def test_addresses_of_azure(service: str, address: str) -> None:
    """Each service in each cloud that has it, and emulators on this machine."""
    assert addresses.is_of_azure(service, address)


@pytest.mark.parametrize("address", FOREIGN)
@pytest.mark.parametrize("signature", ["", "?sv=2024&sig=abc"], ids=["identity", "signature"])
def test_dead_letters_are_looked_for_in_azure_only(address: str, signature: str) -> None:
    """An address that somebody sent must not get a token, nor a signature that belongs to another."""
    with pytest.raises(ConfigurationError):
        dead_letters.place(address + signature, None)
    assert not addresses.is_of_azure("blob", address)


@pytest.mark.parametrize(
    ("variable", "address", "subject"),
    [
        ("OPTOUT_TABLES_ENDPOINT", "https://contoso.table.core.windows.net.evil.example", "store"),
        ("OPTOUT_ACS_ENDPOINT", "https://contoso.communication.azure.example", "ACS"),
        ("OPTOUT_TOPIC_ENDPOINT", "https://contoso.eventgrid.example/api/events", "topic"),
        ("OptoutQueue__queueServiceUri", "https://contoso.blob.core.windows.net", "queue"),
    ],
)
def test_doctor_tells_where_a_token_would_go(
    variable: str, address: str, subject: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A warning that names the setting; and doctor itself signs in nowhere, and asks nobody there."""
    asked: list[str] = []
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda *_, **__: asked.append("token"))
    monkeypatch.setenv(
        "OPTOUT_STORE", "tables" if subject == "store" else f"sqlite:{tmp_path / 'optout.db'}"
    )
    monkeypatch.setenv(variable, address)
    findings = list(examination.examine())
    (warning,) = [each for each in findings if each.subject == "identity"]
    assert warning.condition is Condition.WARNING
    assert variable in warning.says
    assert subject not in {each.subject for each in findings}
    assert not asked
