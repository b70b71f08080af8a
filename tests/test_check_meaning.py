"""A check of many says of each what its consents mean, whatever is made once for all of them, kept for
a while, or left out of the answer."""

import json
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.domain.enums import EvidenceKind, Party, ScopeKind
from optout.domain.model import EVERYTHING, Consent, Decision, Scope
from optout.domain.times import EARLIEST
from optout.http.exchange import Request, respond
from optout.http.suppressions import check
from optout.operations.check import Checks
from optout.store.codec import stamp
from tests.support.program_files import LONG_CODE, SHORT_CODE, load, program
from tests.support.records import evidence
from tests.support.world import NOON, World, write

REPLIES = 'replies.stop = "Contoso: out."\nreplies.start = "Contoso: in."'
PROGRAMS = program(SHORT_CODE, LONG_CODE, rest=f'formerly = ["older", "old"]\n{REPLIES}')
OWN = Scope(ScopeKind.SENDER, "12345")
LISTS = tuple(Scope(ScopeKind.LIST, name) for name in ("contoso", "older", "old"))
# What has no say about the sender that is asked for.
STRANGE = (Scope(ScopeKind.SENDER, "+14255550100"), Scope(ScopeKind.LIST, "other"))
TIMES = (EARLIEST, *(NOON.replace(hour=hour) for hour in (1, 2, 3)))
PEOPLE = 4

Known = Mapping[Scope, Consent]


@st.composite
def consents(draw: st.DrawFn) -> Known:
    """Of one person: few times, so that they often are the same."""
    said = draw(st.sets(st.sampled_from((OWN, *LISTS, EVERYTHING, *STRANGE))))
    return {scope: draw(st.builds(consent, st.booleans(), st.sampled_from(TIMES))) for scope in said}


def consent(out: bool, at: Any) -> Consent:
    return Consent(out, at, at, EvidenceKind.MESSAGE, "STOP", Party.SERVICE, evidence_id="e")


# Who is asked about: one of some people, and how their number is written; or what is no number.
ENTRIES: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from(("{}", " {} ", "tel:{}"))),
    st.sampled_from(("nobody", "", None, 7, 1.5, [], {"number": 1}, "\ud800", "2125550")),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One file for all examples, each of which has people of its own."""
    folder: Path = tmp_path_factory.mktemp("meaning")
    with World(folder, directory=load(folder, PROGRAMS)) as opened:
        yield opened


NUMBERS = count(2_000_000_000)


def expected(index: int, number: str, known: Known) -> dict[str, Any]:
    """What docs/api.md and docs/rules.md say of one person."""
    winner = None
    wider = [scope for scope in (*LISTS, EVERYTHING) if scope in known]
    if OWN in known and known[OWN].out:
        winner = OWN
    elif wider:
        # The newest; of one moment one that is out; of those, the first by name.
        latest = sorted(wider, key=lambda scope: (known[scope].at, known[scope].out))[-1]
        same = [
            s for s in wider if (known[s].at, known[s].out) == (known[latest].at, known[latest].out)
        ]
        winner = same[0] if known[latest].out else None
    opted_in = any(not known[s].out and known[s].at > EARLIEST for s in (OWN, *wider) if s in known)
    return {
        "index": index,
        "recipient": number,
        "suppressed": winner is not None,
        "since": stamp(known[winner].since) if winner else None,
        "scope": str(winner.kind) if winner else None,
        "source": "message" if winner else None,
        "keyword": "STOP" if winner else None,
        "blocked_by": "service" if winner else None,
        "state": "out" if winner else "in" if opted_in else "none",
        # Area code 200 is in no country.
        "reachable": True,
    }


def ask(world: World, checks: Checks, entries: list[Any], **further: str) -> list[dict[str, Any]]:
    service: Any = SimpleNamespace(directory=world.directory, checks=checks)
    body = json.dumps({"sender": "12345", "recipients": entries, **further}).encode()
    answer = respond(Request("POST", body), {"POST": lambda request: check(request, service)})
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = json.loads(answer.body)["results"]
    return results


@given(
    st.lists(consents(), min_size=PEOPLE, max_size=PEOPLE), st.lists(ENTRIES, min_size=1, max_size=8)
)
def test_many_are_answered_as_one(world: World, said: list[Known], asked: list[Any]) -> None:
    """In the order asked, duplicates and errors included; with a cache, again with what it holds, and
    without one; everybody, or those alone who may not be texted."""
    people = [f"+1{next(NUMBERS)}" for _ in said]
    for person, known in zip(people, said, strict=True):
        if known:
            write(world.store, Decision(evidence(recipient=person), known))
    entries = [each[1].format(people[each[0]]) if isinstance(each, tuple) else each for each in asked]
    everybody = [
        expected(index, people[each[0]], said[each[0]]) if isinstance(each, tuple) else None
        for index, each in enumerate(asked)
    ]
    cached, uncached = (Checks(world.store, seconds, time.monotonic) for seconds in (30, 0))
    for checks in (cached, cached, uncached):
        found = ask(world, checks, entries)
        assert len(found) == len(entries)
        for index, (result, meant) in enumerate(zip(found, everybody, strict=True)):
            if meant is not None:
                assert result == meant
            else:
                assert result.keys() == {"index", "recipient", "suppressed", "error"}
                assert (result["index"], result["recipient"]) == (index, entries[index])
                assert result["suppressed"] is True
        kept = [result for result in found if result["suppressed"]]
        assert ask(world, checks, entries, only="suppressed") == kept
