"""What all consents of one recipient together say: the document that others keep.

It comes from evidence alone, never from the program file: a recipient may not be texted from a sender
where the sender's own entry is suppressed; or else where the newest (on a tie, out) of the entries of
the lists that the sender has and had is; or else, where none of them is there, where `other_lists`
is.
"""

from collections.abc import Iterator, Mapping
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


def is_news(then: Standing, now: Standing) -> bool:
    """Whether somebody who keeps the one would be wrong about the other: a `suppressed` differs, an
    opt-out is of a later time, or another entry is the newer of two that a sender may have."""
    return (
        any(_is_out(earlier) is not _is_out(later) for earlier, later in _entries(then, now))
        or any(_is_confirmed(earlier, later) for earlier, later in _entries(then, now))
        or _order(then) != _order(now)
    )


def turns(then: Standing, now: Standing, *, out: bool) -> bool:
    """Whether anything goes out, or comes in."""
    return any(
        _is_out(later) is out and _is_out(earlier) is not out for earlier, later in _entries(then, now)
    )


def entry(held: Standing, scope: Scope) -> Consent | None:
    """What is said of a scope; where nothing is said of a list, what is said of everything."""
    if scope.kind is ScopeKind.SENDER:
        return held.senders.get(scope.name)
    return held.lists.get(scope.name, held.other_lists)


def _entries(then: Standing, now: Standing) -> Iterator[tuple[Consent | None, Consent | None]]:
    """Each entry of one or the other, as it was and as it is."""
    yield then.other_lists, now.other_lists
    for name in {*then.lists, *now.lists}:
        yield then.lists.get(name, then.other_lists), now.lists.get(name, now.other_lists)
    for name in {*then.senders, *now.senders}:
        yield then.senders.get(name), now.senders.get(name)


def _is_out(entry: Consent | None) -> bool:
    return entry is not None and entry.out


def _is_confirmed(earlier: Consent | None, later: Consent | None) -> bool:
    """Whether an opt-out is confirmed at a later time."""
    if earlier is None or later is None:
        return False
    return earlier.out and later.out and later.at > earlier.at


def _order(held: Standing) -> frozenset[tuple[str, str]]:
    """Which opt-ins of lists are newer than which opt-outs: it decides for a sender whose list had
    another name."""
    return frozenset(
        (free, stopped)
        for free, since in held.lists.items()
        for stopped, until in held.lists.items()
        if not since.out and until.out and since.at > until.at
    )
