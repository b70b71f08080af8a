"""What all consents of one recipient together say: the document that others keep.

It comes from evidence alone, never from the program file: a recipient may not be texted from a sender
where the sender's own entry is suppressed; or else where the newest (on a tie, out) of the entries of
the lists that the sender has and had is; or else, where none of them is there, where `other_lists`
is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from optout.decisions import consent
from optout.domain.enums import ScopeKind
from optout.domain.model import EVERYTHING, Consent, Consents, Scope


@dataclass(frozen=True, slots=True)
class Standing:
    """The later of a list's consent and everything's, for each list by its name as recorded;
    everything's own, None where nothing was ever said about it; each sender's own. On a tie, out is
    the later."""

    lists: Mapping[str, Consent]
    other_lists: Consent | None
    senders: Mapping[str, Consent]


def standing(consents: Consents) -> Standing:
    """What all consents of a recipient say."""
    said = {scope: each for scope, each in consents.items() if not consent.says_nothing(each)}
    return Standing(
        {scope.name: _or_everything(said, scope) for scope in said if scope.kind is ScopeKind.LIST},
        said.get(EVERYTHING),
        {scope.name: each for scope, each in said.items() if scope.kind is ScopeKind.SENDER},
    )


def _or_everything(consents: Consents, scope: Scope) -> Consent:
    return consent.latest(consents[each] for each in (scope, EVERYTHING) if each in consents)


def is_news(before: Consents, after: Consents) -> bool:
    """Whether somebody who keeps the one would be wrong about the other: a `suppressed` differs, an
    opt-out is of a later time, or another entry is the newer of two that a sender may have."""
    then, now = standing(before), standing(after)
    return (
        _verdicts(then, now) != _verdicts(now, then)
        or _order(then) != _order(now)
        or any(_advances(then, scope, now) for scope in after)
    )


def turns(before: Consents, after: Consents, *, out: bool) -> bool:
    """Whether anything goes out, or comes in."""
    then, now = standing(before), standing(after)
    earlier, later = _verdicts(then, now), _verdicts(now, then)
    return any(later[name] is out and earlier[name] is not out for name in later)


def entry(held: Standing, scope: Scope) -> Consent | None:
    """What is said of a scope; where nothing is said of a list, what is said of everything."""
    if scope.kind is ScopeKind.SENDER:
        return held.senders.get(scope.name)
    return held.lists.get(scope.name, held.other_lists)


def _verdicts(held: Standing, beside: Standing) -> dict[Scope, bool]:
    """Whether each entry of one or the other is suppressed in the one."""
    scopes = {EVERYTHING}
    for each in (held, beside):
        scopes |= {Scope(ScopeKind.LIST, name) for name in each.lists}
        scopes |= {Scope(ScopeKind.SENDER, name) for name in each.senders}
    found = {scope: entry(held, scope) for scope in scopes}
    return {scope: each is not None and each.out for scope, each in found.items()}


def _order(held: Standing) -> frozenset[tuple[str, str]]:
    """Which opt-ins of lists are newer than which opt-outs: it decides for a sender whose list had
    another name."""
    return frozenset(
        (free, stopped)
        for free, since in held.lists.items()
        for stopped, until in held.lists.items()
        if not since.out and until.out and since.at > until.at
    )


def _advances(then: Standing, scope: Scope, now: Standing) -> bool:
    """Whether an opt-out is confirmed at a later time."""
    earlier, later = entry(then, scope), entry(now, scope)
    if earlier is None or later is None:
        return False
    return earlier.out and later.out and later.at > earlier.at
