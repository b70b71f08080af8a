"""What callers name: a sender, a recipient, the target of a change, the scope of a list."""

from optout.decisions.target import Target
from optout.domain import numbers
from optout.domain.enums import ScopeKind
from optout.domain.errors import BadRequest
from optout.domain.model import EVERYTHING, Scope
from optout.programs.directory import Directory, Sender


def find_sender(directory: Directory, raw: str) -> Sender:
    """The sender that somebody names. Raises BadRequest if it is not one."""
    try:
        return directory.sender(numbers.sender_id(raw))
    except numbers.NotANumber as problem:
        raise BadRequest(f"sender: {problem}") from None


def recipient_number(raw: str) -> str:
    """The number that somebody names. Raises BadRequest if it is not one."""
    try:
        return numbers.normalise(raw)
    except numbers.NotANumber as problem:
        raise BadRequest(f"recipient: {problem}") from None


def find_target(
    directory: Directory, sender: str | None, list_name: str | None, everything: bool
) -> Target:
    """What a change is about: exactly one of the three. Raises BadRequest."""
    if (sender is not None) + (list_name is not None) + everything != 1:
        raise BadRequest('name exactly one of "sender", "list" and "everything": true')
    if sender is not None:
        return Target(sender=find_sender(directory, sender))
    if list_name is not None and list_name not in directory.lists:
        raise BadRequest(
            f"list: the program file has no list {list_name!r}; "
            f"it has {', '.join(sorted(directory.lists)) or 'none'}"
        )
    return Target(list=list_name, everything=everything)


def find_scope(
    directory: Directory, sender: str | None, list_name: str | None, everything: bool
) -> Scope:
    """Whose recipients are listed: exactly one of the three. Raises BadRequest."""
    if (sender is not None) + (list_name is not None) + everything != 1:
        raise BadRequest("add exactly one of ?list=, ?sender= and ?everything=true")
    if sender is not None:
        return Scope(ScopeKind.SENDER, find_sender(directory, sender).id)
    return EVERYTHING if list_name is None else Scope(ScopeKind.LIST, list_name)
