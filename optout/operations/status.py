"""Where one person stands with every list and sender, for somebody who looks a number up."""

from dataclasses import dataclass

from optout.decisions import consent
from optout.domain.enums import ScopeKind
from optout.domain.model import EVERYTHING, Scope
from optout.operations.check import CheckResult
from optout.programs.directory import Directory, Sender
from optout.store.protocol import Store


@dataclass(frozen=True, slots=True)
class ListStatus:
    """Where a recipient stands with a list, and with each sender on it."""

    list: str
    answer: CheckResult
    senders: tuple[tuple[Sender, CheckResult], ...]


def recipient_status(recipient: str, directory: Directory, store: Store) -> list[ListStatus]:
    """The lists of the program file, then those that only the recipient's history names."""
    named = tuple(dict.fromkeys(scope for each in store.timeline(recipient) for scope in each.scopes))
    lists = _lists(directory, named)
    scopes = {EVERYTHING, *named}.union(
        *(consent.sender_scopes(sender) for senders in lists.values() for sender in senders)
    )
    consents = store.consents(recipient, sorted(scopes, key=str))
    return [
        ListStatus(
            name,
            CheckResult.of(
                recipient, consents, consent.list_scopes(name, directory.formerly.get(name, ()))
            ),
            tuple((each, CheckResult.of_sender(recipient, consents, each)) for each in senders),
        )
        for name, senders in lists.items()
    ]


def _lists(directory: Directory, named: tuple[Scope, ...]) -> dict[str, list[Sender]]:
    """Every list with its senders. One that the program file no longer has is without senders, unless
    only its name has changed."""
    own = (directory.sender(scope.name) for scope in named if scope.kind is ScopeKind.SENDER)
    others = [sender for sender in own if sender.id not in directory.senders]
    lists: dict[str, list[Sender]] = {}
    for sender in (*directory.every, *others):
        lists.setdefault(sender.list, []).append(sender)
    renamed = {name for names in directory.formerly.values() for name in names}
    for scope in named:
        if scope.kind is ScopeKind.LIST and scope.name not in renamed:
            lists.setdefault(scope.name, [])
    return lists
