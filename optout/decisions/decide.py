"""What one piece of evidence does to consents; what it is answered is decided by `replies`.

Every function takes evidence whose `received_at` is now, and what is known of its recipient. The
numbers in the comments are the rules of docs/rules.md.
"""

from dataclasses import replace
from datetime import timedelta

from optout.decisions import consent, replies
from optout.domain.enums import Effect, Intent, ReviewVerdict, ScopeKind
from optout.domain.errors import NotNow
from optout.domain.model import (
    Announcement,
    Consent,
    Decision,
    Evidence,
    RecipientState,
    Scope,
)
from optout.domain.times import aware
from optout.programs.directory import Sender


def decide_message(evidence: Evidence, state: RecipientState, sender: Sender) -> Decision:
    """What a message changes, and what it is answered."""
    now = aware(evidence.received_at)
    decision = decide(evidence, state)
    evidence, consents = decision.evidence, {**state.consents, **decision.consents}
    if evidence.intent is Intent.NONE:
        return decision
    reply = replies.reply_to(evidence, sender, consents, state.recent, now)
    return Decision(replace(evidence, reply=reply), decision.consents)


def decide_entered(evidence: Evidence, state: RecipientState) -> Decision:
    """What an opt-out or opt-in changes that somebody else enters, by hand or from a list.

    Rule 12: an opt-in with a sender whose messages a carrier or ACS blocks changes nothing; only the
    person can lift that.
    """
    if evidence.intent is Intent.START and evidence.sender is not None:
        own = state.consents.get(Scope(ScopeKind.SENDER, evidence.sender))
        if own is not None and own.out and own.blocked_by.is_external:
            evidence = replace(evidence, scopes=(), flags=(*evidence.flags, "blocked"))
    return decide(evidence, state)


def decide_import(evidence: Evidence, state: RecipientState) -> Decision:
    """What an import changes as a whole: nothing that its entries have not. It opted people in."""
    return Decision(replace(_numbered(evidence, state), effect=Effect.OPTED_IN))


def decide_verdict(evidence: Evidence, state: RecipientState, judged: Evidence) -> Decision:
    """What a verdict on a probable request changes.

    One that lifts takes the request back in the scopes that rest on probable requests alone, the judged
    one among them. Raises NotNow where none does any more.
    """
    if evidence.verdict is ReviewVerdict.LIFT and judged.scopes:
        timeline = state.timeline()
        state = replace(state, timeline=lambda: timeline)
        resting = tuple(scope for scope in judged.scopes if consent.rests_on(timeline, scope, judged))
        if not resting:
            raise NotNow(
                "the consent does not rest on this message any more: the person or somebody here has "
                "said something else since. See the history; confirm takes it off the review list and "
                "changes nothing that is newer"
            )
        # To whoever hears of it, a STOP that is still on its way is newer.
        last = max(state.consents[scope].at for scope in resting)
        evidence = replace(evidence, scopes=resting, at=last + timedelta(microseconds=1))
    return decide(evidence, state)


def decide(evidence: Evidence, state: RecipientState) -> Decision:
    """Rule 2: number the evidence, find its effect and the consents that change by it."""
    evidence = _numbered(evidence, state)
    is_lift = evidence.verdict is ReviewVerdict.LIFT
    timeline: tuple[Evidence, ...] | None = None
    changed: dict[Scope, Consent] = {}
    effects: set[Effect] = set()
    for scope in evidence.scopes:
        before = state.consents.get(scope)
        if is_lift or consent.comes_late(before, evidence):
            if timeline is None:
                timeline = (*state.timeline(), evidence)
            after = consent.rebuild(timeline, scope)
            effects.add(_lifted(after) if is_lift else Effect.OUTDATED)
        else:
            after = consent.advance(before, evidence, scope)
            effects.add(_effect(before, evidence))
        if after is not None and after != before:
            changed[scope] = after
    return Decision(replace(evidence, effect=_strongest(effects)), changed)


def mark_announcement(decision: Decision, state: RecipientState) -> Decision:
    """The decision, with the scopes to announce in which the recipient went out or came in."""
    turned = tuple(
        scope
        for scope, after in decision.consents.items()
        if (before := state.consents.get(scope)) is None or before.out != after.out
    )
    if not turned:
        return decision
    return replace(decision, evidence=replace(decision.evidence, announcement=Announcement(turned)))


def _numbered(evidence: Evidence, state: RecipientState) -> Evidence:
    """Evidence in the order of writing, which the history shows: two processes' clocks differ."""
    received_at = aware(evidence.received_at)
    if state.last_received_at is not None:
        received_at = max(received_at, state.last_received_at + timedelta(microseconds=1))
    return replace(evidence, number=state.last_number + 1, received_at=received_at)


def _lifted(after: Consent | None) -> Effect:
    return Effect.NONE if after is not None and after.out else Effect.OPTED_IN


def _effect(before: Consent | None, evidence: Evidence) -> Effect:
    out = evidence.intent.opts_out
    if before is not None and before.out == out:
        return Effect.CONFIRMED
    return Effect.OPTED_OUT if out else Effect.OPTED_IN


def _strongest(effects: set[Effect]) -> Effect:
    for effect in (Effect.OPTED_OUT, Effect.OPTED_IN, Effect.CONFIRMED, Effect.OUTDATED):
        if effect in effects:
            return effect
    return Effect.NONE
