"""What one piece of evidence does to consents; `replies` decides how it is answered.

Every function takes evidence whose `received_at` is now, and what is known of its recipient. The
numbers in the comments are the rules of docs/rules.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from optout.decisions import consent, replies, standing
from optout.decisions.evidence import CLOCK_TOLERANCE, FUTURE_TIME, UNBELIEVED, reaching
from optout.domain.enums import Effect, Intent, ReviewVerdict
from optout.domain.errors import NotNow, Refusal
from optout.domain.model import (
    EVERYTHING,
    Announcement,
    Consent,
    Consents,
    Decision,
    Evidence,
    RecipientState,
    Scope,
)
from optout.domain.times import aware
from optout.programs.directory import Sender

# The least by which two times differ.
_MOMENT = timedelta(microseconds=1)


def decide_message(evidence: Evidence, state: RecipientState, sender: Sender) -> Decision:
    """What a message changes, and how it is answered."""
    now = aware(evidence.received_at)
    decision = decide_dated(evidence, state, sender)
    evidence, consents = decision.evidence, {**state.consents, **decision.consents}
    if evidence.intent is Intent.NONE and not replies.answers_unknown(
        evidence, sender, consents, state.recent
    ):
        return decision
    language = replies.reply_language(evidence, sender, state)
    again = consent.suppression(state.consents, consent.sender_scopes(sender)).suppressed
    reply = replies.reply_to(evidence, sender, language, consents, state.recent, now, again=again)
    return Decision(replace(evidence, reply=reply), decision.consents)


def decide_dated(evidence: Evidence, state: RecipientState, sender: Sender | None = None) -> Decision:
    """What a message to a sender, or a delivery report, changes. Rule 2: an opt-out whose own time
    cannot be believed takes effect whatever stands, in the scopes that decide about it, too."""
    if not UNBELIEVED.isdisjoint(evidence.flags):
        decisive: tuple[Scope, ...] = ()
        if sender:
            about = consent.word_list_scopes(sender.rules.keyword(evidence.keyword))
            decisive = (*consent.sender_scopes(sender), *about)
        evidence = _effective_now(evidence, state, decisive, sender)
    return decide(evidence, state)


def decide_entered(
    evidence: Evidence,
    state: RecipientState,
    *,
    is_now: bool = False,
    decisive: Iterable[Scope] = (),
    sender: Sender | None = None,
) -> Decision:
    """What an opt-out or opt-in changes that somebody else enters, by hand or from a list; `is_now`
    says that its time is that of the call. `decisive` are the scopes that decide about it. `sender` is
    the one that is named, if its program says how far an opt-out by its effective time reaches."""
    is_now = is_now or FUTURE_TIME in evidence.flags
    return decide(_effective_now(evidence, state, decisive, sender) if is_now else evidence, state)


def decide_import(evidence: Evidence, state: RecipientState) -> Decision:
    """What an import changes as a whole: nothing that its entries have not. Of their effects it has the
    one that weighs most."""
    effects = {effect for effect in Effect if effect in (evidence.counts or {})}
    return Decision(replace(_numbered(evidence, state), effect=_strongest(effects)))


def decide_verdict(evidence: Evidence, state: RecipientState, judged: Evidence) -> Decision:
    """What a verdict on a probable request changes.

    One that lifts takes the request back in the scopes that rest on probable requests alone, the judged
    one among them. Raises NotNow if none does any more.
    """
    if evidence.verdict is ReviewVerdict.LIFT and judged.scopes:
        everything = state.timeline()
        state = replace(state, timeline=lambda: everything)
        timeline = consent.Timeline(everything)
        resting = tuple(scope for scope in judged.scopes if timeline.rests_on(scope, judged))
        if not resting:
            raise NotNow(
                "the consent no longer rests on this message: the person or somebody here has "
                "said something else since. See the history; confirm takes it off the review list and "
                "does not change anything newer"
            )
        # For consumers of announcements, a STOP that is still on its way is newer.
        last = max(state.consents[scope].at for scope in resting)
        evidence = replace(evidence, scopes=resting, at=last + _MOMENT)
    return decide(evidence, state)


def decide(evidence: Evidence, state: RecipientState) -> Decision:
    """Rules 2 and 12: number the evidence, find its effect and the consents that change by it."""
    evidence = _numbered(evidence, state)
    before = state.consents
    late = {scope for scope in evidence.scopes if consent.comes_late(before.get(scope), evidence)}
    is_lift = evidence.verdict is ReviewVerdict.LIFT
    repeats = all(consent.repeats(before.get(scope), evidence, scope) for scope in late)
    if is_lift or not repeats or consent.ends_block(evidence, before):
        timeline = consent.Timeline((*state.timeline(), evidence))
        is_blocked = evidence.id in timeline.without_effect
        after = {scope: timeline.consent(scope) for scope in timeline.affected_by(evidence)}
    else:
        is_blocked = consent.is_blocked(evidence, before)
        in_order = () if is_blocked else (scope for scope in evidence.scopes if scope not in late)
        after = {scope: consent.advance(before.get(scope), evidence, scope) for scope in in_order}
    changed = {scope: new for scope, new in after.items() if new and _is_news(new, before.get(scope))}
    if is_blocked:
        evidence = replace(evidence, effect=Effect.NONE, flags=(*evidence.flags, "blocked"))
        return Decision(evidence, changed)
    effect = _effect(evidence, before, {**before, **changed})
    return Decision(replace(evidence, effect=effect), changed)


def decide_anew(evidence: Evidence, state: RecipientState) -> Decision:
    """What the rules of today make of all that is known of a recipient, where an earlier version's made
    something else of it. Raises NothingNew where nothing changes."""
    everything = state.timeline()
    if lost := _lost_stop(everything, state):
        at = max([lost.received_at, *(each.at + _MOMENT for each in state.consents.values())])
        stop = replace(evidence, intent=lost.intent, scopes=lost.scopes, sender=lost.sender, at=at)
        return decide(replace(stop, list=lost.list, about=None), state)
    evidence, before = _numbered(evidence, state), state.consents
    timeline = consent.Timeline(everything)
    found = {scope: timeline.consent(scope) for scope in timeline.scopes}
    changed = {scope: now for scope, now in found.items() if now and _differs(now, before.get(scope))}
    if not changed:
        raise NothingNew
    turned = {
        Effect.OPTED_OUT if now.out else Effect.OPTED_IN
        for scope, now in changed.items()
        if (then := before.get(scope)) is None or then.out != now.out
    }
    effect = _strongest(turned or {Effect.CONFIRMED})
    return Decision(replace(evidence, scopes=tuple(changed), effect=effect), changed)


def _lost_stop(timeline: Sequence[Evidence], state: RecipientState) -> Evidence | None:
    """A STOP whose own time could not be believed, which an earlier version took for outdated and which
    nothing has come after: by rule 2 it takes effect."""
    for item in reversed(timeline):
        if item.intent is Intent.START and item.scopes:
            return None
        is_lost = item.effect is Effect.OUTDATED and not UNBELIEVED.isdisjoint(item.flags)
        if is_lost and item.intent.opts_out:
            own = state.consents.get(item.scopes[0]) if item.scopes else None
            return item if own is not None and not own.out else None
    return None


class NothingNew(Refusal):
    """The consents are as the rules say."""


def _is_news(new: Consent, before: Consent | None) -> bool:
    """Whether a consent is to be written: one that says nothing only in the place of another."""
    return new != before if before is not None else not consent.says_nothing(new)


def _differs(now: Consent, then: Consent | None) -> bool:
    """Whether two consents say something else to whoever asks."""
    if then is None:
        return not consent.says_nothing(now)
    return (now.out, now.since, now.at, now.blocked_by) != (
        then.out,
        then.since,
        then.at,
        then.blocked_by,
    )


def mark_announcement(decision: Decision, state: RecipientState) -> Decision:
    """The decision, with an announcement that is pending if others must be told of the new standing, or
    of an import."""
    is_import = decision.evidence.counts is not None
    then = standing.standing(state.consents)
    now = standing.standing({**state.consents, **decision.consents})
    if not is_import and not standing.is_news(then, now):
        return decision
    return replace(decision, evidence=replace(decision.evidence, announcement=Announcement()))


def _effective_now(
    evidence: Evidence, state: RecipientState, decisive: Iterable[Scope], sender: Sender | None
) -> Evidence:
    """Rule 2: an opt-out of no time of its own is of the later of now and just after what stands. The
    clock of this host may be behind, and a STOP is never lost to a clock. Rule 1: by that time it
    reaches as far as it does."""
    if not evidence.intent.opts_out:
        return evidence
    scopes = {*evidence.scopes, *decisive, EVERYTHING}
    stand = [each.at + _MOMENT for scope, each in state.consents.items() if scope in scopes]
    at = max([aware(evidence.received_at), *stand])
    if sender is None or not evidence.scopes:
        return replace(evidence, at=at)
    return replace(evidence, at=at, scopes=reaching(evidence.scopes, sender, at))


def _numbered(evidence: Evidence, state: RecipientState) -> Evidence:
    """Evidence in the order of writing, which the history shows: two processes' clocks differ. A clock
    that was far ahead once is not followed."""
    received_at, last = aware(evidence.received_at), state.last_received_at
    if last is not None and last <= received_at + CLOCK_TOLERANCE:
        received_at = max(received_at, last + _MOMENT)
    return replace(evidence, number=state.last_number + 1, received_at=received_at)


def _effect(evidence: Evidence, before: Consents, after: Consents) -> Effect:
    """What evidence was for the verdict: in the scopes that it is about and, through everything, in all
    others."""
    then, now = standing.standing(before), standing.standing(after)
    entries = [(standing.entry(then, scope), standing.entry(now, scope)) for scope in evidence.scopes]
    out = evidence.intent.opts_out
    if not out and any(later is not None and later.out for _, later in entries):
        return Effect.NONE if evidence.verdict is ReviewVerdict.LIFT else Effect.OUTDATED
    if standing.turns(then, now, out=out):
        return Effect.OPTED_OUT if out else Effect.OPTED_IN
    return _strongest({_effect_on(evidence, *entry) for entry in entries})


def _effect_on(evidence: Evidence, before: Consent | None, after: Consent | None) -> Effect:
    """The effect where nobody is suppressed or freed: a first opt-in, a confirmation of the state that
    evidence lies within, or nothing against a newer one."""
    if after is None or after.out != evidence.intent.opts_out or evidence.at < after.since:
        return Effect.OUTDATED
    return Effect.CONFIRMED if before is not None else Effect.OPTED_IN


def _strongest(effects: set[Effect]) -> Effect:
    for effect in (Effect.OPTED_OUT, Effect.OPTED_IN, Effect.CONFIRMED, Effect.OUTDATED):
        if effect in effects:
            return effect
    return Effect.NONE
