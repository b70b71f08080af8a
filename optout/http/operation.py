"""What an operation, a file and a registered function are: the rows of the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPMethod, HTTPStatus
from typing import Any, ClassVar, cast

from optout.http.exchange import Answering, Body, FileHandler, Handler, PageHandler, Request, Response
from optout.service import Service


class Role(StrEnum):
    """What a key can be for; docs/deploy.md says who should have which."""

    LOOKUP = "lookup"
    SUPPORT = "support"
    LISTS = "lists"
    OPT_INS = "opt-ins"
    FEED = "feed"
    GUARD = "guard"
    LINKS = "links"
    DOCTOR = "doctor"


# Who may call; ANYBODY needs no key.
Roles = tuple[Role, ...]
ANYBODY: Roles = ()
LOOKUP_GUARD_AND_SUPPORT: Roles = (Role.LOOKUP, Role.GUARD, Role.SUPPORT)
SUPPORT: Roles = (Role.SUPPORT,)
LISTS: Roles = (Role.LISTS,)
OPT_INS: Roles = (Role.OPT_INS,)
FEED: Roles = (Role.FEED,)
GUARD: Roles = (Role.GUARD,)
LINKS_AND_GUARD: Roles = (Role.GUARD, Role.LINKS)
DOCTOR: Roles = (Role.DOCTOR,)
SUPPORT_AND_FEED: Roles = (Role.SUPPORT, Role.FEED)
SUPPORT_AND_LISTS: Roles = (Role.SUPPORT, Role.LISTS)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address. Its summary and description are its handler's docstring.

    `answer` is the shape of what comes out and `answered` an example of it; `asked` are examples of the
    body, by name. `problems` are those beside the ones that any operation may have. Operations with the
    same `function`, which is the name if nothing else is said, share an address and a key. One that is
    `alone` needs no service, and so answers where a wrong configuration lets none be built. Answers of
    one that is `compressible` may be compressed: nothing in them was written by strangers.
    """

    name: str
    method: HTTPMethod
    route: str
    roles: Roles
    handler: Handler | Answering
    answer: Any
    answered: Any
    body: type[Body] | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    path: type[Body] | None = None
    query: type[Body] | None = None
    headers: type[Body] | None = None
    problems: tuple[HTTPStatus, ...] = ()
    function: str = ""
    alone: bool = False
    compressible: bool = False

    def answering(self, service: Callable[[], Service]) -> Answering:
        """The handler, with the service that it needs."""
        if self.alone:
            return cast(Answering, self.handler)
        handler = cast(Handler, self.handler)
        return lambda request: handler(request, service())


@dataclass(frozen=True, slots=True)
class File:
    """A file that anybody may read. `contents` has an example of each media type that it may have."""

    method: ClassVar = HTTPMethod.GET
    name: str
    route: str
    handler: FileHandler
    contents: Mapping[str, str]
    path: type[Body] | None = None
    problems: tuple[HTTPStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page that whoever has its address may open, and the form on it. `example` is what it looks
    like."""

    name: str
    route: str
    opened: PageHandler
    sent: PageHandler
    example: str
    path: type[Body]

    @property
    def handlers(self) -> Mapping[str, PageHandler]:
        """By method. HEAD is asked by what looks at links before people do."""
        return {"GET": self.opened, "HEAD": self.opened, "POST": self.sent}


@dataclass(frozen=True, slots=True)
class Function:
    """What is registered: an address with keys of its own."""

    name: str
    route: str
    roles: Roles
    respond: Callable[[Request, Callable[[], Service]], Response]
