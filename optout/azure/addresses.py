"""Which addresses are those of Azure's services: the token of an identity opens what the identity may
use, for whoever is sent it.

Sources: Storage account overview (also endpoints by DNS zone), Azure Government and Azure in China
endpoints. Azure Communication Services and Event Grid have none of their own in every cloud.
"""

import re
from collections.abc import Mapping, Sequence

_STORAGE = ("core.windows.net", "core.usgovcloudapi.net", "core.chinacloudapi.cn", "storage.azure.net")
_EMULATOR = r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?"
_LABELS = r"(?:[a-z0-9-]+\.)+"
_SERVICES: Mapping[str, Sequence[str]] = {
    "acs": ("communication.azure.com", "communication.azure.us"),
    "blob": tuple(f"blob.{zone}" for zone in _STORAGE),
    "queue": tuple(f"queue.{zone}" for zone in _STORAGE),
    "table": tuple(f"table.{zone}" for zone in _STORAGE),
    "topic": ("eventgrid.azure.net", "eventgrid.azure.us", "eventgrid.azure.cn"),
}


def is_of_azure(service: str, address: str) -> bool:
    """Whether an address is that of one of these services, or of an emulator on this machine."""
    hosts = "|".join(map(re.escape, _SERVICES[service]))
    # The whole of it, and no character that two readers could read in two ways: but for ASCII, a
    # dotless i would be an i here, and another name to whoever resolves it.
    of_azure = rf"https?://(?:{_LABELS}(?:{hosts})(?::443)?|{_EMULATOR})(?:[/?][\x21-\x5b\x5d-\x7e]*)?"
    return re.fullmatch(of_azure, address, re.IGNORECASE | re.ASCII) is not None
