"""The page at /api/console, and its files, which are in optout/http/console.

Anybody may read them, even while the store is away: they hold no data. What the page shows comes from
the other operations.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from importlib import resources

from pydantic import Field

from optout import settings
from optout.domain.errors import NotFound
from optout.http.exchange import Body, Request, Response

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
# Scripts come only from our own files, and text never becomes markup: the browser enforces it, too.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    # Cached, but revalidated each time: a new version of the app is shown at once.
    "Cache-Control": "no-cache",
}
_PLACE = b'data-place="azure"'


PAGE = {"text/html": "<!doctype html>"}
FILES = {
    "text/css": "body { margin: 0; }",
    "text/javascript": "export const isLocal = true;",
    "image/svg+xml": "<svg/>",
}


class FilePath(Body):
    """A file of the page, by its name."""

    file: str = Field(examples=["style.css"])


def page(request: Request) -> Response:
    """A page to look numbers up and to see what happens."""
    html = _file("index.html")
    return _served(
        request,
        html if settings.in_azure() else html.replace(_PLACE, b'data-place="local"'),
        "text/html",
    )


def file(request: Request) -> Response:
    """A style sheet, a script or the icon of the page."""
    name = request.path["file"]
    if name not in _files():
        raise NotFound("the console has no such file")
    return _served(request, _file(name), _files()[name])


def _served(request: Request, content: bytes, media_type: str) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag}
    # A proxy that compresses makes a tag weak.
    known = request.headers.get("if-none-match", "").replace("W/", "").split(", ")
    if tag in known:
        return Response(HTTPStatus.NOT_MODIFIED, b"", media_type, headers)
    return Response(HTTPStatus.OK, content, media_type, headers)


@lru_cache(maxsize=1)
def _files() -> Mapping[str, str]:
    """The files that the page may ask for, with their media types."""
    folder = resources.files("optout.http").joinpath("console")
    endings = {each.name: each.name.rpartition(".")[2] for each in folder.iterdir()}
    return {name: _TYPES[ending] for name, ending in endings.items() if ending in _TYPES}


@lru_cache
def _file(name: str) -> bytes:
    return resources.files("optout.http").joinpath("console", name).read_bytes()
