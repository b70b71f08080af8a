"""Rules broken on purpose, one at a time: the simulation must notice each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from optout.azure.sms import Outcome
from optout.azure.topic import NotAnnounced
from optout.decisions import consent, decide, evidence, replies
from optout.domain.errors import StoreAway
from optout.domain.model import Consent, Consents, Evidence, Reply, Scope
from optout.operations import changes, handle
from optout.operations.check import Checks
from optout.operations.recorder import Recorder
from optout.operations.reply_delivery import ReplyDelivery
from optout.store.sqlite.store import SqliteStore
from optout.store.tables.recipients import RecipientRows
from tests.simulate.outside import Acs
from tests.support.model_store import ModelStore

Patch = pytest.MonkeyPatch
STORES = (ModelStore, SqliteStore, RecipientRows)


@contextmanager
def broken(rule: str | None) -> Iterator[None]:
    """With one rule broken, or none."""
    with pytest.MonkeyPatch.context() as patch:
        if rule is not None:
            BROKEN[rule](patch)
        yield


def around(patch: Patch, owner: Any, name: str, made: Callable[[Any], Any]) -> None:
    """Replace a method or function by what is made of it."""
    patch.setattr(owner, name, made(getattr(owner, name)))


# --- the order of times, and what a word is about ---


def order_of_arrival(patch: Patch) -> None:
    """No message ever comes late."""
    patch.setattr(consent, "comes_late", lambda consent, evidence: False)


def start_wins_a_tie(patch: Patch) -> None:
    """At the same moment, whoever comes last wins."""
    patch.setattr(consent, "comes_late", lambda one, said: one is not None and said.at < one.at)


def lost_to_a_clock(patch: Patch) -> None:
    """A STOP whose own time cannot be believed is of the time at which it is recorded."""
    patch.setattr(decide, "UNBELIEVED", frozenset())


def report_of_now(patch: Patch) -> None:
    """A delivery report counts from its arrival."""
    made = evidence.report_evidence
    patch.setattr(
        handle,
        "report_evidence",
        lambda report, sender, now: replace(made(report, sender, now), at=now),
    )


def stop_all_is_stop(patch: Patch) -> None:
    """STOP ALL ends the list and nothing else."""
    patch.setattr(
        evidence, "requested_scopes", lambda intent, sender: consent.sender_scopes(sender)[:2]
    )


def second_stop_begins_anew(patch: Patch) -> None:
    """A second STOP moves the beginning of the opt-out."""

    def made(advance: Callable[..., Consent]) -> Callable[..., Consent]:
        def anew(before: Consent | None, said: Evidence, scope: Scope) -> Consent:
            after = advance(before, said, scope)
            return replace(after, since=after.at) if after.out else after

        return anew

    around(patch, consent, "advance", made)


def forgotten_block(patch: Patch) -> None:
    """A carrier's block is not remembered after another opt-out."""

    def made(advance: Callable[..., Consent]) -> Callable[..., Consent]:
        def forgetful(before: Consent | None, said: Evidence, scope: Scope) -> Consent:
            is_again = before is not None and before.out and said.intent.opts_out
            anew = advance(None, said, scope)
            return (
                replace(anew, since=before.since)
                if before and is_again
                else advance(before, said, scope)
            )

        return forgetful

    around(patch, consent, "advance", made)


def lifted_carrier_block(patch: Patch) -> None:
    """Whoever enters an opt-in by hand lifts a carrier's block."""
    patch.setattr(Evidence, "needs_no_block", property(lambda self: False))


def lift_anything(patch: Patch) -> None:
    """A verdict lifts a request although the person's own STOP stands beside it."""
    patch.setattr(consent.Timeline, "rests_on", lambda self, scope, judged: True)


def any_text_is_the_same(patch: Patch) -> None:
    """Another text under the id of a message is not looked at."""
    patch.setattr(handle, "says_the_same", lambda said, recorded: True)


# --- recording once, and not losing anything ---


