"""Who may ask the local host, which wants no key: programs on this machine, and its own page.

A browser on this machine runs the pages of others. One whose name was made to point here (DNS
rebinding) says that name as Host; any other says in Origin or Sec-Fetch-Site where it is from, and can
send no JSON without asking first. A tunnel brings in everybody: what comes through one says so in
headers that no page can set, or names the tunnel, and reaches only what is meant for others.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from werkzeug.wrappers import Request

from optout.domain.errors import ConfigurationError

EVENT_GRID = "/runtime/webhooks/EventGrid"
# Where the pages of links are, each with a secret of its own in its address.
LINKS = "/o/"
CONSOLE = "/api/console"

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ORIGIN = re.compile(r"https?://([^/?#@\s]+)")
_DEFAULT_PORT = re.compile(r":(?:80|443)$")
_FORWARDED_HOST = "X-Forwarded-Host"
# What proxies and tunnels add.
_FORWARDED = (
    _FORWARDED_HOST,
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Original-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
)
# Where a request of this page comes from; none is a person who typed the address.
_OWN_SITE = frozenset({"same-origin", "none"})


class Refusal(NamedTuple):
    """Why a request is not answered, and what to do."""

    status: HTTPStatus
    detail: str


@dataclass(frozen=True, slots=True)
class Guard:
    """`allowed` are names beside those of this machine, whose visitors may do everything; `tunnel` is
    the name under which everybody reaches this machine, and `code` what Event Grid says there."""

    allowed: frozenset[str] = frozenset()
    tunnel: str | None = None
    code: str = field(default="", repr=False)

    def refusal(self, request: Request) -> Refusal | None:
        """Why a request must not be answered; None if it may."""
        names = {_name(host) for host in _hosts(request)}
        known = _LOOPBACK | self.allowed | ({self.tunnel} if self.tunnel else set())
        if not names <= known:
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "this host answers to localhost, 127.0.0.1 and [::1] only. If you reach it by another "
                "name that nobody else can use, start it with: serve --allow-host NAME",
            )
        is_forwarded = any(name in request.headers for name in _FORWARDED)
        if self.tunnel and (is_forwarded or self.tunnel in names):
            return self._of_everybody(request)
        if is_forwarded and self.allowed.isdisjoint(names):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "this came through a tunnel or a proxy that this host was not told of. Start it "
                "with serve --tunnel NAME for Event Grid, or with serve --allow-host NAME if nobody "
                "else reaches it",
            )
        # A page of a link has its own secret; its form comes as from nowhere, because the page sends no
        # referrer (Fetch, section 3.2: Origin is then null).
        is_open = _opens_console(request) or request.path.startswith(LINKS)
        return None if is_open else _of_browser(request)

    def _of_everybody(self, request: Request) -> Refusal | None:
        """Through the tunnel: only what is meant for others, by the secret that they were given."""
        if request.path.startswith(LINKS):
            return None
        if not is_event_grid(request.path):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                f"through the tunnel only {EVENT_GRID} answers; use localhost here",
            )
        if not hmac.compare_digest(request.args.get("code", "").encode(), self.code.encode()):
            return Refusal(
                HTTPStatus.UNAUTHORIZED,
                "code: is missing or wrong. Subscribe the address that serve printed at its start",
            )
        return None


def of(allowed: Iterable[str], tunnel: str | None) -> Guard:
    """A guard for the names that somebody wrote, with a new code if there is a tunnel. Raises
    ConfigurationError."""
    names = frozenset(map(_as_written, allowed))
    if tunnel is None:
        return Guard(names)
    return Guard(names, _as_written(tunnel), secrets.token_urlsafe(24))


def _as_written(name: str) -> str:
    if not _NAME.fullmatch(name.lower()):
        raise ConfigurationError(
            f"{name}: is not the name of a host. Write it alone, for example contoso.example, without "
            "https:// and port"
        )
    return name.lower()


def is_event_grid(path: str) -> bool:
    """Whether a path is that of the Event Grid endpoint."""
    return path.rstrip("/").lower() == EVENT_GRID.lower()


def _hosts(request: Request) -> list[str]:
    """The hosts that this one is asked for as, here and at a proxy, as they were written."""
    # Not request.host, which makes one up where there is none.
    hosts = [request.environ.get("HTTP_HOST", "")]
    if _FORWARDED_HOST in request.headers:
        hosts += request.headers[_FORWARDED_HOST].split(",")
    return [host.strip().lower() for host in hosts]


def _name(host: str) -> str:
    """A host without its port; empty for what is none."""
    found = _HOST.fullmatch(host)
    return found[1] if found else ""


def _opens_console(request: Request) -> bool:
    """Whether a person follows a link to the page, which then is in a window of its own."""
    return (
        request.method == "GET"
        and request.path in ("/", CONSOLE)
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
    )


def _of_browser(request: Request) -> Refusal | None:
    """What a browser may send: its own page's requests, with JSON in them."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is None and site is None:
        return None
    if not (_is_own(request, origin) and (site is None or site in _OWN_SITE)):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            "a page of another site may not use this host, which asks for no key. Use the page at "
            f"{CONSOLE}, or a program that is not a browser",
        )
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != "application/json":
        return Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "from a browser write Content-Type: application/json"
        )
    return None


def _is_own(request: Request, origin: str | None) -> bool:
    """Whether a page is of this host. Codespaces call its origin localhost, with our port."""
    if origin is None:
        return True
    found = _ORIGIN.fullmatch(origin.lower())
    here = [f"{name}:{request.environ['SERVER_PORT']}" for name in _LOOPBACK]
    own = {_DEFAULT_PORT.sub("", host) for host in (*_hosts(request), *here)}
    return found is not None and _DEFAULT_PORT.sub("", found[1]) in own
