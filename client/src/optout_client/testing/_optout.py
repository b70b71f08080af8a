"""The app in memory, behind real clients."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.core.rest import HttpRequest

from .._client import OptoutClient
from .._errors import UNKNOWN_SENDER, OptoutUnavailable, problem_of
from .._models import Json, Standing
from ..aio._client import OptoutClient as AsyncOptoutClient

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SAYS_OPTED_OUT = re.compile(r"\b4007\b|sender\s+blocked\s+for\s+given\s+recipient", re.IGNORECASE)
_NEVER: Json = {"suppressed": False, "since": None, "at": None}

Answer = tuple[int, Any]


class FakeOptout:
    """A list in memory. `client()` and `aio_client()` are real clients that ask it.

    It understands numbers in E.164 only, where the app reads them as people write them, and it blocks nobody
    on behalf of a carrier. `available = False`: it answers nobody. `reports` are what was reported, newest
    last: sender, recipient, details. `has_links = False`: it has no keys to make links by.

    :param senders: The lists of each sender, its own first: {"12345": ["contoso-alerts"]}.
    """

    def __init__(self, senders: Mapping[str, Sequence[str]]) -> None:
        self.available = True
        self.has_links = True
        # Another one is another app, of which a copy says nothing.
        self.endpoint = f"https://{uuid.uuid4()}.invalid"
        self.reports: list[tuple[str, str, str]] = []
        self._senders = {name: tuple(lists) for name, lists in senders.items()}
        self._standings: dict[str, dict[str, Any]] = {}
        self._keys: dict[tuple[str, str, str], Any] = {}
        self._links_of: dict[str, tuple[str, str]] = {}
        self._version = 0

    def stop(self, recipient: str, sender: str) -> None:
        """Somebody texts STOP to a sender."""
        self._say(recipient, True, sender=sender)

    def start(self, recipient: str, sender: str) -> None:
        """Somebody texts START to a sender."""
        self._say(recipient, False, sender=sender)

    def tap(self, url: str) -> None:
        """Somebody taps on a link that `links` gave out. Raises KeyError for one that it did not."""
        sender, recipient = self._links_of[url]
        self._say(recipient, True, sender=sender)

    def client(self) -> OptoutClient:
        """A client of it."""
        return _Client(self)

    def aio_client(self) -> AsyncOptoutClient:
        """A client of it, with await."""
        return _AsyncClient(self)

    def answer(self, request: HttpRequest) -> Json:
        """What the app would answer. Raises what the clients raise."""
        if not self.available:
            raise OptoutUnavailable("the list has not answered: it is not available")
        status, told = self._answer(request)
        if status != 200:
            raise problem_of(status, json.dumps(told))
        found: Json = told
        return found

    def _answer(self, request: HttpRequest) -> Answer:
        address = urlsplit(request.url)
        if address.path == "/api/changes":
            return self._changes({name: values[0] for name, values in parse_qs(address.query).items()})
        if address.path == "/api/senders":
            return 200, {"items": [_sender(name, lists) for name, lists in self._senders.items()]}
        body = json.loads(request.content)
        operation = address.path.rpartition("/")[2]
        if operation not in ("check", "links") and not _E164.fullmatch(body["recipient"]):
            return _problem(400, "recipient: not a phone number")
        if "sender" in body and body["sender"] not in self._senders and not body.get("allow_unconfigured"):
            return 404, {
                "type": UNKNOWN_SENDER, "detail": f"{body['sender']}: no program names this sender",
                "nearest": list(self._senders),
            }  # fmt: skip
        if operation == "check":
            return self._check(body)
        if operation == "links":
            return self._links(body)
        if operation == "status":
            return 200, {"standing": self._standing(body["recipient"])}
        if operation == "report":
            return self._report(body)
        return self._change(operation == "opt-out", operation, body, request.headers["Idempotency-Key"])

    def _check(self, body: Json) -> Answer:
        sender = body["sender"]
        results = [
            {"index": index, **self._result(sender, recipient)}
            for index, recipient in enumerate(body["recipients"])
        ]
        if body.get("only") == "suppressed":
            results = [each for each in results if each["suppressed"]]
        return 200, {
            "sender": sender, "list": self._lists(sender)[0], "configured": sender in self._senders,
            "results": results,
        }  # fmt: skip

    def _links(self, body: Json) -> Answer:
        if not self.has_links:
            return _problem(409, "no links are configured")
        return 200, {
            "results": [
                {"recipient": each, "url": self._link(body["sender"], each)}
                if _E164.fullmatch(each)
                else {"recipient": each, "error": "not a phone number in E.164"}
                for each in body["recipients"]
            ]
        }

    def _link(self, sender: str, recipient: str) -> str:
        token = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.endpoint} {sender.lower()} {recipient}").hex
        url = f"{self.endpoint}/o/{token}"
        self._links_of[url] = (sender, recipient)
        return url

    def _result(self, sender: str, recipient: str) -> dict[str, Any]:
        if not _E164.fullmatch(recipient):
            return {"recipient": recipient, "suppressed": True, "error": "not a phone number in E.164"}
        standing = Standing.from_json(self._standing(recipient))
        lists = self._lists(sender)
        found = standing.suppression(sender, lists)
        said = [standing.senders.get(sender.lower()), *map(standing.lists.get, lists), standing.other_lists]
        state = "out" if found else "in" if any(each and each.at for each in said) else "none"
        return {
            "recipient": recipient, "suppressed": found is not None, "state": state,
            "since": found.since.isoformat() if found and found.since else None,
            "source": "message" if found else None, "keyword": None, "scope": None,
            "blocked_by": "service" if found else None, "reachable": True,
        }  # fmt: skip

    def _report(self, body: Json) -> Answer:
        if not _SAYS_OPTED_OUT.search(body["details"]):
            return 200, {"recorded": False}
        self.reports.append((body["sender"], body["recipient"], body["details"]))
        self._put(body["recipient"], True, senders=[body["sender"]])
        return 200, {"recorded": True}

    def _change(self, out: bool, operation: str, body: Json, key: str) -> Answer:
        about = {name: body[name] for name in ("sender", "list", "everything") if body.get(name)}
        if len(about) != 1:
            return _problem(400, "name exactly one of sender, list and everything")
        earlier = self._keys.setdefault((operation, body["recipient"], key), body)
        if earlier != body:
            return _problem(422, "Idempotency-Key: was used for another change")
        is_repeated = earlier is not body
        effect = "confirmed" if is_repeated else self._say(body["recipient"], out, **about)
        lists = [about["list"]] if "list" in about else self._lists(about.get("sender", ""))
        found = Standing.from_json(self._standing(body["recipient"])).suppression(
            about.get("sender", ""), lists
        )
        told = {"recipient": body["recipient"], "suppressed": found is not None, "effect": effect}
        return 200, {**told, **({"repeated": True} if is_repeated else {})}

    def _changes(self, query: Mapping[str, str]) -> Answer:
        since = query.get("since", "0")
        if not since.isdigit() or int(since) > self._version:
            return _problem(400, "since: is not a place in the feed")
        limit = int(query["limit"])
        newer = sorted(
            (each for each in self._standings.values() if each["version"] > int(since)),
            key=lambda each: int(each["version"]),
        )
        page = newer[:limit]
        place = page[-1]["version"] if page else int(since)
        return 200, {"items": page, "next": str(place), "more": len(newer) > limit}

    def _say(
        self, recipient: str, out: bool, sender: str = "", list: str = "", everything: bool = False
    ) -> str:
        """Opt somebody in or out of a sender and its list, a list, or everything; the effect."""
        lists = [list] if list else self._lists(sender)[:1] if sender else []
        return self._put(recipient, out, [sender] if sender else [], lists, everything)

    def _put(
        self,
        recipient: str,
        out: bool,
        senders: Sequence[str] = (),
        lists: Sequence[str] = (),
        everything: bool = False,
    ) -> str:
        self._version += 1
        now = datetime.now(timezone.utc).isoformat()
        before = self._standing(recipient)
        entries = [before["senders"].get(name.lower()) for name in senders]
        entries += [before["lists"].get(name, before["other_lists"]) for name in lists]
        was_so = bool(entries) and all((entry or _NEVER)["suppressed"] is out for entry in entries)
        entry = {"suppressed": out, "since": now, "at": now}
        self._standings[recipient] = {
            "recipient": recipient,
            "version": self._version,
            "lists": {
                **before["lists"],
                **dict.fromkeys([*lists, *(before["lists"] if everything else ())], entry),
            },
            "other_lists": entry if everything else before["other_lists"],
            "senders": {
                **before["senders"],
                **{name.lower(): {**entry, "blocked_by": "service" if out else None} for name in senders},
            },
        }
        return "confirmed" if was_so else "opted_out" if out else "opted_in"

    def _standing(self, recipient: str) -> dict[str, Any]:
        nothing = {"recipient": recipient, "version": 0, "lists": {}, "other_lists": _NEVER, "senders": {}}
        return self._standings.get(recipient, nothing)

    def _lists(self, sender: str) -> Sequence[str]:
        return self._senders.get(sender, (sender,))


class _Client(OptoutClient):
    def __init__(self, fake: FakeOptout) -> None:
        self._fake = fake
        self.endpoint = fake.endpoint

    def close(self) -> None:
        pass

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _send(self, request: HttpRequest, **kwargs: Any) -> Json:
        return self._fake.answer(request)


class _AsyncClient(AsyncOptoutClient):
    def __init__(self, fake: FakeOptout) -> None:
        self._fake = fake
        self.endpoint = fake.endpoint

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> "_AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def _send(self, request: HttpRequest, **kwargs: Any) -> Json:
        return self._fake.answer(request)


def _sender(name: str, lists: Sequence[str]) -> dict[str, Any]:
    return {"sender": name, "program": name, "list": lists[0], "lists": list(lists), "country": None}


def _problem(status: int, detail: str) -> Answer:
    return status, {"type": "about:blank", "detail": detail}
