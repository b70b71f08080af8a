"""Ask optout before every text message: may I text this person?

`GuardedSmsClient` needs azure-communication-sms: `pip install optout-client[sms]`.
"""

from typing import TYPE_CHECKING, Any

from ._client import OptoutClient
from ._errors import FeedGone, OptoutUnavailable, StaleReplica, UnknownSender
from ._models import ChangeResult, ChangesPage, CheckResult, Entry, Sender, Standing
from ._version import VERSION

if TYPE_CHECKING:
    from ._guard import GuardedSmsClient
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
    "OptoutClient",
    "OptoutUnavailable",
    "Sender",
    "StaleReplica",
    "Standing",
    "UnknownSender",
]


def __getattr__(name: str) -> Any:
    """What needs the SMS client is imported when somebody asks for it."""
    if name == "GuardedSmsClient":
        from ._guard import GuardedSmsClient

        return GuardedSmsClient
    if name == "GuardedSmsResult":
        from ._results import GuardedSmsResult

        return GuardedSmsResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