def unconditional_record(patch: Patch) -> None:
    """What comes again is recorded again, under an id of its own."""
    numbers = count()

    def made(record: Callable[..., Any]) -> Callable[..., Any]:
        def unconditional(self: Recorder, item: Evidence, *rest: Any) -> Any:
            if self.store.find(item.recipient, item.id):
                item = replace(item, id=f"again {next(numbers)}")
            return record(self, item, *rest)

        return unconditional

    around(patch, Recorder, "record", made)


def no_key(patch: Patch) -> None:
    """A change by hand that is repeated under its key is another change."""
    numbers = count()
    patch.setattr(changes, "change_id", lambda operation, key, recipient: f"change {next(numbers)}")


def swallowed_failure(patch: Patch) -> None:
    """An event that could not be recorded is acknowledged."""
    _where_away(patch, lambda handler, raw: handle.Result.HANDLED)


def hasty_quarantine(patch: Patch) -> None:
    """An event that could not be recorded is held, as if it could not be understood."""
    _where_away(patch, lambda handler, raw: handler._quarantine(raw, "the store was away"))


def _where_away(patch: Patch, instead: Callable[[handle.EventHandler, str], handle.Result]) -> None:
    """What is done where the store is away."""

    def made(recorded: Callable[..., handle.Result]) -> Callable[..., handle.Result]:
        def handling(self: handle.EventHandler, raw: str) -> handle.Result:
            try:
                return recorded(self, raw)
            except StoreAway:
                return instead(self, raw)

        return handling

    around(patch, handle.EventHandler, "handle", made)


def stale_decision(patch: Patch) -> None:
    """The model store writes a decision although somebody wrote meanwhile."""

    def made(write: Callable[..., bool]) -> Callable[..., bool]:
        def careless(self: ModelStore, decision: Any, last_number: int) -> bool:
            told = self.timeline(decision.evidence.recipient)
            number = told[-1].number if told else 0
            moved_on = replace(decision.evidence, number=number + 1)
            return write(self, replace(decision, evidence=moved_on), number)

        return careless

    around(patch, ModelStore, "_write", made)


def consents_first(patch: Patch) -> None:
    """The model store reads the consents before the evidence: decisions about old ones do not
    conflict."""

    def made(state: Callable[..., Any]) -> Callable[..., Any]:
        def torn(self: ModelStore, inquiry: Any, overlooks: bool) -> Any:
            consents = self.snapshot(inquiry.recipient).consents
            self._meanwhile()
            return replace(state(self, inquiry, overlooks), consents=consents)

        return torn

    around(patch, ModelStore, "_state", made)


# --- at most one answer, and only a true one ---


def always_due(patch: Patch) -> None:
    """A pending reply is sent, however old and whatever has happened since."""
    patch.setattr(replies, "still_due", lambda evidence, consents, now: None)


def never_expires(patch: Patch) -> None:
    """An answer that is still true is still given a day later."""
    patch.setattr(replies, "REPLY_LIFETIME", timedelta(days=1))


def unguarded(patch: Patch) -> None:
    """Every keyword is answered, however many come."""
    patch.setattr(replies, "_is_loop", lambda evidence, recent: False)


def doubt_forgotten(patch: Patch) -> None:
    """After an unclear attempt, a later delivery that finds the reply not due calls it not sent."""

    def made(still_due: Callable[..., Any]) -> Callable[..., Any]:
        def sure(item: Evidence, consents: Consents, now: Any) -> Any:
            reply = item.reply and replace(item.reply, in_doubt=False)
            return still_due(replace(item, reply=reply), consents, now)

        return sure

    around(patch, replies, "still_due", made)


def not_asked_again(patch: Patch) -> None:
    """Every delivery takes the reply for one that it has just found due."""

    def made(send: Callable[..., Evidence]) -> Callable[..., Evidence]:
        return lambda self, recorded, *rest: send(self, replace(recorded, is_new=True), *rest)

    around(patch, ReplyDelivery, "send_pending", made)


