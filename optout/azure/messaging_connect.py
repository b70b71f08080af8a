"""Sending from a number that ACS has from a partner: Messaging Connect.

Each request says which partner it is, and has the customer's key with that partner; ACS keeps no key.
A request without both is refused (400), and so is one of another partner's. Source: Azure
Communication Services, Messaging Connect overview, How Messaging Connect Validates Your Requests. The
fields are those of the REST API's version 2026-01-23 (Azure/azure-rest-api-specs,
MessagingConnectOptions). The SDK for Python does not know them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optout.domain.enums import Via
from optout.programs.directory import Sender

# The first version whose stable form has `partnerParams`.
API_VERSION = "2026-01-23"
# What the platform leaves in a setting where it could not read the vault.
_UNRESOLVED = "@microsoft.keyvault("
_VERSION = re.compile(r"(?<=[?&]api-version=)[^&]*")


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to a partner: its name as ACS takes it, and the key there.

    Without one of them nothing can be sent; `problem` says what is missing, and begins with a word of
    its own for the log.
    """

    partner: str | None = None
    key: str | None = field(default=None, repr=False)

    @property
    def problem(self) -> str | None:
        if self.partner is None:
            return (
                "NoPartner: the program file does not say which partner, and there is not just one "
                "OPTOUT_MESSAGING_CONNECT_KEY_…"
            )
        if not self.key:
            return f"NoPartnerKey: {variable(self.partner)} is not set"
        if self.key.lower().startswith(_UNRESOLVED):
            return f"NoPartnerKey: the Key Vault reference in {variable(self.partner)} is not resolved"
        return None

    def options(self) -> dict[str, Any]:
        """What `smsSendOptions.messagingConnect` of a request says."""
        return {"partner": self.partner, "partnerParams": {"apiKey": self.key}}


# By the name that a reply is sent from.
Connections = Mapping[str, Connection]


def connections(senders: Iterable[Sender], keys: Mapping[str, str]) -> Connections:
    """The way to the partner of each sender that ACS has from one. `keys` are by `key_name`; where
    there is just one, it is that of a sender whose partner is not said."""
    return {
        sender.name: _connection(sender.partner, keys)
        for sender in senders
        if sender.via is Via.MESSAGING_CONNECT
    }


def _connection(partner: str | None, keys: Mapping[str, str]) -> Connection:
    if partner is None and len(keys) == 1:
        (partner,) = keys
    # Whoever puts a key into a vault from a file puts the end of its line there, too.
    return Connection(partner, keys.get(key_name(partner), "").strip() if partner else None)


def key_name(partner: str) -> str:
    """The name of a partner by which its key is known: as in a variable, in lower case."""
    return re.sub(r"[^a-z0-9]+", "_", partner.lower())


def variable(partner: str) -> str:
    """The environment variable with the key of a partner."""
    return f"OPTOUT_MESSAGING_CONNECT_KEY_{key_name(partner).upper()}"


def versioned(url: str) -> str:
    """The address of a request, with the version of the API that knows partners."""
    return _VERSION.sub(API_VERSION, url)
