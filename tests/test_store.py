"""What every store must do, on SQLite and in tables: transactions, conflicts, threads, processes."""

import base64
import multiprocessing
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from optout.decisions import decide
from optout.domain.enums import (
    Activity,
    Effect,
    EvidenceKind,
    Intent,
    Party,
    ProbablePolicy,
    ReplyStatus,
    ScopeKind,
)
from optout.domain.errors import NotNow
from optout.domain.ids import evidence_id, verdict_id
from optout.domain.model import (
    EVERYTHING,
    Announcement,
    Consent,
    Decision,
    Evidence,
    Inquiry,
    Principal,
    Quarantined,
    RecipientState,
    Recorded,
    Reply,
    Scope,
)
from optout.store.protocol import Count, Entry, JournalPage, QuarantinePage, Store
from tests.support.payloads import sms_event
from tests.support.places import Place, Places
from tests.support.world import NOON, PERSON, World, write

SCOPE = Scope(ScopeKind.SENDER, "12345")
LIST = Scope(ScopeKind.LIST, "contoso-alerts")


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


def evidence(number: int = 1, recipient: str = PERSON, **changed: object) -> Evidence:
    """A STOP of a recipient; the number is its place in the recipient's evidence."""
    made = Evidence(
        id=evidence_id(EvidenceKind.MESSAGE, f"m{number}", recipient),
        number=number,
        kind=EvidenceKind.MESSAGE,
        recipient=recipient,
        at=NOON,
        received_at=NOON + timedelta(seconds=number),
        sender="12345",
        list="contoso-alerts",
        scopes=(SCOPE, LIST),
        text="STOP",
        intent=Intent.STOP,
        effect=Effect.OPTED_OUT,
        flags=("event_time",),
        reply=Reply(Party.SERVICE, ReplyStatus.PENDING, "Bye.", send_id="i", expires_at=NOON),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


class Looked(Exception):
    """Ends an update after it was read for."""


def state_of(
    store: Store,
    person: str = PERSON,
    scopes: tuple[Scope, ...] = (),
    sender: str | None = None,
    since: datetime = NOON,
    limit: int = 20,
) -> RecipientState:
    """What a store tells a decision about somebody; nothing is written."""
    seen: list[RecipientState] = []

    def look(state: RecipientState) -> Decision:
        timeline = state.timeline()
        seen.append(replace(state, timeline=lambda: timeline))
        raise Looked

    with pytest.raises(Looked):
        store.update(Inquiry(person, "another", scopes, sender, since, limit), look)
    return seen[0]


OUT = Consent(True, NOON, NOON, EvidenceKind.MESSAGE, "STOP", Party.CARRIER, "some id")


def test_a_record_is_read_as_it_was_written(store: Store) -> None:
    """Evidence, consents, and what is known of the recipient come back whole."""
    written = evidence(principal=Principal("some id", "pat@contoso.example"))
    write(store, Decision(written, {SCOPE: OUT}))
    known = state_of(store, scopes=(SCOPE, LIST), sender="12345")
    assert (known.last_number, known.last_received_at) == (1, written.received_at)
    assert known.consents == {SCOPE: OUT}
    assert known.recent == (written,)
    assert known.timeline() == store.timeline(PERSON) == (written,)
    assert store.consents(PERSON, [SCOPE, LIST]) == {SCOPE: OUT}
    assert store.lookup([PERSON, "+14255550199"], [SCOPE, LIST]) == {PERSON: {SCOPE: OUT}}


def test_what_is_there_is_not_decided_again(store: Store) -> None:
    """Evidence of the same id comes back with the consents as they are, however much came after it."""
    first = evidence()
    write(store, Decision(first, {SCOPE: OUT}))
    for number in range(2, 12):
        write(store, Decision(evidence(number)))

    def never(state: RecipientState) -> Decision:
        raise AssertionError("it is there already")

    again = store.update(Inquiry(PERSON, first.id, (SCOPE, LIST)), never)
    assert again == Recorded(first, {SCOPE: OUT}, is_new=False)
    assert len(store.timeline(PERSON)) == 11


def test_what_a_decision_refuses_is_not_written(store: Store) -> None:
    """An error of the decision is the caller's, and leaves neither evidence nor consent."""

    def refuse(state: RecipientState) -> Decision:
        raise NotNow("not any more")

    with pytest.raises(NotNow, match="not any more"):
        store.update(Inquiry(PERSON, "id", (SCOPE,)), refuse)
    assert store.timeline(PERSON) == ()


def test_settle_only_what_is_pending(store: Store) -> None:
    """A reply moves on from pending once; what came first stands."""
    pending = evidence()
    assert pending.reply is not None
    write(store, Decision(pending))
    sent = Reply(Party.SERVICE, ReplyStatus.SENT, "Bye.", sent_at=NOON, message_id="sms")
    assert store.settle_reply(pending, replace(pending.reply, error="429"))
    assert store.settle_reply(pending, sent)
    assert not store.settle_reply(pending, replace(sent, status=ReplyStatus.UNKNOWN))
    assert store.timeline(PERSON)[0] == replace(pending, reply=sent)


def test_settle_only_for_all_who_send(store: Store) -> None:
    """What a delivery has to say about a reply does not stand once another has set out to send it."""
    first = evidence()
    assert first.reply is not None
    write(store, Decision(first))
    second = replace(first, reply=replace(first.reply, resend="second"))
    assert store.settle_reply(first, replace(first.reply, resend="second"))
    assert not store.settle_reply(first, replace(first.reply, status=ReplyStatus.SUPERSEDED))
    assert store.timeline(PERSON) == (second,)
    sent = Reply(
        Party.SERVICE, ReplyStatus.SENT, "Bye.", resend="second", sent_at=NOON, message_id="sms"
    )
    assert store.settle_reply(second, sent)


def test_recent_is_bounded(store: Store) -> None:
    """Only keyword messages to the sender, newest first, within the window and the limit."""
    for number in range(1, 31):
        write(store, Decision(evidence(number)))
    write(store, Decision(evidence(31, intent=Intent.NONE)))
    write(store, Decision(evidence(32, sender="54321")))
    known = state_of(store, sender="12345", limit=20)
    assert [item.number for item in known.recent] == list(range(30, 10, -1))
    late = state_of(store, sender="12345", since=NOON + timedelta(seconds=29))
    assert [item.number for item in late.recent] == [30, 29]


def test_history_in_pages(store: Store) -> None:
    """Newest first; the next page goes on where the last one ended; others are not read."""
    for number in range(1, 8):
        write(store, Decision(evidence(number)))
    write(store, Decision(evidence(1, recipient="+14255550124")))
    found, below = [], None
    while True:
        page = store.history(PERSON, 3, below)
        found += [item.number for item in page.items]
        below = page.below
        if below is None:
            break
    assert found == [7, 6, 5, 4, 3, 2, 1]


@given(st.text(), st.text())
def test_an_id_is_a_uuid(message_id: str, recipient: str) -> None:
    """Ids are those of RFC 9562, version 5, as they always were."""
    namespace = uuid5(NAMESPACE_URL, "urn:optout:evidence")
    name = f"import\n{message_id}\n{recipient}"
    assert evidence_id(EvidenceKind.IMPORT, message_id, recipient) == str(uuid5(namespace, name))


DRAFT = Evidence(
    id="",
    number=0,
    kind=EvidenceKind.IMPORT,
    recipient="",
    at=NOON,
    received_at=NOON,
    list="contoso-alerts",
    scopes=(SCOPE, LIST),
    intent=Intent.STOP,
    flags=("no_time",),
    actor="%(id)s ’ 100 %",
    reason='"import" of {recipient}.csv\n',
)


FORM = decide.decide(DRAFT, RecipientState())


def test_first_evidence_of_many(store: Store) -> None:
    """As if each were recorded by itself; those who are known come back, and are left alone."""
    people = [f"+142555501{number:02}" for number in range(5)]
    write(store, Decision(evidence(recipient=people[2])))
    entries = [
        Entry(person, NOON - timedelta(days=number, microseconds=number), f"id-{number}")
        for number, person in enumerate(people)
    ]
    assert store.without_evidence(people) == {*people} - {people[2]}
    assert store.insert_first(FORM, entries) == [entries[2]]
    assert store.without_evidence(people) == set()
    assert store.insert_first(FORM, entries) == entries
    assert store.insert_first(FORM, []) == []
    for person, at, identifier in (*entries[:2], *entries[3:]):
        alone = replace(DRAFT, recipient=person, at=at, id=identifier)
        expected = decide.decide(alone, RecipientState())
        assert store.timeline(person) == (expected.evidence,)
        assert store.find(person, identifier) == expected.evidence
        assert store.lookup([person], [SCOPE, LIST]) == {person: expected.consents}
        known = state_of(store, person)
        assert (known.last_number, known.last_received_at) == (1, NOON)
    assert store.timeline(people[2]) == (evidence(recipient=people[2]),)
    assert store.lookup([people[2]], [SCOPE, LIST]) == {}
    assert [one for one, _ in store.list_out(LIST, 10, None).items] == [*people[:2], *people[3:]]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
def test_all_evidence_in_pages(store: Store, limit: int) -> None:
    """Everything about everybody, once, by recipient and number, however it falls into pages."""
    pieces = {"+14255550123": 3, "+442079460000": 1, "12345": 5, "+14255550122": 2}
    for person, count in pieces.items():
        for number in range(1, count + 1):
            write(store, Decision(evidence(number, person), {LIST: OUT}))
    found: list[tuple[str, int]] = []
    while page := store.all_evidence(limit, found[-1] if found else None):
        assert len(page) <= limit
        found += [(item.recipient, item.number) for item in page]
    assert found == sorted((person, n + 1) for person, count in pieces.items() for n in range(count))


def test_all_evidence_finds_what_was_added(store: Store) -> None:
    """Evidence that is written about a recipient between two pages is on the next."""
    write(store, Decision(evidence(1)))
    assert store.all_evidence(10, None) == (evidence(1),)
    write(store, Decision(evidence(2)))
    assert store.all_evidence(10, (PERSON, 1)) == (evidence(2),)


def test_a_list_in_pages(store: Store) -> None:
    """Everyone who is out of a scope, once, in order; nobody who is back in, nobody of another."""
    people = [f"+142555501{number:02}" for number in range(10)]
    for number, person in enumerate(people):
        consent = replace(OUT, out=number != 4)
        write(store, Decision(evidence(recipient=person), {LIST: consent}))
    write(store, Decision(evidence(recipient="+14255550150"), {EVERYTHING: OUT}))
    found, after = [], None
    while True:
        page = store.list_out(LIST, 4, after)
        found += [recipient for recipient, _ in page.items]
        after = page.after
        if after is None:
            break
    assert found == people[:4] + people[5:]
    assert store.was_ever_out(EVERYTHING)
    assert not store.was_ever_out(Scope(ScopeKind.LIST, "other"))


def test_the_names_of_lists(store: Store) -> None:
    """Each list that people are on, once, whatever names are near and however many people there are."""
    names = [
        "contoso",
        "contoso-uk",
        "contoso2",
        "contosoa",
        "sender:+14255550100",
        "sender:a b",
        "x" * 63,
    ]
    assert store.list_names() == ()
    for number in range(20):
        consents = {Scope(ScopeKind.LIST, name): OUT for name in names[number % 2 :]}
        others = {SCOPE: OUT, EVERYTHING: OUT}
        write(store, Decision(evidence(recipient=f"+142555501{number:02}"), consents | others))
    assert [name for name in store.list_names() if ":" not in name] == sorted(
        name for name in names if ":" not in name
    )


def test_find_and_announce(store: Store) -> None:
    """Evidence is found by its id, and waits to be announced until it was."""
    pending = Announcement((SCOPE, LIST))
    for number in (1, 2, 3):
        write(store, Decision(evidence(number, announcement=pending if number != 2 else None)))
    third = evidence(3, announcement=pending)
    assert store.find(PERSON, third.id) == third
    assert store.find(PERSON, "another") is None
    assert store.find("+14255550124", third.id) is None
    assert [item.number for item in store.unannounced(PERSON)] == [1, 3]
    done = replace(pending, published_at=NOON)
    store.settle_announcement(third, done)
    assert [item.number for item in store.unannounced(PERSON)] == [1]
    assert store.find(PERSON, third.id) == replace(third, announcement=done)


def journal(turn: Callable[[int, str | None], JournalPage], limit: int) -> list[Evidence]:
    """All pages of a journal."""
    found: list[Evidence] = []
    after = None
    while True:
        page = turn(limit, after)
        found += page.items
        if (after := page.after) is None:
            return found


def test_the_journal(store: Store) -> None:
    """The evidence about everybody, newest first, in pages; what was imported is not in it."""
    people = [f"+1425555010{number}" for number in range(3)]
    written = [
        evidence(number, person, received_at=NOON + timedelta(seconds=10 * number))
        for number in (1, 2, 3)
        for person in people
    ]
    for item in written:
        write(store, Decision(item))
    write(store, Decision(evidence(4, kind=EvidenceKind.IMPORT)))
    found = journal(store.journal, 2)
    assert [item.number for item in found] == [3, 3, 3, 2, 2, 2, 1, 1, 1]
    assert sorted(found, key=lambda item: item.id) == sorted(written, key=lambda item: item.id)


def test_counts_by_day_and_sender(store: Store) -> None:
    """Opt-outs, opt-ins and help on each day since then; a confirmed STOP is no second opt-out."""
    tomorrow = NOON + timedelta(days=1)
    happened: tuple[dict[str, object], ...] = (
        {"effect": Effect.OPTED_OUT},
        {"effect": Effect.CONFIRMED},
        {"effect": Effect.NONE, "intent": Intent.HELP},
        {"effect": Effect.OPTED_IN, "intent": Intent.START, "received_at": tomorrow},
        {"effect": Effect.OPTED_OUT, "received_at": tomorrow, "sender": "54321"},
        {"effect": Effect.OPTED_OUT, "received_at": tomorrow, "sender": None},
        {"effect": Effect.OPTED_OUT, "kind": EvidenceKind.IMPORT},
    )
    for number, changed in enumerate(happened, start=1):
        write(store, Decision(evidence(number, f"+1425555010{number}", **changed)))
    today, next_day = NOON.date(), tomorrow.date()
    expected = {
        Count(today, "12345", Activity.OPTED_OUT, 1),
        Count(today, "12345", Activity.HELP, 1),
        Count(next_day, "12345", Activity.OPTED_IN, 1),
        Count(next_day, "54321", Activity.OPTED_OUT, 1),
        Count(next_day, None, Activity.OPTED_OUT, 1),
    }
    assert set(store.counts(NOON)) == expected
    assert {count.day for count in store.counts(tomorrow)} == {next_day}


def test_the_review_list(store: Store) -> None:
    """What is for review, oldest first, until a verdict is recorded; what is ignored never is."""
    waiting = [
        evidence(1, person, policy=policy, received_at=NOON + timedelta(seconds=seconds))
        for seconds, (person, policy) in enumerate(
            (
                ("+14255550101", ProbablePolicy.SUPPRESS),
                ("+14255550102", ProbablePolicy.REVIEW),
                ("+14255550103", ProbablePolicy.SUPPRESS),
            )
        )
    ]
    ignored = evidence(1, "+14255550104", policy=ProbablePolicy.IGNORE)
    for item in (*waiting, ignored, evidence(1, "+14255550105")):
        write(store, Decision(item))
    assert journal(store.list_reviews, 2) == waiting
    assert store.find_review(waiting[1].id) == waiting[1]
    assert store.find_review(ignored.id) is None
    assert store.find_review("another") is None
    judged = waiting[1]
    verdict = verdict_id(judged.id, judged.recipient)
    write(store, Decision(evidence(2, judged.recipient, id=verdict, about=judged.id)))
    assert journal(store.list_reviews, 2) == [waiting[0], waiting[2]]
    assert store.find_review(judged.id) == judged


Turn = Callable[[int, str | None], tuple[list[str], str | None]]


def all_pages(turn: Turn, size: int) -> list[str]:
    """What is on all pages of a size, from the first to the last."""
    found: list[str] = []
    after = None
    for _ in range(100):
        ids, after = turn(size, after)
        assert len(ids) <= size
        found += ids
        if after is None:
            return found
    raise AssertionError("the pages never end")


def by_id(read: Callable[[int, str | None], JournalPage | QuarantinePage]) -> Turn:
    """Turns pages and tells the ids of what is on them."""

    def turn(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = read(size, after)
        return [item.id for item in page.items], page.after

    return turn


def in_pages(store: Store, size: int) -> dict[str, list[str]]:
    """Whatever is given in pages, each by its ids or its people."""

    def people(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = store.list_out(LIST, size, after)
        return [recipient for recipient, _ in page.items], page.after

    return {
        "journal": all_pages(by_id(store.journal), size),
        "reviews": all_pages(by_id(store.list_reviews), size),
        "quarantine": all_pages(by_id(store.list_quarantine), size),
        "list": all_pages(people, size),
    }


# Times that fall into one second, or into one microsecond, and ids with whatever a key must not have.
CLOSE = st.sampled_from([0, 1, 2, 100_000, 999_999, 1_000_000])
ANY_ID = st.text(alphabet="aZ09_.|~+-'/ #é🛑", min_size=1, max_size=8) | st.sampled_from(
    ["x" * 300, "y" * 300]
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.dictionaries(ANY_ID, CLOSE, min_size=3, max_size=8), size=st.integers(1, 3))
@example(arrivals=dict.fromkeys(["a", "b", "c"], 0), size=1)
@example(arrivals=dict.fromkeys(["a", "b", "c"], 0), size=2)
def test_pages_of_any_size(places: Places, arrivals: dict[str, int], size: int) -> None:
    """However much falls into one microsecond, pages of any size give everything once and in order."""
    store = places().open()
    at = {name: NOON + timedelta(microseconds=offset) for name, offset in arrivals.items()}
    people = [f"+1425555010{number}" for number in range(len(at))]
    for person, (name, moment) in zip(people, at.items(), strict=True):
        item = evidence(1, person, id=name, policy=ProbablePolicy.SUPPRESS, received_at=moment)
        write(store, Decision(item, {LIST: OUT}))
        store.quarantine(Quarantined(name, moment, "reason", "{}"))
    whole = in_pages(store, 100)
    oldest_first = sorted(at.values())
    for kind, order in (("journal", -1), ("reviews", 1), ("quarantine", 1)):
        assert sorted(whole[kind]) == sorted(at)
        assert [at[name] for name in whole[kind]] == oldest_first[::order]
    assert whole["list"] == people
    assert in_pages(store, size) == whole
    store.close()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_of_what_goes_meanwhile(store: Store, size: int) -> None:
    """Who works everything off page by page, so that nothing of a page is left, sees all of it once."""
    people = [f"+1425555010{number}" for number in range(7)]
    for person in people:
        made = evidence(1, person, policy=ProbablePolicy.SUPPRESS, received_at=NOON)
        write(store, Decision(replace(made, id=person), {LIST: OUT}))
        store.quarantine(Quarantined(person, NOON, "reason", "{}"))

    def judge(size: int, after: str | None) -> tuple[list[str], str | None]:
        ids, after = by_id(store.list_reviews)(size, after)
        for name in ids:
            write(store, Decision(evidence(2, name, id=verdict_id(name, name), about=name)))
        return ids, after

    def release(size: int, after: str | None) -> tuple[list[str], str | None]:
        ids, after = by_id(store.list_quarantine)(size, after)
        for name in ids:
            store.release(name)
        return ids, after

    def opt_in(size: int, after: str | None) -> tuple[list[str], str | None]:
        page = store.list_out(LIST, size, after)
        for person, _ in page.items:
            write(store, Decision(evidence(3, person), {LIST: replace(OUT, out=False)}))
        return [person for person, _ in page.items], page.after

    for work in (judge, release, opt_in):
        assert sorted(all_pages(work, size)) == people
        assert all_pages(work, size) == []


@pytest.mark.parametrize("cursor", ["", "x", "'", "a b", "/\\#?\t", "+1" * 2000])
def test_any_cursor(store: Store, cursor: str) -> None:
    """A cursor that no page gave is a place in the order like any other."""
    write(store, Decision(evidence(), {LIST: OUT}))
    store.quarantine(Quarantined("id", NOON, "reason", "{}"))
    assert len(store.list_out(LIST, 3, cursor).items) <= 1
    assert len(store.list_quarantine(3, cursor).items) <= 1
    assert len(store.journal(3, cursor).items) <= 1
    assert len(store.list_reviews(3, cursor).items) == 0

    assert len(store.all_evidence(3, (cursor, 10**18 - 1))) <= 1


def test_quarantine_in_pages(store: Store) -> None:
    """Oldest first; the same event again is held once, with the newest reason."""
    for number in range(5):
        at = NOON + timedelta(seconds=number)
        store.quarantine(Quarantined(f"id-{9 - number}", at, "reason", "{}"))
    store.quarantine(Quarantined("id-9", NOON, "another reason", "{}"))
    first = store.list_quarantine(3, None)
    rest = store.list_quarantine(3, first.after)
    assert [event.id for event in first.items + rest.items] == ["id-9", "id-8", "id-7", "id-6", "id-5"]
    assert first.items[0].reason == "another reason"
    assert rest.after is None
    store.release("id-7")
    assert store.find_quarantined("id-7") is None
    assert store.find_quarantined("id-8") == Quarantined(
        "id-8", NOON + timedelta(seconds=1), "reason", "{}"
    )


def test_texts_are_forgotten(store: Store) -> None:
    """The text of an ordinary message goes; that of a keyword stays, and so does the record."""
    write(store, Decision(evidence(1)))
    write(store, Decision(evidence(2, intent=Intent.NONE, text="hello", reply=None)))
    write(store, Decision(evidence(3, intent=Intent.NONE, text="newer", reply=None)))
    assert store.forget_texts(NOON + timedelta(seconds=3)) == 1
    assert store.forget_texts(NOON + timedelta(seconds=3)) == 0
    assert [item.text for item in store.timeline(PERSON)] == ["STOP", None, "newer"]


def test_a_long_text(store: Store) -> None:
    """A message and an event of any length are kept whole, while they are settled, too."""
    text = random_text(200_000)
    long = evidence(text=text)
    assert long.reply is not None
    write(store, Decision(long))
    store.settle_reply(long, replace(long.reply, status=ReplyStatus.SENT))
    assert store.timeline(PERSON)[0].text == text
    event = Quarantined("id", NOON, "no event", random_text(1024 * 1024) + "\x00\x0b\ufffe")
    store.quarantine(event)
    assert store.find_quarantined("id") == event


def random_text(length: int) -> str:
    """Text that hardly compresses, as what is encoded in it does."""
    return base64.b64encode(random.Random(length).randbytes(length))[:length].decode()


@pytest.mark.parametrize("text", ["", "\x00", "’); DROP TABLE consent; --", "🛑" * 500, "\ufffd"])
def test_any_text(store: Store, text: str) -> None:
    """Whatever a person writes is kept as it is."""
    write(store, Decision(evidence(text=text)))
    assert store.timeline(PERSON)[0].text == text


def test_threads_of_one_process(place: Place) -> None:
    """Many threads, one recipient: every message is recorded, numbered without a gap."""
    with World(place) as world:
        events = [
            sms_event("STOP" if n % 2 else "START", message_id=f"t{n}", at=NOON) for n in range(32)
        ]

        def work(part: list[str]) -> None:
            for event in part:
                world.handler.handle(event)

        threads = [threading.Thread(target=work, args=(events[n::8] * 2,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [item.number for item in world.history()] == list(range(1, 33))
        assert world.check().suppressed


def _process(place: Place, part: int) -> None:
    with World(place) as world:
        for n in range(15):
            world.handler.handle(sms_event("STOP", message_id=f"{part}-{n}", at=NOON))


def test_processes_at_one_place(place: Place) -> None:
    """Several processes that start at once share a new place; nothing is lost or doubled."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_process, args=(place, part)) for part in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    with World(place) as world:
        assert [item.number for item in world.history()] == list(range(1, 61))
