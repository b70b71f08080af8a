"""Rules broken on purpose, one at a time, in every worker: the campaign must notice each."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from optout.azure.sms import AcsReplies, Outcome
from optout.azure.topic import NotAnnounced, Notice, TopicPublisher
from optout.decisions import consent, decide, evidence, replies
from optout.domain.enums import Certainty, EvidenceKind, ProbablePolicy
from optout.domain.errors import StoreAway
from optout.domain.model import (
    Consents,
    ConsentSnapshot,
    Decision,
    Evidence,
    Inquiry,
    RecipientState,
    Recorded,
    Reply,
    Scope,
)
from optout.http import feed as http_feed
from optout.operations import changes, feed, handle, recorder, standing
from optout.operations.feed import FeedPage
from optout.operations.recorder import Recorder
from optout.own_queue import OwnQueue
from optout.store.protocol import ListPage, Store
from optout.store.sqlite.store import SqliteStore
from tests.chaos.formula import Document, may_text


def order_of_arrival() -> None:
    """No message ever comes late."""
    consent.comes_late = lambda consent, evidence: False


def unconditional_record() -> None:
    """A message that comes again is recorded again, under an id of its own."""
    conditional = SqliteStore.update

    def unconditional(
        self: SqliteStore, inquiry: Inquiry, decide: Callable[[RecipientState], Decision]
    ) -> Recorded:
        if self.find(inquiry.recipient, inquiry.evidence_id) is None:
            return conditional(self, inquiry, decide)
        another = str(uuid4())

        def decide_again(state: RecipientState) -> Decision:
            decision = decide(state)
            return replace(decision, evidence=replace(decision.evidence, id=another))

        return conditional(self, replace(inquiry, evidence_id=another), decide_again)

    SqliteStore.update = unconditional  # type: ignore[method-assign]


def fresh_send_ids() -> None:
    """As the SDK does by itself: a new repeatability id for each attempt."""
    send = AcsReplies.send

    def fresh(self: AcsReplies, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return send(self, sender, recipient, replace(reply, send_id=str(uuid4())), tag)

    AcsReplies.send = fresh  # type: ignore[method-assign]


def always_due() -> None:
    """A pending reply is sent, however old and whatever has happened since."""
    replies.still_due = lambda evidence, sender, consents, now: None


def lost_settlement() -> None:
    """What became of a reply is not written down."""
    SqliteStore.settle_reply = lambda self, evidence, reply: True  # type: ignore[method-assign]


def swallowed_failure() -> None:
    """An event that could not be recorded is acknowledged."""
    recorded = handle.EventHandler.handle

    def swallowing(self: handle.EventHandler, raw: str) -> handle.Result:
        try:
            return recorded(self, raw)
        except StoreAway:
            return handle.Result.HANDLED

    handle.EventHandler.handle = swallowing  # type: ignore[method-assign]


def never_expires() -> None:
    """An answer that is still true is still given a day later."""
    replies.REPLY_LIFETIME = timedelta(days=1)


def unguarded() -> None:
    """Every keyword is answered, however many come."""
    replies._is_loop = lambda evidence, recent: False


def thawed_text() -> None:
    """The text of an answer is made anew for each attempt."""
    send = AcsReplies.send

    def thawed(self: AcsReplies, sender: str, recipient: str, reply: Reply, tag: str) -> Outcome:
        return send(self, sender, recipient, replace(reply, text=f"{reply.text} {uuid4()}"), tag)

    AcsReplies.send = thawed  # type: ignore[method-assign]


def hasty_quarantine() -> None:
    """An event that could not be recorded is held, as if it could not be understood."""
    recorded = handle.EventHandler.handle

    def holding(self: handle.EventHandler, raw: str) -> handle.Result:
        try:
            return recorded(self, raw)
        except StoreAway:
            return self._quarantine(raw, "the store was away")

    handle.EventHandler.handle = holding  # type: ignore[method-assign]


def _unmarked(is_left_out: Callable[[Evidence], bool]) -> None:
    """Some evidence is not marked to be announced."""
    mark = decide.mark_announcement

    def unmarking(decision: Decision, state: RecipientState) -> Decision:
        return decision if is_left_out(decision.evidence) else mark(decision, state)

    recorder.mark_announcement = unmarking  # type: ignore[attr-defined]


def unannounced_verdict() -> None:
    """What a verdict changes is not announced."""
    _unmarked(lambda evidence: evidence.verdict is not None)


def unannounced_change() -> None:
    """What is changed by hand is not announced."""
    _unmarked(lambda evidence: evidence.kind is EvidenceKind.MANUAL and evidence.verdict is None)


def unannounced_import() -> None:
    """Nobody hears of an import."""
    _unmarked(lambda evidence: evidence.counts is not None)


def version_before() -> None:
    """The version of an announcement is that before what it tells of."""
    notice = standing.notice

    def earlier(evidence: Evidence, snapshot: ConsentSnapshot, generation: int) -> Notice:
        return notice(evidence, replace(snapshot, number=snapshot.number - 1), generation)

    standing.notice = earlier


def old_document() -> None:
    """A verdict is announced with the standing that it has changed."""
    record, notice = Recorder.record, standing.notice
    before: dict[str, Consents] = {}

    def remembering(
        self: Recorder, evidence: Evidence, decide: Any, *, needs_recent: bool = False
    ) -> Recorded:
        if evidence.verdict is not None:
            before[evidence.id] = self.store.snapshot(evidence.recipient).consents
        return record(self, evidence, decide, needs_recent=needs_recent)

    def outdated(evidence: Evidence, snapshot: ConsentSnapshot, generation: int) -> Notice:
        held = before.get(evidence.id, snapshot.consents)
        return notice(evidence, replace(snapshot, consents=held), generation)

    Recorder.record = remembering  # type: ignore[method-assign]
    standing.notice = outdated


def swallowed_announcement() -> None:
    """What the topic refuses counts as announced."""
    publish = TopicPublisher.publish

    def swallowing(self: TopicPublisher, notice: Notice) -> None:
        with suppress(NotAnnounced):
            publish(self, notice)

    TopicPublisher.publish = swallowing  # type: ignore[method-assign]


def nothing_handed_over() -> None:
    """What is left pending is left to nobody."""
    Recorder.hand_over = lambda self, evidence: None  # type: ignore[method-assign]


def nothing_ahead() -> None:
    """What is about to be recorded by hand is not remembered before."""
    Recorder._queue_ahead = lambda self, evidence: None  # type: ignore[method-assign]


def forgetful_queue() -> None:
    """A process that starts does not ask what others have left pending."""
    OwnQueue._load = lambda self: True  # type: ignore[method-assign]


def short_feed() -> None:
    """The feed leaves out the last of a page that has another one behind it."""
    read = feed.changes

    def leaving_out(store: Store, limit: int, since: str | None) -> FeedPage:
        page = read(store, limit, since)
        return page._replace(items=page.items[:-1]) if page.more else page

    http_feed.changes = leaving_out  # type: ignore[attr-defined]


def short_list() -> None:
    """A page of who is out leaves out the last where there is more."""
    read = SqliteStore.list_out

    def leaving_out(self: SqliteStore, scope: Scope, limit: int, after: str | None) -> ListPage:
        page = read(self, scope, limit, after)
        return page._replace(items=page.items[:-1]) if page.after else page

    SqliteStore.list_out = leaving_out  # type: ignore[method-assign]


def deaf_to_keys() -> None:
    """A change that is repeated under its key is another change."""
    changes.change_id = lambda *said: str(uuid4())  # type: ignore[attr-defined]


def liftable_block() -> None:
    """A carrier's block is lifted by hand."""
    consent.is_blocked = lambda evidence, consents: False


