"""Stand-ins for your own tests: the app and ACS, in memory. They answer through the real clients, and are
held to the running app by the tests of this package."""

from ._optout import FakeOptout
from ._sms import FakeSms

__all__ = ["FakeOptout", "FakeSms"]
