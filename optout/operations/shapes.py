"""What the shapes of all JSON documents are made of.

They are typed dictionaries: mypy holds functions to them, and the OpenAPI document is made from them.
At run time they are plain dictionaries, so that ten thousand answers cost nothing more.
"""

from datetime import datetime
from typing import Annotated, overload

from pydantic import ConfigDict, WithJsonSchema, with_config
from typing_extensions import TypedDict

from optout.domain.enums import Party
from optout.store import codec

Time = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "description": "UTC, RFC 3339"})
]
Blocker = Annotated[
    Party,
    WithJsonSchema({"type": "string", "enum": [party for party in Party if party is not Party.NOBODY]}),
]


@with_config(ConfigDict(extra="forbid"))
class Shape(TypedDict):
    """An object with these fields and no others."""


@overload
def shown(moment: datetime) -> str: ...
@overload
def shown(moment: datetime | None) -> str | None: ...
def shown(moment: datetime | None) -> str | None:
    """A time as every answer shows it: UTC, six fraction digits."""
    return codec.stamp(moment) if moment else None
