"""How evidence becomes consent: which state wins, since when, and what suppresses a recipient.

Rules 1 and 2 of the design: two scopes and everything; the newest message wins, on a tie STOP.
Pure: the same evidence gives the same consent in whatever order it arrives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from optout.domain.enums import Party, ReviewVerdict, ScopeKind
from optout.domain.model import EVERYTHING, Consent, Consents, Evidence, Scope
from optout.domain.times import EARLIEST
from optout.programs.directory import Sender


@dataclass(frozen=True, slots=True)
class Suppression:
    """Whether a recipient may not be texted, and the consent that says so."""

    suppressed: bool
    scope: Scope | None = None
    consent: Consent | None = None


def sender_scopes(sender: Sender) -> tuple[Scope, ...]:
    """The scopes that decide about a sender: its own, its list's, those of the names that its list had
    before, everything. The first two are what a word to it is about."""
    return Scope(ScopeKind.SENDER, sender.id), *list_scopes(sender.list, sender.formerly)


def list_scopes(name: str, formerly: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes that decide about a list."""
    return *(Scope(ScopeKind.LIST, each) for each in (name, *formerly)), EVERYTHING


def suppression(consents: Consents, scopes: Iterable[Scope]) -> Suppression:
    """Suppressed when the sender is out, or when the latest of all other consents is; on a tie, out."""
    known = [(scope, consents[scope]) for scope in scopes if scope in consents]
    own = [entry for entry in known if entry[0].kind is ScopeKind.SENDER]
    wider = [entry for entry in known if entry[0].kind is not ScopeKind.SENDER]
    latest = [max(wider, key=lambda entry: (entry[1].at, entry[1].out))] if wider else []
    for scope, consent in (*own, *latest):
        if consent.out:
            return Suppression(True, scope, consent)
    return Suppression(False)


def comes_late(consent: Consent | None, evidence: Evidence) -> bool:
    """Whether the evidence is older than the consent it would replace; on a tie STOP wins."""
    if consent is None or evidence.at > consent.at:
        return False
    return evidence.at < consent.at or not evidence.intent.opts_out


def advance(consent: Consent | None, evidence: Evidence, scope: Scope) -> Consent:
    """The consent after one more piece of evidence, which must not come late."""
    out = evidence.intent.opts_out
    blocked_by = evidence.blocked_by if scope.kind is ScopeKind.SENDER else Party.SERVICE
    if consent is None or consent.out != out:
        return Consent(
            out=out,
            since=evidence.at,
            at=evidence.at,
            source=evidence.kind,
            keyword=evidence.keyword,
            blocked_by=blocked_by if out else Party.SERVICE,
            evidence_id=evidence.id,
        )
    # A second STOP keeps `since`; a carrier's block, once there, stays until the person opts in.
    stays = consent.blocked_by if consent.blocked_by.is_external else blocked_by
    return replace(consent, at=evidence.at, blocked_by=stays if out else Party.SERVICE)


def rests_on(timeline: Iterable[Evidence], scope: Scope, judged: Evidence) -> bool:
    """Whether a scope is out by probable requests that nobody has confirmed, and by `judged` among
    them, and by nothing else."""
    out: list[Evidence] = []
    for evidence in _in_order(timeline, scope):
        if evidence.intent.opts_out:
            out.append(evidence)
        else:
            out.clear()
    return judged.id in {evidence.id for evidence in out} and all(
        evidence.policy is not None for evidence in out
    )


def rebuild(timeline: Iterable[Evidence], scope: Scope) -> Consent | None:
    """The consent that all evidence about a scope gives, taken in the order of its times."""
    timeline = tuple(timeline)
    lifts = _lifts(timeline, scope)
    consent = _never_out(lifts[0]) if lifts else None
    for evidence in _in_order(timeline, scope):
        consent = advance(consent, evidence, scope)
    return consent


def _never_out(verdict: Evidence) -> Consent:
    """What is left where a request was lifted and nothing else was said: older than whatever the person
    says of this scope or of a wider one, so that it goes before nothing."""
    return Consent(
        out=False,
        since=EARLIEST,
        at=EARLIEST,
        source=verdict.kind,
        keyword=None,
        blocked_by=Party.SERVICE,
        evidence_id=verdict.id,
    )


def _lifts(timeline: Iterable[Evidence], scope: Scope) -> list[Evidence]:
    """The verdicts that have lifted a request in a scope."""
    return [item for item in timeline if item.verdict is ReviewVerdict.LIFT and scope in item.scopes]


def _in_order(timeline: Iterable[Evidence], scope: Scope) -> list[Evidence]:
    """What was said about a scope, without what was lifted, in the order of its times; on a tie STOP
    comes last, and wins."""
    timeline = tuple(timeline)
    lifts = _lifts(timeline, scope)
    left_out = {item.id for item in lifts} | {item.about for item in lifts}
    about = [item for item in timeline if scope in item.scopes and item.id not in left_out]
    return sorted(about, key=lambda item: (item.at, item.intent.opts_out, item.number))
