"""What every HTTP operation shares, free of any web framework: bodies in, problems out.

Errors are problem+json (RFC 9457) whose `detail` says what to change.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optout import log, settings
from optout.domain.errors import (
    BadRequest,
    ConfigurationError,
    Gone,
    KeyReused,
    NotFinished,
    NotFound,
    NotNow,
    Retryable,
    StoreAway,
    UnknownSender,
)
from optout.domain.model import Principal
from optout.operations.shapes import Shape
from optout.service import Service

BODY_LIMIT = 1024 * 1024
JSON = "application/json"
PROBLEM = "application/problem+json"
# Answers name people: nobody on the way keeps them, and no browser takes them for something else.
ON_EVERY_ANSWER: Mapping[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
UNKNOWN_SENDER = "urn:optout:unknown-sender"
# How a caller gives its key to the Functions host, which passes it on to the function.
_KEY_PARAMETERS = frozenset({"code", "clientid"})
# What App Service Authentication says of the caller.
_PRINCIPAL_ID = "x-ms-client-principal-id"
_PRINCIPAL_NAME = "x-ms-client-principal-name"


@dataclass(frozen=True, slots=True)
class Request:
    """What an operation needs of an HTTP request."""

    method: str
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body and further headers."""

    status: int
    body: str | bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request, Service], Any]
Answering = Callable[[Request], Any]
FileHandler = Callable[[Request], Response]
# A page needs the service, and has something to say where there is none.
PageHandler = Callable[[Request, Callable[[], Service]], Response]


class TooLarge(BadRequest):
    """The body is larger than any request needs."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


_Model = TypeVar("_Model", bound=Body)


class Problem(Shape):
    """RFC 9457. `detail` says what to change."""

    type: Annotated[str, Field(description=f"about:blank, or {UNKNOWN_SENDER}")]
    title: str
    status: int
    detail: str
    nearest: NotRequired[
        Annotated[
            Sequence[str],
            Field(description="of an unknown sender: the senders that are most like it, nearest first"),
        ]
    ]


def respond(request: Request, handlers: Mapping[str, Answering]) -> Response:
    """Run the handler of the request's method, and turn its result or its error into a response."""
    handler = handlers.get(request.method.upper())
    if handler is None:
        return _not_allowed(", ".join(sorted(handlers)))
    try:
        if len(request.body) > BODY_LIMIT:
            raise TooLarge(f"the body is larger than {BODY_LIMIT} bytes; send it in parts")
        return Response(HTTPStatus.OK, json.dumps(handler(request), separators=(",", ":")))
    except TooLarge as problem:
        return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(problem))
    except BadRequest as problem:
        return _problem(HTTPStatus.BAD_REQUEST, str(problem))
    except UnknownSender as problem:
        return Response(HTTPStatus.NOT_FOUND, json.dumps(unknown_sender(problem)), PROBLEM)
    except NotFound as problem:
        return _problem(HTTPStatus.NOT_FOUND, str(problem))
    except NotNow as problem:
        return _problem(HTTPStatus.CONFLICT, str(problem))
    except Gone as problem:
        return _problem(HTTPStatus.GONE, str(problem))
    except KeyReused as problem:
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Idempotency-Key: {problem}")
    except NotFinished as problem:
        log.error("not_finished", problem=str(problem))
        detail = "it is recorded, but not finished or announced yet: repeat the request to finish it"
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})
    except (Retryable, ConfigurationError) as problem:
        return _unavailable(problem)
    except Exception:
        log.exception("unexpected_error")
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error; it has been logged")


def serve(request: Request, handler: FileHandler) -> Response:
    """A file, which is served even if the service is not available."""
    if request.method.upper() != "GET":
        return _not_allowed("GET")
    try:
        return handler(request)
    except NotFound as problem:
        return _problem(HTTPStatus.NOT_FOUND, str(problem))


