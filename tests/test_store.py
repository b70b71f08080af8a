"""What every store must do, the model as well: transactions, conflicts, threads, processes."""

import base64
import multiprocessing
import random
import threading
from dataclasses import replace
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
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
from optout.store.protocol import Count, Entry, Store
from tests.support.payloads import sms_event
from tests.support.places import SHARED, Place
from tests.support.records import LIST, OUT, SCOPE, evidence, journal, state_of
from tests.support.world import NOON, PERSON, World, write


def test_a_record_is_read_as_it_was_written(store: Store) -> None:
    """Evidence, consents, and what is known of the recipient come back whole."""
    written = evidence(principal=Principal("some id", "pat@contoso.example"))
    write(store, Decision(written, {SCOPE: OUT}))
    known = state_of(store, sender="12345")
    assert (known.last_number, known.last_received_at) == (1, written.received_at)
    assert known.consents == {SCOPE: OUT}
    assert known.recent == (written,)
    assert known.timeline() == store.timeline(PERSON) == (written,)
    assert store.consents(PERSON, [SCOPE, LIST]) == {SCOPE: OUT}
    assert store.lookup([PERSON, "+14255550199"], [SCOPE, LIST]) == {PERSON: {SCOPE: OUT}}


@pytest.mark.parametrize("came_after", [0, 10])
def test_what_is_there_is_not_decided_again(store: Store, came_after: int) -> None:
    """Evidence of the same id comes back with the consents as they are, however much came after it. The
    newest is not even decided about."""
    first = evidence()
    write(store, Decision(first, {SCOPE: OUT}))
    for number in range(2, 2 + came_after):
        write(store, Decision(evidence(number)))

    def decide_again(state: RecipientState) -> Decision:
        assert came_after
        return Decision(replace(first, number=state.last_number + 1), {LIST: OUT})

    again = store.update(Inquiry(PERSON, first.id), decide_again)
    assert again == Recorded(first, {SCOPE: OUT}, is_new=False)
    assert len(store.timeline(PERSON)) == 1 + came_after
    assert store.snapshot(PERSON).consents == {SCOPE: OUT}


def test_what_a_decision_refuses_is_not_written(store: Store) -> None:
    """An error of the decision is the caller's, and leaves neither evidence nor consent."""

    def refuse(state: RecipientState) -> Decision:
        raise NotNow("not any more")

    with pytest.raises(NotNow, match="not any more"):
        store.update(Inquiry(PERSON, "id"), refuse)
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
    write(store, Decision(evidence(31, intent=Intent.NONE, reply=None)))
    write(store, Decision(evidence(32, sender="54321")))
    known = state_of(store, sender="12345", limit=20)
    assert [item.number for item in known.recent] == list(range(30, 10, -1))
    late = state_of(store, sender="12345", since=NOON + timedelta(seconds=29))
    assert [item.number for item in late.recent] == [30, 29]


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
    pending = Announcement()
    for number in (1, 2, 3):
        write(store, Decision(evidence(number, announcement=pending if number != 2 else None)))
    third = evidence(3, announcement=pending)
    assert store.find(PERSON, third.id) == third
    assert store.find(PERSON, "another") is None
    assert store.find("+14255550124", third.id) is None
    done = Announcement(NOON, version=7)
    store.settle_announcement(third, done)
    assert store.find(PERSON, third.id) == replace(third, announcement=done)


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


@pytest.mark.parametrize("places", SHARED, indirect=True)
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
