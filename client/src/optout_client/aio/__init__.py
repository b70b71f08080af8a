"""The clients for asyncio, under the same names. They need aiohttp: `pip install optout-client[aio]`."""

from typing import TYPE_CHECKING, Any

from ._client import OptoutClient

if TYPE_CHECKING:
    from ._guard import GuardedSmsClient

__all__ = ["GuardedSmsClient", "OptoutClient"]


def __getattr__(name: str) -> Any:
    """What needs the SMS client is imported when somebody asks for it."""
    if name == "GuardedSmsClient":
        from ._guard import GuardedSmsClient

        return GuardedSmsClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
