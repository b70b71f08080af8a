"""The copy, without an app: what it keeps, what it answers, and when it does not."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout_client import CheckResult, StaleReplica, UnknownSender
from optout_client._held import Held
from optout_client._rows import readings

from .copies import APP, PAT, SAM, check, keep
from .documents import (
    RECIPIENTS,
    SENDERS,
    Document,
    back,
    document,
    entry,
    is_suppressed,
    out,
    page,
    versions_of_people,
)


@settings(deadline=None, max_examples=150)
@given(documents=versions_of_people(), data=st.data())
def test_any_order(documents: list[Document], data: st.DataObject) -> None:
    """Whatever the order in which documents come, and however often, the newest of each person counts, by
    the formula."""
    again = data.draw(st.lists(st.sampled_from(documents))) if documents else []
    arriving = data.draw(st.permutations([*documents, *again]))
    newest: dict[str, Document] = {}
    for each in documents:
        newest[each["recipient"]] = max(newest.get(each["recipient"], each), each, key=lambda d: d["version"])
    with tempfile.TemporaryDirectory() as folder:
        held = Held(Path(folder) / "copy.db", APP, 300.0)
        size = data.draw(st.integers(1, 5))
        for first in range(0, len(arriving), size):
            assert keep(held, arriving[first : first + size], f"{first}", more=True)
        keep(held, [])
        for sender in SENDERS:
            found = [each.suppressed for each in held.check(sender.sender, 0, RECIPIENTS)]
            assert found == [is_suppressed(newest.get(each), sender) for each in RECIPIENTS]
        held.copy.close()


def test_older_version(held: Held) -> None:
    """A page that repeats an older document changes nothing, not even in the same page."""
    keep(held, [back(PAT, 2), out(PAT, 1)])
    keep(held, [out(PAT, 1)])
    assert not check(held, PAT).suppressed
    keep(held, [out(PAT, 3)])
    assert check(held, PAT).suppressed


def test_result(held: Held) -> None:
    """A result says what the standing does: which scope, since when, and who blocks."""
    blocked = {**entry(True, 3), "blocked_by": "carrier"}
    keep(
        held,
        [
            document(PAT, senders={"+18335550100": blocked}, lists={"contoso-alerts": entry(False, 4)}),
            document(SAM, other_lists=entry(True, 2), lists={"contoso-alerts": entry(True, 2)}),
        ],
    )
    own = check(held, PAT, "+18335550100")
    assert (own.suppressed, own.state, own.scope, own.blocked_by) == (True, "out", "sender", "carrier")
    assert own.since is not None
    assert own.since.isoformat() == "2026-06-01T12:03:00.123456+00:00"
    assert check(held, PAT) == CheckResult(0, PAT, False, "in")
    assert check(held, SAM).scope == check(held, SAM, "CONTOSO").scope == "everything"
    assert check(held, "+14255550199") == CheckResult(0, "+14255550199", False, "none")
    keep(held, [out("+14255550199")])
    assert check(held, "+14255550199").scope == "list"


def test_sender_id(held: Held) -> None:
    """Sender IDs are compared without case."""
    keep(held, [document(PAT, senders={"contoso": entry(True, 1)})])
    assert check(held, PAT, "Contoso").suppressed


def test_new_name(held: Held) -> None:
    """A list on which nobody was when the copy was first asked is known as soon as somebody is."""
    keep(held, [out(PAT)])
    assert not check(held, SAM, "CONTOSO").suppressed
    keep(held, [document(SAM, lists={"contoso-uk": entry(True, 1)})])
    assert check(held, SAM, "CONTOSO").suppressed


def test_senders_of_the_last_page(held: Held) -> None:
    """The senders are those of the refresh that was whole last."""
    keep(held, [out(PAT)])
    held.keep(held.place(), page([], more=True), SENDERS[:1], held.freshness.now())
    assert not check(held, PAT, "CONTOSO").suppressed
    held.keep(held.place(), page([]), SENDERS[:1], held.freshness.now())
    with pytest.raises(UnknownSender):
        check(held, PAT, "CONTOSO")


def test_unknown_sender(held: Held) -> None:
    """A sender that no program names is refused, with those that are most like it."""
    keep(held, [])
    with pytest.raises(UnknownSender, match=r"12354.* did you mean 12345") as raised:
        check(held, PAT, "12354")
    assert raised.value.nearest == ("12345",)
    with pytest.raises(UnknownSender, match="correct it"):
        check(held, PAT, "99999")


@pytest.mark.parametrize(
    "number",
    ["4255550124", "+1 425 555 0123", "+1425555012x", "12345", "", "+0425555012", "+1234567890123456"],
)
def test_only_e164(held: Held, number: str) -> None:
    """What is not in E.164 is an error that names its place, and not the number."""
    keep(held, [])
    with pytest.raises(ValueError, match=r"recipient 8: write a number in E\.164") as raised:
        held.check("12345", 7, [PAT, number])
    assert not number or number not in str(raised.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("+4407700900123", "+447700900123"), ("+114255550123", PAT), ("+3606301234567", "+36301234567")],
)
def test_trunk_prefix(held: Held, written: str, meant: str) -> None:
    """A digit too many behind the country code does not hide an opt-out, whatever is known of whoever has
    that number, if anybody does."""
    keep(held, [out(meant)])
    assert check(held, written).suppressed
    keep(held, [back(written)])
    assert check(held, written).suppressed
    assert not check(held, SAM).suppressed


@pytest.mark.parametrize(("number", "most"), [(PAT, 1), ("+447700900123", 1), ("+4520123456", 4)])
def test_few_readings(number: str, most: int) -> None:
    """Ordinary numbers are looked for under themselves, first of all."""
    found = readings(number)
    assert found is not None
    assert found[0] == int(number)
    assert len(found) <= most


def test_short_code_as_a_person(held: Held) -> None:
    """Nobody can ask about a short code: what the feed says of one is left out."""
    keep(held, [out("12345"), out(PAT)])
    assert check(held, PAT).suppressed


def test_many_at_once(held: Held) -> None:
    """More people than a statement takes are answered as they were at one moment, in their order."""
    people = [f"+4520{number:06}" for number in range(3_000)]
    keep(held, [out(each) for each in people[::2]])
    results = held.check("12345", 10, [*people, *people[:2]])
    assert [each.suppressed for each in results] == [True, False] * 1_501
    assert [each.index for each in results] == list(range(10, 3_012))


def test_place_of_another(held: Held, held_in: Callable[..., Held]) -> None:
    """A page that was asked for where the copy is not any more is not kept, nor is its place."""
    place = held.place()
    other = held_in()
    assert keep(other, [out(PAT)], "1", more=True)
    assert held.keep(place, page([out(SAM)], "2"), SENDERS, held.freshness.now()) is None
    assert held.place().token == "1"
    assert held.age is None
    assert keep(held, [], "3")
    assert other.place().token == "3"
    assert check(other, PAT).suppressed
    assert not check(other, SAM).suppressed


def test_page_from_before_it_was_forgotten(held: Held, held_in: Callable[..., Held]) -> None:
    """A first page that was asked for before another process forgot everything is of an earlier life."""
    place = held.place()
    other = held_in()
    keep(other, [out(PAT)], "1")
    other.copy.forget(other.place())
    assert held.keep(place, page([back(PAT, 9)]), SENDERS, held.freshness.now()) is None


def test_forget(held: Held) -> None:
    """What is forgotten is so with its versions, and nothing is answered until all was read again."""
    keep(held, [back(PAT, 1_000)])
    held.copy.forget(held.place())
    assert held.place().token is None
    with pytest.raises(StaleReplica, match="not complete"):
        check(held, PAT)
    keep(held, [out(PAT, 1)])
    assert check(held, PAT).suppressed


def test_forget_elsewhere(held: Held) -> None:
    """Who was told that a place is gone forgets nothing that another process has read since."""
    place = held.place()
    keep(held, [out(PAT)], "1")
    held.copy.forget(place)
    assert check(held, PAT).suppressed


def test_another_app(held: Held, held_in: Callable[..., Held]) -> None:
    """A copy of one app answers nothing for another, which begins anew."""
    keep(held, [out(PAT)])
    other = held_in("https://fabrikam-optout.azurewebsites.net")
    with pytest.raises(StaleReplica):
        check(other, PAT)
    assert other.place().token is None
    keep(other, [])
    assert not check(other, PAT).suppressed
    with pytest.raises(StaleReplica):
        check(held, PAT)


def test_incomplete(held: Held) -> None:
    """A copy is complete only when there is no more; then it stays so while more is read."""
    keep(held, [out(PAT)], "1", more=True)
    with pytest.raises(StaleReplica, match="not complete"):
        check(held, SAM)
    keep(held, [], "2")
    keep(held, [], "3", more=True)
    assert check(held, PAT).suppressed


def test_interrupted_page(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails in its middle leaves nothing behind, neither people nor its place."""
    keep(held, [], "1")

    def fail(*_: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("optout_client._copy._keep_senders", fail)
        with pytest.raises(MemoryError):
            keep(held, [out(PAT)], "2")
    assert held.place().token == "1"
    assert not check(held, PAT).suppressed
