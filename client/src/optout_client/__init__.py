"""Ask optout before every text message: may I text this person?

`GuardedSmsClient` needs azure-communication-sms: `pip install optout-client[sms]`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._client import OptoutClient
from ._errors import FeedGone, OptoutUnavailable, StaleReplica, UnknownSender, UnusableReplica
from ._models import ChangeResult, ChangesPage, CheckResult, Entry, Link, Sender, Standing
from ._version import VERSION

if TYPE_CHECKING:
    from ._guard import GuardedSmsClient
    from ._replica import Replica
    from ._results import GuardedSmsResult

__version__ = VERSION
__all__ = [
    "ChangeResult",
    "ChangesPage",
    "CheckResult",
    "Entry",
    "FeedGone",
    "GuardedSmsClient",
    "GuardedSmsResult",
    "Link",
    "OptoutClient",
    "OptoutUnavailable",
    "Replica",
    "Sender",
    "StaleReplica",
    "Standing",
    "UnknownSender",
    "UnusableReplica",
]


# What needs the SMS client, or SQLite, is imported when somebody asks for it.
_LAZY = {"GuardedSmsClient": "_guard", "GuardedSmsResult": "_results", "Replica": "_replica"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
