"""Who made a manual change: what the caller says, and what the platform verified, never mixed up."""

import json

import pytest

from tests.support.client import WHO, App
from tests.support.payloads import sms_event

PERSON = "+14255550123"
AZURE = {"WEBSITE_SITE_NAME": "contoso-optout"}
AUTHENTICATED = {**AZURE, "WEBSITE_AUTH_ENABLED": "True"}
PAT = {
    "X-MS-CLIENT-PRINCIPAL-ID": "5f0c6d0e-0000-4000-8000-9d3a8f1c2b7a",
    "X-MS-CLIENT-PRINCIPAL-NAME": "pat@contoso.example",
}
VERIFIED = {"id": "5f0c6d0e-0000-4000-8000-9d3a8f1c2b7a", "name": "pat@contoso.example"}
ONLY_ID = {"X-MS-CLIENT-PRINCIPAL-ID": "5f0c6d0e-0000-4000-8000-9d3a8f1c2b7a"}
ONLY_NAME = {"X-MS-CLIENT-PRINCIPAL-NAME": "pat@contoso.example"}


@pytest.mark.parametrize(
    ("platform", "headers", "expected"),
    [
        pytest.param(AUTHENTICATED, PAT, VERIFIED, id="the platform says who it is"),
        pytest.param(AUTHENTICATED, ONLY_ID, {**VERIFIED, "name": None}, id="a service, unnamed"),
        pytest.param(AUTHENTICATED, ONLY_NAME, None, id="a name alone is nobody"),
        pytest.param(AUTHENTICATED, {}, None, id="a caller with nothing but a key"),
        pytest.param(AZURE, PAT, None, id="forged: no authentication before the app"),
        pytest.param({**AZURE, "WEBSITE_AUTH_ENABLED": "False"}, PAT, None, id="forged: switched off"),
        pytest.param({**AZURE, "WEBSITE_AUTH_ENABLED": ""}, PAT, None, id="forged: an empty switch"),
        pytest.param({"WEBSITE_AUTH_ENABLED": "True"}, PAT, None, id="forged: not in Azure"),
        pytest.param({}, PAT, None, id="forged: on a laptop"),
    ],
)
@pytest.mark.parametrize("operation", ["opt-out", "opt-in"])
def test_the_principal_is_the_platforms_or_nobodys(
    operation: str,
    platform: dict[str, str],
    headers: dict[str, str],
    expected: dict[str, str] | None,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The actor stays what the caller wrote; the principal is there only where it can be believed."""
    assert app.get("health").status == 200  # built with the settings of a laptop, which Azure refuses
    for name, value in platform.items():
        monkeypatch.setenv(name, value)
    body = json.dumps({**WHO, "sender": "12345", "recipient": PERSON}).encode()
    assert app.host.request("POST", f"/api/suppressions/{operation}", body, headers).status == 200
    (item,) = app.history(PERSON)
    assert (item["actor"], item["principal"]) == (WHO["actor"], expected)


def test_a_verdict_has_one_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever judges a probable request is recorded like whoever changes the list."""
    app.deliver(sms_event("please cancel", from_=PERSON))
    (request,) = app.get("reviews").json()["items"]
    for name, value in AUTHENTICATED.items():
        monkeypatch.setenv(name, value)
    body = json.dumps({**WHO, "id": request["id"], "verdict": "confirm"}).encode()
    assert app.host.request("POST", "/api/reviews", body, PAT).status == 200
    assert app.history(PERSON)[0]["principal"] == VERIFIED


def test_a_report_has_one_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which service said that ACS refused a message."""
    assert app.get("health").status == 200
    for name, value in AUTHENTICATED.items():
        monkeypatch.setenv(name, value)
    said = {"sender": "54321", "recipient": PERSON, "at": "2026-06-01T12:00:00Z", "details": "4007"}
    body = json.dumps(said).encode()
    assert app.host.request("POST", "/api/suppressions/report", body, PAT).status == 200
    assert app.history(PERSON)[0]["principal"] == VERIFIED