def unmarked_resend(patch: Patch) -> None:
    """A later delivery does not write down that it sets out to send."""
    for store in STORES:
        around(patch, store, "settle_reply", _without_marks)


def _without_marks(settle: Callable[..., bool]) -> Callable[..., bool]:
    def unmarked(self: Any, item: Evidence, reply: Reply) -> bool:
        before = item.reply
        is_mark = before is not None and reply.resend != before.resend
        if not is_mark or before is None:
            return settle(self, item, reply)
        return settle(self, item, replace(before))

    return unmarked


def settled_over_others(patch: Patch) -> None:
    """What became of a reply is written down, whatever another delivery has found out meanwhile."""

    def made(settle: Callable[..., bool]) -> Callable[..., bool]:
        def careless(self: Any, item: Evidence, reply: Reply) -> bool:
            stored = self.find(item.recipient, item.id)
            return settle(self, stored or item, reply)

        return careless

    for store in STORES:
        around(patch, store, "settle_reply", made)


def lost_settlement(patch: Patch) -> None:
    """What became of a reply is not written down."""
    for store in STORES:
        patch.setattr(store, "settle_reply", lambda self, evidence, reply: True)


def fresh_send_ids(patch: Patch) -> None:
    """As the SDK does by itself: a new repeatability id for each attempt."""
    numbers = count()
    _sends(patch, lambda reply: replace(reply, send_id=f"fresh {next(numbers)}"))


def thawed_text(patch: Patch) -> None:
    """The text of an answer is made anew for each attempt."""
    numbers = count()
    _sends(patch, lambda reply: replace(reply, text=f"{reply.text} {next(numbers)}"))


def _sends(patch: Patch, other: Callable[[Reply], Reply]) -> None:
    def made(send: Callable[..., Outcome]) -> Callable[..., Outcome]:
        return lambda self, sender, recipient, reply, tag: send(
            self, sender, recipient, other(reply), tag
        )

    around(patch, Acs, "send", made)


# --- what others are told ---


def forgotten_announcement(patch: Patch) -> None:
    """What could not be announced is not tried again."""

    def made(announce: Callable[..., Evidence]) -> Callable[..., Evidence]:
        def once(self: Recorder, item: Evidence) -> Evidence:
            try:
                return announce(self, item)
            except NotAnnounced:
                return item

        return once

    around(patch, Recorder, "announce", made)


def cached_may_send(patch: Patch) -> None:
    """That somebody may be texted is cached as well."""
    lately: dict[tuple[str, str], Any] = {}

    def made(answers: Callable[..., Any]) -> Callable[..., Any]:
        def caching(self: Checks, sender: Any, numbers: Sequence[str]) -> Any:
            found = answers(self, sender, numbers)
            return {
                one: lately.setdefault((sender.id, one), answer) if not answer.suppressed else answer
                for one, answer in found.items()
            } | {one: lately[sender.id, one] for one in numbers if (sender.id, one) in lately}

        return caching

    around(patch, Checks, "answers", made)


def forgets_nobody(patch: Patch) -> None:
    """A change leaves in the cache what was true before it."""
    patch.setattr(Checks, "forget", lambda self, recipients: None)


_RULES = (
    order_of_arrival, start_wins_a_tie, lost_to_a_clock, report_of_now, stop_all_is_stop,
    second_stop_begins_anew, forgotten_block, lifted_carrier_block, lift_anything, any_text_is_the_same,
    unconditional_record, no_key, swallowed_failure, hasty_quarantine, stale_decision, consents_first,
    always_due, never_expires, unguarded, doubt_forgotten, not_asked_again, unmarked_resend,
    settled_over_others, lost_settlement, fresh_send_ids, thawed_text, forgotten_announcement,
    cached_may_send, forgets_nobody,
)  # fmt: skip
BROKEN: dict[str, Callable[[Patch], None]] = {rule.__name__: rule for rule in _RULES}
# What only the model store can break.
OF_THE_MODEL = frozenset({"stale_decision", "consents_first"})
