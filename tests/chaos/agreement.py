"""Whether every reading operation says the same at the end, and says what was expected."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.chaos.expected import (
    EVERYTHING,
    LINES,
    State,
    blocked_by,
    document,
    suppressed,
    written,
)
from tests.chaos.remains import Remains
from tests.chaos.schedule import Answer, ask

Json = dict[str, Any]

# Small pages, so that their ends are everywhere.
LIMITS = {"export": 7, "journal": 5, "reviews": 2, "quarantine": 3, "suppressions": 3, "history": 4}


@dataclass(frozen=True)
class Reader:
    """Asks one process, in which nothing fails."""

    port: int

    def get(self, target: str, **query: object) -> Json:
        return self._read(ask(self.port, "GET", f"/api/{target}?{urlencode(query)}"), target)

    def post(self, target: str, body: Json) -> Json:
        return self._read(ask(self.port, "POST", f"/api/{target}", json.dumps(body).encode()), target)

    def all(self, target: str, **query: object) -> list[Json]:
        """All pages of an operation."""
        found: list[Json] = []
        more: Json = {}
        while True:
            page = self.get(target, limit=LIMITS[target], **query, **more)
            found += page["items"]
            more = {"cursor": page["cursor"]}
            if page["cursor"] is None:
                return found

    def history(self, person: str) -> list[Json]:
        """All evidence about a person, newest first."""
        found: list[Json] = []
        more: Json = {}
        while True:
            body = {"recipient": person, "limit": LIMITS["history"], **more}
            page = self.post("suppressions/history", body)
            found += page["items"]
            more = {"cursor": page["cursor"]}
            if page["cursor"] is None:
                return found

    def _read(self, answer: Answer, target: str) -> Json:
        if answer.status != 200:
            raise AssertionError(f"{target} answered {answer.status}: {answer.body!r}")
        read: Json = answer.json()
        return read


def violations(remains: Remains, reader: Reader) -> Iterator[str]:
    """Every operation against what was expected, or against the histories, which are held against it
    elsewhere."""
    histories = {person: reader.history(person) for person in remains.states}
    yield from _checks(remains, reader)
    yield from _statuses(remains, reader)
    yield from _lists(remains, reader)
    yield from _evidence(remains, reader, histories)
    yield from _reviews(remains, reader, histories)
    yield from _counts(remains, reader, histories)
    held = Counter(str(item["id"]) for item in reader.all("quarantine"))
    yield from _differ("quarantine", held.total(), len(remains.quarantined))


def _differ(operation: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"agreement: {operation}: {found}, and not {expected}"


def _checks(remains: Remains, reader: Reader) -> Iterator[str]:
    """Of one and of many."""
    people = list(remains.states)
    for sender, line in LINES.items():
        name, allowed = line.name or sender, not line.is_configured
        body = {"sender": name, "recipients": people, "allow_unconfigured": allowed}
        results = reader.post("suppressions/check", body)["results"]
        short = reader.post("suppressions/check", {**body, "only": "suppressed"})["results"]
        yield from _differ(
            "check, only suppressed", short, [each for each in results if each["suppressed"]]
        )
        for person, result in zip(people, results, strict=True):
            yield from _differ(
                f"check of {person} from {sender}",
                _answer(result),
                _expected(sender, remains.states[person]),
            )
        query = {"allow_unconfigured": "true"} if allowed else {}
        for result in results[:3]:
            one = reader.get(f"suppressions/{name}/{result['recipient']}", **query)["results"]
            yield from _differ(f"look-up from {sender}", one, [{**result, "index": 0}])


def _answer(result: Json) -> Json:
    """What a check answers of what the oracle knows, too."""
    return {name: result[name] for name in ("suppressed", "scope", "since", "blocked_by", "state")}


def _expected(sender: str, states: Mapping[str, State]) -> Json:
    own, whole_list = f"sender:{sender}", f"list:{LINES[sender].list}"
    if not suppressed(sender, states):
        said = any(scope in states for scope in (own, whole_list, EVERYTHING))
        nothing = dict.fromkeys(("scope", "since", "blocked_by"))
        return {"suppressed": False, **nothing, "state": "in" if said else "none"}
    scope = own
    if own not in states or not states[own].out:
        wider = [each for each in (whole_list, EVERYTHING) if each in states]
        # The list's where both are of the same moment.
        scope = max(wider, key=lambda each: (states[each].at, states[each].out))
    state = states[scope]
    by = blocked_by(sender, state) if scope == own else "service"
    return {
        "suppressed": True,
        "scope": scope.partition(":")[0],
        "since": written(state.since),
        "blocked_by": by,
        "state": "out",
    }


def _statuses(remains: Remains, reader: Reader) -> Iterator[str]:
    """Where each stands; and the standing, which the feed gives, too."""
    feed = {each["recipient"]: each for each in _feed(reader)}
    for person, states in remains.states.items():
        status = reader.post("suppressions/status", {"recipient": person})
        standing = status["standing"]
        held = {name: each for name, each in standing.items() if name != "version"}
        yield from _differ(f"standing of {person}", held, document(person, states))
        if states:
            yield from _differ(f"feed of {person}", feed.get(person), standing)
        for each in status["lists"]:
            for sender in each["senders"]:
                found = {name: sender[name] for name in ("suppressed", "scope", "since", "blocked_by")}
                right = _expected(sender["sender"].lower(), states)
                del right["state"]
                yield from _differ(f"status of {person} with {sender['sender']}", found, right)


def _feed(reader: Reader) -> Iterator[Json]:
    since: Json = {}
    while True:
        page = reader.get("changes", limit=3, **since)
        yield from page["items"]
        if not page["more"]:
            return
        since = {"since": page["next"]}


def _lists(remains: Remains, reader: Reader) -> Iterator[str]:
    queries: dict[str, Json] = {EVERYTHING: {"everything": "true"}}
    for sender, line in LINES.items():
        queries[f"sender:{sender}"] = {"sender": sender, "allow_unconfigured": "true"}
        if line.is_configured:
            queries[f"list:{line.list}"] = {"list": line.list}
    for scope, query in queries.items():
        items = reader.all("suppressions", **query)
        found = [(each["recipient"], each["since"], each["at"]) for each in items]
        out = {
            person: states[scope]
            for person, states in remains.states.items()
            if scope in states and states[scope].out
        }
        right = [
            (person, written(out[person].since), written(out[person].at)) for person in sorted(out)
        ]
        yield from _differ(f"list of {scope}", found, right)


def _evidence(remains: Remains, reader: Reader, histories: Mapping[str, list[Json]]) -> Iterator[str]:
    """The histories, the export and the journal are the same evidence."""
    for person, items in histories.items():
        kept = [each.id for each in reversed(remains.histories[person])]
        yield from _differ(f"history of {person}", [each["id"] for each in items], kept)
    whole = reader.all("export")
    of_people = [each for each in whole if each["recipient"] is not None]
    imports = [each for each in whole if each["recipient"] is None]
    everything = {(person, each["id"]): each for person, items in histories.items() for each in items}
    exported = {(each["recipient"], each["id"]): _common(each) for each in of_people}
    yield from _differ("export, its length", len(of_people), len(everything))
    for key, each in everything.items():
        yield from _differ(f"export of {key}", exported.get(key), each)
    journal = reader.all("journal")
    yield from _differ(
        "journal, what is in it",
        sorted((str(each["recipient"]), each["id"]) for each in journal),
        sorted(
            (str(each["recipient"]), each["id"])
            for each in (*of_people, *imports)
            if each["kind"] != "import" or each["recipient"] is None
        ),
    )
    times = [each["received_at"] for each in journal]
    yield from _differ("journal, newest first", times, sorted(times, reverse=True))
    for each in journal:
        if each["recipient"] is not None:
            right = everything.get((each["recipient"], each["id"]))
            yield from _differ(f"journal of {each['id']}", _common(each), right)


def _common(item: Json) -> Json:
    """What an item of the journal has in common with one of the history."""
    return {name: value for name, value in item.items() if name not in ("recipient", "counts")}


def _reviews(remains: Remains, reader: Reader, histories: Mapping[str, list[Json]]) -> Iterator[str]:
    judged = {each["about"] for items in histories.values() for each in items if each["verdict"]}
    waiting = {
        evidence_id
        for evidence_id, (_, message) in remains.by_id.items()
        if message.is_for_review and evidence_id not in judged
    }
    found = [str(each["id"]) for each in reader.all("reviews")]
    yield from _differ("reviews", sorted(found), sorted(waiting))


def _counts(remains: Remains, reader: Reader, histories: Mapping[str, list[Json]]) -> Iterator[str]:
    """Everything that changed something; in tables, perhaps also a change by hand that was begun, never
    written and never repeated, which nothing tells from one that was."""
    right: Counter[tuple[str, str | None, str]] = Counter()
    for items in histories.values():
        for each in items:
            if each["kind"] != "import":
                what = each["effect"] if each["effect"] in ("opted_out", "opted_in") else each["intent"]
                right[each["received_at"][:10], each["sender"], what] += 1
    found: Counter[tuple[str, str | None, str]] = Counter()
    for count in reader.get("activity", days=366)["counts"]:
        for what in ("opted_out", "opted_in", "help"):
            found[count["day"], count["sender"], what] += count[what]
    whats = ("opted_out", "opted_in", "help")
    expected = Counter({key: number for key, number in right.items() if key[2] in whats})
    begun = _begun(remains)
    for key in found.keys() | expected.keys():
        _, sender, what = key
        most = expected[key] + begun[sender, what]
        if not expected[key] <= found[key] <= most:
            yield f"agreement: counts: {key} is {found[key]}, not {expected[key]} to {most}"


def _begun(remains: Remains) -> Counter[tuple[str | None, str]]:
    """Calls for changes by hand that were not answered as done."""
    begun: Counter[tuple[str | None, str]] = Counter()
    for line in remains.lines("answer to act"):
        act = remains.acts[str(line["id"])]
        if line["status"] != 200 and not act.is_import and remains.is_in_tables:
            begun[act.target.sender, "opted_out" if act.out else "opted_in"] += 1
    return begun
