"""The clients for asyncio, under the same names. They need aiohttp: `pip install optout-client[aio]`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._client import OptoutClient

if TYPE_CHECKING:
    from ._guard import GuardedSmsClient
    from ._replica import Replica

__all__ = ["GuardedSmsClient", "OptoutClient", "Replica"]


# What needs the SMS client, or SQLite, is imported when somebody asks for it.
_LAZY = {"GuardedSmsClient": "_guard", "Replica": "_replica"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