def greedy_lift() -> None:
    """A verdict takes a request back, whatever else was said."""
    consent.Timeline.rests_on = lambda self, scope, judged: True  # type: ignore[method-assign]


def one_policy() -> None:
    """Every probable request suppresses, whatever the program says."""
    evidence.policy = lambda match, sender: (
        ProbablePolicy.SUPPRESS if match.certainty is Certainty.PROBABLE else None
    )


BROKEN: dict[str, Callable[[], None]] = {
    rule.__name__: rule
    for rule in (
        order_of_arrival,
        unconditional_record,
        fresh_send_ids,
        always_due,
        lost_settlement,
        swallowed_failure,
        never_expires,
        unguarded,
        thawed_text,
        hasty_quarantine,
        unannounced_verdict,
        unannounced_change,
        unannounced_import,
        version_before,
        old_document,
        swallowed_announcement,
        nothing_handed_over,
        nothing_ahead,
        forgetful_queue,
        short_feed,
        short_list,
        deaf_to_keys,
        liftable_block,
        greedy_lift,
        one_policy,
    )
}


def _unaware_of_other_lists(sender: str, held: Document | None) -> bool:
    return may_text(sender, held and {**held, "other_lists": {"suppressed": False}})


def _unaware_of_senders(sender: str, held: Document | None) -> bool:
    return may_text(sender, held and {**held, "senders": {}})


# What those who follow do wrong, in place of the documented formula.
FORMULAS: dict[str, Callable[[str, Document | None], bool]] = {
    "unaware_of_other_lists": _unaware_of_other_lists,
    "unaware_of_senders": _unaware_of_senders,
}
