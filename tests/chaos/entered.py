"""What was entered by people at desks: each change and import as often as it was made, of its time;
each verdict on what it may be about."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from optout.domain.model import Evidence
from tests.chaos.acts import Act, Row
from tests.chaos.expected import resting_on
from tests.chaos.remains import Remains
from tests.chaos.shared import BEGIN

# What a row of an import says.
_Key = tuple[tuple[str, ...], bool, str, datetime | None]


def changes(remains: Remains) -> Iterator[str]:
    """Every change by hand that was answered is there, once if it had a key, and no more often than it
    was asked for; the rows of an import alike."""
    found = Counter[_Key | str]()
    for person, history in remains.histories.items():
        for each in history:
            act = remains.acts.get(str(each.reason))
            if act is not None:
                row = next(
                    (row for row in act.rows if row.person == person and row.at == each.at), None
                )
                found[_name(act, row or Row(person, None))] += 1
                if row is None:
                    yield from _undated(remains, act, each)
    tries = Counter(str(line["id"]) for line in remains.lines("act"))
    answered = Counter(
        str(line["id"]) for line in remains.lines("answer to act") if line["status"] == 200
    )
    least, most = Counter[_Key | str](), Counter[_Key | str]()
    for act in remains.acts.values():
        for row in act.rows:
            name = _name(act, row)
            is_once = act.key is not None or (act.is_import and row.at is not None)
            least[name] = max(least[name], min(1, answered[act.id]) if act.is_import else 0)
            if not act.is_import:
                least[name] = min(1, answered[act.id]) if is_once else answered[act.id]
            most[name] = 1 if is_once else most[name] + tries[act.id]
    for name in found.keys() | least.keys():
        if not least[name] <= found[name] <= most[name]:
            yield f"changes: {name} is there {found[name]} times, not {least[name]} to {most[name]}"


def _name(act: Act, row: Row) -> _Key | str:
    """What tells one change from another: its own id, or of an import what its row says."""
    if act.is_import:
        return act.target.scopes, act.out, row.person, row.at
    return act.id


def _undated(remains: Remains, act: Act, evidence: Evidence) -> Iterator[str]:
    """Evidence without a time of its own is of the time of one of its calls, or an opt-out by hand of
    just after what stood."""
    if all(row.at is not None for row in act.rows):
        yield f"changes: {act.id} is of {evidence.at}, and of no row's time"
        return
    began = min(line["began"] for line in remains.lines("act") if line["id"] == act.id)
    at = (evidence.at - BEGIN).total_seconds()
    ended = (evidence.received_at - BEGIN).total_seconds()
    history = remains.histories[evidence.recipient][: evidence.number - 1]
    stood = [(each.at - BEGIN).total_seconds() for each in history]
    latest = max([ended, *(each + 1e-5 for each in stood if act.out)])
    if not began - 1e-5 <= at <= latest:
        yield f"changes: {act.id} is of {at} s, but was asked for at {began} s, and {ended} s"


def verdicts(remains: Remains) -> Iterator[str]:
    """Every verdict was given, is about a request, and takes back no more and no less than it may."""
    given = defaultdict(set)
    for line in remains.lines("verdict"):
        given[line["id"]].add(line["verdict"])
    found = {}
    for history in remains.histories.values():
        for each in history:
            if each.verdict is not None:
                found[each.about] = str(each.verdict)
                yield from _wrong(remains, history[: each.number - 1], each)
                if str(each.verdict) not in given[each.about]:
                    yield f"verdicts: nobody gave {each}"
    for line in remains.lines("verdict"):
        if line["status"] == 200 and found.get(line["id"]) != line["verdict"]:
            yield f"verdicts: {line['verdict']} of {line['id']} is {found.get(line['id'])}"
        if line["status"] not in (0, 200, 409, 503):
            yield f"verdicts: the answer was {line['status']}"


def _wrong(remains: Remains, before: Sequence[Evidence], verdict: Evidence) -> Iterator[str]:
    _, message = remains.by_id[str(verdict.about)]
    request = remains.said.get(str(verdict.about))
    if not message.is_for_review:
        yield f"verdicts: {verdict} is about what nobody was asked"
    if str(verdict.verdict) == "lift" and request is not None:
        may = resting_on(request, remains.said_in(before))
        if may != set(map(str, verdict.scopes)):
            yield f"verdicts: {verdict} takes back {verdict.scopes}; it may {may}"
