"""What others are told and may ask, broken: the queue, announcements, the feed, the cache."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from optout.decisions import standing as decisions
from optout.domain.model import Decision, RecipientState
from optout.operations import pending, recorder, standing
from optout.operations.check import Checks
from optout.operations.pending import Finisher
from optout.operations.recorder import Recorder
from optout.own_queue import OwnQueue
from optout.store.tables import feed as tables_feed
from tests.simulate.broken.patching import STORES, Patch, around


def nothing_handed_over(patch: Patch) -> None:
    """What is still pending after an event is left as it is."""
    patch.setattr(Recorder, "hand_over", lambda self, item: None)


def nothing_put_back(patch: Patch) -> None:
    """What the queue's function cannot finish is not tried again."""
    patch.setattr(Finisher, "_put_back", lambda *_: None)


def gives_up_at_once(patch: Patch) -> None:
    """What is still pending at the second attempt has been for too long."""
    patch.setattr(pending, "GIVE_UP", timedelta())


def nothing_queued_ahead(patch: Patch) -> None:
    """Nobody remembers a change by hand whose process ends before it is announced."""
    patch.setattr(Recorder, "_queue_ahead", lambda self, item: None)


def queued_too_soon(patch: Patch) -> None:
    """What is put into the queue before a change by hand comes before the change is there."""
    patch.setattr(recorder, "_AHEAD", timedelta())


def nothing_loaded(patch: Patch) -> None:
    """A process without a queue does not ask its store what another one left pending."""
    patch.setattr(OwnQueue, "_load", lambda self: True)


def one_version_for_all(patch: Patch) -> None:
    """Documents do not say which of them is newer."""
    patch.setattr(standing, "version", lambda generation, number: generation)


def version_of_its_cause(patch: Patch) -> None:
    """A document that is read later has the version of what it is published for."""

    def made(notice: Callable[..., Any]) -> Callable[..., Any]:
        return lambda item, snapshot, generation: notice(
            item, replace(snapshot, number=item.number), generation
        )

    around(patch, standing, "notice", made)


def only_own_scopes_are_news(patch: Patch) -> None:
    """Only what turns a consent of its own is announced, whatever follows from it."""

    def made(mark: Callable[..., Decision]) -> Callable[..., Decision]:
        def of_its_own(decision: Decision, state: RecipientState) -> Decision:
            before = state.consents
            changed = decision.consents.items()
            turns = any(scope not in before or before[scope].out != now.out for scope, now in changed)
            return mark(decision, state) if turns else decision

        return of_its_own

    around(patch, recorder, "mark_announcement", made)


def confirmed_is_no_news(patch: Patch) -> None:
    """That an opt-out was said again, later, is not announced."""
    patch.setattr(decisions, "_is_confirmed", lambda earlier, later: False)


def order_is_no_news(patch: Patch) -> None:
    """Which of two lists spoke last is not announced."""
    patch.setattr(decisions, "_order", lambda held: None)


def feed_by_number(patch: Patch) -> None:
    """The feed's next page begins behind the newest change, whatever was on the page."""

    def made(changes: Callable[..., Any]) -> Callable[..., Any]:
        def hasty(self: Any, limit: int, after: str | None) -> Any:
            page = changes(self, limit, after)
            last = changes(self, 1_000, after)
            return page._replace(next=last.next)

        return hasty

    for store in STORES:
        around(patch, store, "changes", made)


def feed_up_to_now(patch: Patch) -> None:
    """The feed of the tables does not stay behind what is still on its way."""
    patch.setattr(tables_feed, "BEHIND", timedelta())


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


RULES = (
    nothing_handed_over,
    nothing_put_back,
    gives_up_at_once,
    nothing_queued_ahead,
    nothing_loaded,
    queued_too_soon,
    one_version_for_all,
    version_of_its_cause,
    only_own_scopes_are_news,
    confirmed_is_no_news,
    order_is_no_news,
    feed_by_number,
    feed_up_to_now,
    cached_may_send,
    forgets_nobody,
)