def open_page(
    request: Request, handlers: Mapping[str, PageHandler], service: Callable[[], Service]
) -> Response:
    """A page by the request's method."""
    handler = handlers.get(request.method.upper())
    if handler is None:
        return _not_allowed(", ".join(sorted(handlers.keys() - {"HEAD"})))
    return handler(request, service)


def parse_body(model: type[_Model], request: Request) -> _Model:
    try:
        value = json.loads(
            request.body, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_once
        )
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    return validate_as(model, value, strict=True)


def parse_query(model: type[_Model], request: Request) -> _Model:
    given = {
        name: value for name, value in request.query.items() if name.lower() not in _KEY_PARAMETERS
    }
    return validate_as(model, given)


def parse_headers(model: type[_Model], request: Request) -> _Model:
    """The headers that a model knows by their aliases; all others are none of its business."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    given = {name: request.headers.get(name.lower()) for name in names}
    return validate_as(model, {name: value for name, value in given.items() if value is not None})


def principal(request: Request) -> Principal | None:
    """Who the platform says the caller is; None if it does not say, or cannot be believed.

    Without App Service Authentication in front of the app, these headers are whatever a caller wrote.
    """
    caller = request.headers.get(_PRINCIPAL_ID)
    if not caller or not settings.platform_authenticates():
        return None
    return Principal(caller, request.headers.get(_PRINCIPAL_NAME) or None)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Raises BadRequest for a name that is there twice: whoever looked at the body before us
    may have gone by the other value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadRequest("the body has an object with the same name twice; write each once")
    return found


def _finite(text: str) -> float:
    """A number as JSON defines it: Python would also accept NaN, and read 1e999 as infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def validate_as(model: type[_Model], value: dict[str, Any], *, strict: bool = False) -> _Model:
    """A body by the types of JSON itself (strict); a query's values are all text."""
    try:
        return model.model_validate(value, strict=strict)
    except ValidationError as problem:
        raise BadRequest(
            "; ".join(
                f"{'.'.join(map(str, error['loc']))}: {_sentence(error['type'], error['msg'])}"
                for error in problem.errors(include_input=False, include_url=False)
            )
        ) from None


def _sentence(kind: str, message: str) -> str:
    known = {
        "missing": "is missing",
        "extra_forbidden": "there is no such field; remove it",
        "timezone_aware": "needs a time zone, for example 2026-01-31T09:00:00Z",
        "too_long": message.lower() + "; send it in parts",
        "too_short": "needs at least one entry",
        "value_error": message.removeprefix("Value error, "),
    }
    return known.get(kind, message[:1].lower() + message[1:])


def encode_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise bad_cursor() from None


def bad_cursor() -> BadRequest:
    return BadRequest("cursor: is not a valid cursor; leave it out to start at the first page")


def _unavailable(problem: Exception) -> Response:
    """The store is away or the app is misconfigured: the caller must not send."""
    if isinstance(problem, ConfigurationError):
        log.critical("misconfigured", problem=str(problem))
        detail = (
            "the service is misconfigured; its log says what to change. Do not send until it is fixed"
        )
    else:
        log.error("unavailable", problem=str(problem))
        what = "the store cannot answer now" if isinstance(problem, StoreAway) else str(problem)
        detail = f"{what}. Do not send; ask again later"
    return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


def _not_allowed(allowed: str) -> Response:
    return _problem(HTTPStatus.METHOD_NOT_ALLOWED, f"use {allowed} here", headers={"Allow": allowed})


def _problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, json.dumps(problem(status, detail)), PROBLEM, headers or {})


def problem(status: HTTPStatus, detail: str) -> Problem:
    return {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}


def unknown_sender(unknown: UnknownSender) -> Problem:
    """Rule 10: a sender that no program names, with those that may have been meant."""
    return {
        **problem(HTTPStatus.NOT_FOUND, str(unknown)),
        "type": UNKNOWN_SENDER,
        "nearest": unknown.nearest,
    }
