"""The page at /o/{token}: what a link opens, and what a tap on its button does.

It has no script, asks for nothing and sets nothing in the browser; what it says is in link_texts. The
page of a link names nobody: the number is masked, and whoever has a wrong link learns whom to call.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib import resources
from string import Template

from pydantic import Field

from optout import log
from optout.domain import numbers
from optout.domain.errors import ConfigurationError, OptoutError
from optout.http import link_texts
from optout.http.exchange import Body, Request, Response
from optout.http.link_texts import Texts
from optout.operations.link_tries import SECONDS, TRIES
from optout.operations.links import Link
from optout.programs.directory import Directory
from optout.service import Service

PAGE = "<!doctype html>"
# What a sentence may have right after a link, and phones take for part of it; no token has any of them.
_AROUND = ".,;:!?)]}>'\"’”»"


class LinkPath(Body):
    """A link's secret."""

    token: str = Field(examples=["ATokenOf34To44LettersDigitsAndSigns_-A"])


def show(request: Request, service: Callable[[], Service]) -> Response:
    """The page of a link, with one button.

    It changes nothing: programs open links, too, before people do.
    """
    found = _follow(request, service)
    if not isinstance(found, Link):
        return found
    texts = _texts(request, found)
    body = [
        _heading(found.program),
        *(_paragraph(each, each.ask, found) for each in texts),
        '<form method="post"><button>',
        *(_marked("span", each, escape(each.button)) for each in texts),
        "</button></form>",
    ]
    return _page(HTTPStatus.OK, texts, f"{found.program}: {texts[0].button}", body)


def opt_out(request: Request, service: Callable[[], Service]) -> Response:
    """Opt the person of a link out: a tap on the button, or the one click of RFC 8058.

    It is recorded before the page says so, and never opts in. Again it only confirms.
    """
    found = _follow(request, service)
    if not isinstance(found, Link):
        return found
    texts = _texts(request, found)
    try:
        service().links.tap(found)
    except Exception as problem:
        # The recorder has raised the alarm; the page must not say that it is done.
        return _away(request, problem, texts)
    body = [_heading(found.program), *(_paragraph(each, each.done, found, "done") for each in texts)]
    if found.way_back:
        body += [_paragraph(each, each.back_by_word, found) for each in texts]
    else:
        body += [_paragraph(each, each.back_by_asking, found) for each in texts]
        body += _ways(dict.fromkeys((found.program, how) for how in found.ways))
    return _page(HTTPStatus.OK, texts, found.program, body)


def _follow(request: Request, service: Callable[[], Service]) -> Link | Response:
    """What a link is for, or the page that helps whoever has a wrong one, or where nothing works."""
    texts = link_texts.choose(request.headers.get("accept-language"))
    try:
        running = service()
        found = running.links.follow(request.path.get("token", "").rstrip(_AROUND))
    except Exception as problem:
        if request.method.upper() == "POST":
            log.stop_not_recorded(None, problem)
        return _away(request, problem, texts)
    if found is not None:
        return found
    tries = running.link_tries.count(_address(request))
    if tries == TRIES:
        log.warning("link_tries", remedy="somebody tries links that do not exist; none was found")
    status = HTTPStatus.NOT_FOUND if tries <= TRIES else HTTPStatus.TOO_MANY_REQUESTS
    return _broken(status, texts, running.directory)


def _broken(status: HTTPStatus, texts: Sequence[Texts], directory: Directory) -> Response:
    """The page of a link that no key has made: one that was cut, or altered, or whose key is gone."""
    ways = dict.fromkeys((each.program or "", each.opt_out_by or "") for each in directory.every)
    body = [
        *(_marked("h1", each, escape(each.broken)) for each in texts[:1]),
        *(_marked("p", each, escape(f"{each.broken_why} {each.broken_else}")) for each in texts),
        *_ways(ways),
    ]
    headers = {"Retry-After": str(SECONDS)} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return _page(status, texts, texts[0].broken, body, headers)


def _away(request: Request, problem: Exception, texts: Sequence[Texts]) -> Response:
    """The page that says that nothing was done, and asks to try again."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(problem, ConfigurationError):
        log.critical("misconfigured", problem=str(problem))
    elif isinstance(problem, OptoutError):
        log.error("unavailable", problem=str(problem))
    else:
        log.exception("unexpected_error")
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    body = [
        *(_marked("h1", each, escape(each.away)) for each in texts[:1]),
        *(_marked("p", each, escape(each.away_why)) for each in texts),
    ]
    return _page(status, texts, texts[0].away, body, {"Retry-After": "30"})


def _texts(request: Request, link: Link) -> tuple[Texts, ...]:
    shown = numbers.describe(link.recipient)[1]
    countries = [shown] if shown else sorted(numbers.possible_countries(link.recipient))
    return link_texts.choose(request.headers.get("accept-language"), countries)


def _address(request: Request) -> str:
    """The network address that the platform's front end saw: the last of the header, which it adds
    itself; what stands before is the caller's own invention."""
    last = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return last.rpartition(":")[0] if last.count(":") == 1 or "]:" in last else last


def _heading(program: str) -> str:
    return f"<h1>{escape(program)}</h1>"


def _paragraph(texts: Texts, text: str, link: Link, kind: str = "") -> str:
    values = {
        "program": f"<bdi>{escape(link.program)}</bdi>",
        "number": f'<bdi dir="ltr">{escape(_masked(link.recipient))}</bdi>',
        "sender": f'<bdi dir="ltr">{escape(link.sender.name)}</bdi>',
        "word": f"<strong>{escape(link.way_back or '')}</strong>",
    }
    return _marked("p", texts, escape(text, quote=False).format_map(values), kind)


def _marked(element: str, texts: Texts, content: str, kind: str = "") -> str:
    """An element in its language and direction."""
    named = f' class="{kind}"' if kind else ""
    return f'<{element} lang="{texts.tag}" dir="{texts.direction}"{named}>{content}</{element}>'


def _ways(ways: Sequence[tuple[str, str]] | dict[tuple[str, str], None]) -> Iterator[str]:
    """Whom to call, as the program file says it: in the programs' own words."""
    said = [f"<li><bdi>{escape(name)}: {escape(how)}</bdi></li>" for name, how in ways if how]
    if said:
        yield f"<ul>{''.join(said)}</ul>"


def _masked(number: str) -> str:
    """Enough to know one's own number by, for whoever has the message; no more."""
    return f"{number[:3]}…{number[-2:]}"


def _page(
    status: HTTPStatus,
    texts: Sequence[Texts],
    title: str,
    body: Sequence[str],
    headers: dict[str, str] | None = None,
) -> Response:
    template, style = _template()
    html = template.substitute(
        lang=texts[0].tag,
        direction=texts[0].direction,
        title=escape(title),
        style=style,
        body="\n".join(body),
    )
    return Response(status, html.encode(), "text/html", {**_headers(), **(headers or {})})


@lru_cache(maxsize=1)
def _template() -> tuple[Template, str]:
    folder = resources.files("optout.http").joinpath("link_page")
    page, style = (folder.joinpath(name).read_text("utf-8") for name in ("page.html", "style.css"))
    return Template(page), style


@lru_cache(maxsize=1)
def _headers() -> dict[str, str]:
    """The style is the only thing that a browser takes from the page, and by its hash."""
    digest = base64.b64encode(sha256(_template()[1].encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    }
