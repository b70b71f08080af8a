"""How evidence becomes consent: which state wins, since when, and what suppresses a recipient.

Rules 1 and 2 of the design: two scopes and everything; the newest message wins, on a tie STOP.
Pure: the same evidence gives the same consent in whatever order it arrives.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from optout.domain.enums import EvidenceKind, Intent, Party, ReviewVerdict, ScopeKind
from optout.domain.model import EVERYTHING, Consent, Consents, Evidence, Scope
from optout.domain.times import EARLIEST
from optout.language.rules import Keyword
from optout.programs.directory import Sender


@dataclass(frozen=True, slots=True)
class Suppression:
    """Whether a recipient may not be texted, and the consent that says so."""

    suppressed: bool
    scope: Scope | None = None
    consent: Consent | None = None


def own_scopes(sender: Sender) -> tuple[Scope, ...]:
    """The scopes of a sender itself: its own and, of a number that stands for a sender ID, the ID's."""
    names = (sender.id, sender.stands_for)
    return tuple(Scope(ScopeKind.SENDER, name) for name in names if name)


def word_scopes(sender: Sender) -> tuple[Scope, ...]:
    """The scopes that a word to a sender is about: its own and its list's; where others have the same
    digits and nothing shows which is meant, all their lists'."""
    lists = dict.fromkeys(each.list for each in sender.either)
    return *own_scopes(sender), *(Scope(ScopeKind.LIST, name) for name in lists)


def sender_scopes(sender: Sender) -> tuple[Scope, ...]:
    """The scopes that decide about a sender: its own, its list's, those of the names that its list had
    before, everything; where others have the same digits, all of theirs."""
    each_ones = (list_scopes(each.list, each.formerly) for each in sender.either)
    return tuple(dict.fromkeys(chain(own_scopes(sender), *each_ones)))


def word_list_scopes(keyword: Keyword | None) -> tuple[Scope, ...]:
    """The scopes that decide about the list that a program's word is about, and nothing else; none
    if it is about the sender."""
    return list_scopes(keyword.list, keyword.formerly) if keyword and keyword.list else ()


