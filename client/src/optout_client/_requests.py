"""The requests of each operation, and what their answers mean. Nothing here is sent.

No number of a person is ever part of an address: addresses land in logs.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TypeVar

from azure.core.rest import HttpRequest

from ._errors import OptoutUnavailable
from ._models import ChangeResult, ChangesPage, CheckResult, Json, Link, Sender, Standing

# How many the app takes at once.
CHECK_LIMIT = 10_000

_Value = TypeVar("_Value")


def pages(recipients: str | Iterable[str], size: int = CHECK_LIMIT) -> Iterator[tuple[int, list[str]]]:
    """The recipients in pages, each with the place of its first one; read only as far as they are needed."""
    each = iter((recipients,) if isinstance(recipients, str) else recipients)
    first = 0
    while page := list(islice(each, size)):
        yield first, page
        first += len(page)


def check(
    sender: str, recipients: Sequence[str], only_suppressed: bool, allow_unconfigured: bool
) -> HttpRequest:
    body: dict[str, Any] = {"sender": sender, "recipients": list(recipients)}
    if only_suppressed:
        body["only"] = "suppressed"
    if allow_unconfigured:
        body["allow_unconfigured"] = True
    return _post("suppressions/check", body)


def read_check(
    told: Json, first: int, recipients: Sequence[str], only_suppressed: bool, allow_unconfigured: bool
) -> list[CheckResult]:
    """The results for one page. Whatever is not an answer about each of them is no answer at all: nobody
    must be texted because a line is missing."""

    def read() -> list[CheckResult]:
        if told["configured"] is not True and not allow_unconfigured:
            raise ValueError("configured")
        results = [CheckResult.from_json(each, first + int(each["index"])) for each in told["results"]]
        places = [each.index - first for each in results]
        expected = range(len(recipients))
        if (set(places) - set(expected)) if only_suppressed else places != list(expected):
            raise ValueError("index")
        return results

    return _understood(read)


def links(sender: str, recipients: Sequence[str], allow_unconfigured: bool) -> HttpRequest:
    body: dict[str, Any] = {"sender": sender, "recipients": list(recipients)}
    if allow_unconfigured:
        body["allow_unconfigured"] = True
    return _post("links", body)


def read_links(told: Json, first: int, recipients: Sequence[str]) -> list[Link]:
    """The links of one page: one for each of them, or no answer at all."""

    def read() -> list[Link]:
        found = [Link.from_json(each, first + place) for place, each in enumerate(told["results"])]
        if len(found) != len(recipients):
            raise ValueError("results")
        return found

    return _understood(read)


def standing(recipient: str) -> HttpRequest:
    return _post("suppressions/status", {"recipient": recipient})


def read_standing(told: Json) -> Standing:
    return _understood(lambda: Standing.from_json(told["standing"]))


def change(
    operation: str,
    recipient: str,
    *,
    sender: str | None,
    list_name: str | None,
    everything: bool,
    reason: str,
    actor: str,
    at: datetime | None,
    idempotency_key: str | None,
) -> HttpRequest:
    """`operation` is opt-out or opt-in. Raises ValueError for a time without a zone."""
    body: dict[str, Any] = {"recipient": recipient, "reason": reason, "actor": actor}
    body.update({"sender": sender} if sender else {})
    body.update({"list": list_name} if list_name else {})
    body.update({"everything": True} if everything else {})
    body.update({"at": stamp(at)} if at else {})
    # One for each call: a retry of the pipeline's is the same change, and another call is another one.
    key = idempotency_key or str(uuid.uuid4())
    return _post(f"suppressions/{operation}", body, {"Idempotency-Key": json.dumps(key)})


def read_change(told: Json) -> ChangeResult:
    return _understood(lambda: ChangeResult.from_json(told))


def report(sender: str, recipient: str, at: datetime, details: str) -> HttpRequest:
    body = {"sender": sender, "recipient": recipient, "at": stamp(at), "details": details[:500]}
    return _post("suppressions/report", body)


def read_report(told: Json) -> bool:
    return _understood(lambda: bool(told["recorded"]))


def changes(since: str | None, limit: int) -> HttpRequest:
    params = {"limit": str(limit), **({"since": since} if since else {})}
    return HttpRequest("GET", "/api/changes", params=params)


def read_changes(told: Json) -> ChangesPage:
    return _understood(lambda: ChangesPage.from_json(told))


def senders() -> HttpRequest:
    return HttpRequest("GET", "/api/senders")


def read_senders(told: Json) -> list[Sender]:
    return _understood(lambda: [Sender.from_json(each) for each in told["items"]])


def read_object(body: str) -> Json:
    """The JSON object of an answer of 200. A log-in page of a proxy is none."""

    def read() -> Json:
        told = json.loads(body)
        if not isinstance(told, dict):
            raise TypeError("object")
        return told

    return _understood(read)


def stamp(moment: datetime) -> str:
    """A time as the app reads it. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone, for example datetime.now(timezone.utc)")
    return moment.astimezone(timezone.utc).isoformat()


def _post(path: str, body: Any, headers: dict[str, str] | None = None) -> HttpRequest:
    return HttpRequest("POST", f"/api/{path}", json=body, headers=headers)


def _understood(read: Callable[[], _Value]) -> _Value:
    try:
        return read()
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise OptoutUnavailable(
            "what answers at the list's address is not the app, or another version of it", 200
        ) from problem
