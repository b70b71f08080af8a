"""The pipeline of azure-core that requests go through, sync and aio."""

from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline import policies

from ._version import VERSION

KEY_HEADER = "x-functions-key"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# azure-core waits five minutes for an answer. Whoever is about to text somebody does not.
_DEFAULTS = {
    "connection_timeout": 5,
    "read_timeout": 30,
    "retry_total": 3,
    "retry_backoff_factor": 0.5,
    "retry_backoff_max": 10,
}
# Each of our POSTs may be made twice: a check reads, a change has its key, a report is the same evidence.
RETRIED = frozenset({"GET", "POST"})


def base_url(endpoint: str) -> str:
    """The app's address, without a path. Raises ValueError for one over which a key could be read."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(f"{endpoint}: write it as https://contoso-optout.azurewebsites.net")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{endpoint}: http is for this machine only; use https")
    return f"{parts.scheme}://{parts.netloc}"


def options(given: dict[str, Any]) -> dict[str, Any]:
    return {**_DEFAULTS, **given}


def around(
    credential: Any, retry: Any, bearer: Any, scopes: tuple[str, ...], given: dict[str, Any]
) -> list[Any]:
    """The policies, in azure-core's order. `retry` and `bearer` are classes, sync or async.

    No policy that logs bodies: they are people's numbers.
    """
    return [
        policies.RequestIdPolicy(**given),
        policies.HeadersPolicy(**given),
        policies.UserAgentPolicy(sdk_moniker=f"optout-client/{VERSION}", **given),
        policies.ProxyPolicy(**given),
        retry(**given),
        *_authentication(credential, bearer, scopes, given),
        policies.CustomHookPolicy(**given),
        policies.HttpLoggingPolicy(**given),
    ]


def _authentication(
    credential: Any, bearer: Any, scopes: tuple[str, ...], given: dict[str, Any]
) -> list[Any]:
    if credential is None:
        return []
    if isinstance(credential, AzureKeyCredential):
        return [policies.AzureKeyCredentialPolicy(credential, KEY_HEADER, **given)]
    if not scopes:
        raise ValueError("credential_scopes: name the app registration, for example api://CLIENT_ID/.default")
    return [bearer(credential, *scopes, **given)]