def list_scopes(name: str, formerly: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes that decide about a list."""
    return *(Scope(ScopeKind.LIST, each) for each in (name, *formerly)), EVERYTHING


def suppression(consents: Consents, scopes: Iterable[Scope]) -> Suppression:
    """Suppressed when the sender is out, or when the latest of all other consents is; on a tie, out."""
    widest: tuple[Scope, Consent] | None = None
    for scope in scopes:
        consent = consents.get(scope)
        if consent is None:
            continue
        if scope.kind is not ScopeKind.SENDER:
            if widest is None or _recency(consent) > _recency(widest[1]):
                widest = scope, consent
        elif consent.out:
            return Suppression(True, scope, consent)
    return Suppression(True, *widest) if widest and widest[1].out else Suppression(False)


def suppression_from(consents: Consents, sender: Sender) -> Suppression:
    """Whether a recipient may be texted from a sender; where it may be one of several with the same
    digits, suppressed if any of them is."""
    found = [suppression(consents, sender_scopes(each)) for each in sender.either]
    return next((each for each in found if each.suppressed), found[0])


def in_since(consents: Consents, scopes: Iterable[Scope]) -> datetime | None:
    """Since when somebody who is not suppressed is in, None where no opt-in is on record: the newest
    one. Where an opt-out of another scope has ended it in between, it counts from when it was
    repeated. A request that was lifted is as if it was not."""
    said = [each for scope in scopes if (each := consents.get(scope)) and not says_nothing(each)]
    if all(each.out for each in said):
        return None
    newest = max((each for each in said if not each.out), key=_recency)
    is_interrupted = any(each.out and each.at >= newest.since for each in said)
    return newest.at if is_interrupted else newest.since


def latest(consents: Iterable[Consent]) -> Consent:
    """The consent that counts among several; on a tie, out."""
    return max(consents, key=_recency)


def _recency(consent: Consent) -> tuple[datetime, bool]:
    return consent.at, consent.out


def comes_late(consent: Consent | None, evidence: Evidence) -> bool:
    """Whether the consent that stands may not simply go on with the evidence, which is older or of the
    same moment. Then an opt-out wins over an opt-in, and which of two opt-outs comes first does not
    depend on which arrives first."""
    if consent is None or evidence.at > consent.at:
        return False
    if evidence.at < consent.at or not evidence.intent.opts_out or evidence.blocks_externally:
        return True
    return consent.out and consent.since == evidence.at


def repeats(consent: Consent | None, evidence: Evidence, scope: Scope) -> bool:
    """Whether late evidence says, within the present state, what made and keeps it: then it changes
    nothing, whatever else there is."""
    if consent is None or consent.out != evidence.intent.opts_out:
        return False
    adds_block = (
        scope.kind is ScopeKind.SENDER
        and evidence.blocks_externally
        and not consent.blocked_by.is_external
    )
    return consent.since < evidence.at <= consent.at and not adds_block


def is_blocked(evidence: Evidence, consents: Consents) -> bool:
    """Rule 12: whether evidence that comes in order is an opt-in against a carrier's or ACS's block."""
    if not evidence.needs_no_block:
        return False
    own = consents.get(Scope(ScopeKind.SENDER, evidence.sender or ""))
    return own is not None and own.out and own.blocked_by.is_external


def ends_block(evidence: Evidence, consents: Consents) -> bool:
    """Whether evidence ends a carrier's or ACS's block, and with it what that left without effect."""
    if evidence.intent is not Intent.START or evidence.needs_no_block:
        return False
    scopes = (scope for scope in evidence.scopes if scope.kind is ScopeKind.SENDER)
    found = (consents.get(scope) for scope in scopes)
    return any(own is not None and own.out and own.blocked_by.is_external for own in found)


def advance(consent: Consent | None, evidence: Evidence, scope: Scope) -> Consent:
    """The consent after one more piece of evidence, which must not come late."""
    out = evidence.intent.opts_out
    is_external = scope.kind is ScopeKind.SENDER and evidence.blocks_externally
    blocked_by = evidence.blocked_by if is_external else Party.SERVICE
    if consent is None or consent.out != out or says_nothing(consent):
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


class Timeline:
    """All evidence about a recipient, taken in the order of its times, in whatever order it arrived.

    `without_effect` are the ids of the opt-ins that a carrier's or ACS's block left without effect.
    """

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        # What the rules made of the rest says nothing by itself, but for a STOP that was lost.
        self._evidence = tuple(
            item for item in evidence if item.kind is not EvidenceKind.RULES or item.intent.opts_out
        )
        senders = {item.sender for item in self._evidence if item.needs_no_block}
        self.without_effect = frozenset(
            chain.from_iterable(self._blocked(Scope(ScopeKind.SENDER, name or "")) for name in senders)
        )

    @property
    def scopes(self) -> frozenset[Scope]:
        """Every scope that something was said about."""
        return frozenset(chain.from_iterable(item.scopes for item in self._evidence))

    def consent(self, scope: Scope) -> Consent | None:
        """The consent that all evidence about a scope gives; None where there is none."""
        consent: Consent | None = None
        for evidence in self._about(scope):
            consent = advance(consent, evidence, scope)
        return consent or next((_never_out(item) for item in self._taken_back(scope)), None)

    def affected_by(self, evidence: Evidence) -> frozenset[Scope]:
        """The scopes in which something may change by late evidence: its own, and those of opt-ins to a
        sender whose block began or ended earlier by it."""
        opt_ins = [item for item in self._evidence if item.needs_no_block]
        others = (
            item.scopes
            for item in opt_ins
            if Scope(ScopeKind.SENDER, item.sender or "") in evidence.scopes
        )
        return frozenset(chain(evidence.scopes, *others))

    def rests_on(self, scope: Scope, judged: Evidence) -> bool:
        """Whether a scope is out by probable requests that nobody has confirmed, and by `judged` among
        them, and by nothing else."""
        out: list[Evidence] = []
        for evidence in self._about(scope):
            if evidence.intent.opts_out:
                out.append(evidence)
            else:
                out.clear()
        return judged.id in {evidence.id for evidence in out} and all(
            evidence.policy is not None for evidence in out
        )

    def _about(self, scope: Scope) -> list[Evidence]:
        return [item for item in self._in_order(scope) if item.id not in self.without_effect]

    def _in_order(self, scope: Scope) -> list[Evidence]:
        """What was said about a scope, without what was lifted, in the order of its times. At the same
        moment opt-outs come last, and win; a verdict comes behind what it is about."""
        lifts = self._lifts(scope)
        left_out = {item.id for item in lifts} | {item.about for item in lifts}
        about = [item for item in self._evidence if scope in item.scopes and item.id not in left_out]
        return sorted(
            about, key=lambda item: (item.at, item.intent.opts_out, item.about or "", item.id)
        )

    def _taken_back(self, scope: Scope) -> Iterator[Evidence]:
        """What may have left a consent behind that nothing gives any more: a verdict that lifted a
        request, an opt-in that proved to be without effect."""
        yield from self._lifts(scope)
        for item in self._evidence:
            if item.id in self.without_effect and scope in item.scopes:
                yield item

    def _lifts(self, scope: Scope) -> list[Evidence]:
        """The verdicts that have lifted a request in a scope."""
        return [
            item
            for item in self._evidence
            if item.verdict is ReviewVerdict.LIFT and scope in item.scopes
        ]

    def _blocked(self, own: Scope) -> Iterator[str]:
        """The opt-ins to a sender at whose time a carrier or ACS blocked it."""
        consent: Consent | None = None
        # At the same moment a block stands already.
        for evidence in sorted(self._in_order(own), key=lambda item: (item.at, item.needs_no_block)):
            if consent is not None and is_blocked(evidence, {own: consent}):
                yield evidence.id
            else:
                consent = advance(consent, evidence, own)


def says_nothing(consent: Consent) -> bool:
    """Whether a consent only stands for one that was taken back."""
    return not consent.out and consent.at == EARLIEST


def _never_out(taken_back: Evidence) -> Consent:
    """What is left if a request was lifted and nothing else was said: older than whatever the person
    says about this scope or a wider one, so that it overrides nothing."""
    return Consent(
        out=False,
        since=EARLIEST,
        at=EARLIEST,
        source=taken_back.kind,
        keyword=None,
        blocked_by=Party.SERVICE,
        evidence_id=taken_back.id,
    )
