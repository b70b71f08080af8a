"""What callers name: a sender, a recipient, the target of a change, the scope of a list."""

from collections.abc import Collection

from optout.decisions.target import Target
from optout.domain import numbers, readings
from optout.domain.enums import ScopeKind
from optout.domain.errors import BadRequest, UnknownSender
from optout.domain.model import EVERYTHING, Scope
from optout.domain.nearest import did_you_mean
from optout.programs.directory import Directory, Sender


def find_sender(directory: Directory, raw: str, *, allow_unconfigured: bool = False) -> Sender:
    """The sender that somebody names.

    Raises BadRequest if it is not one, and UnknownSender for one that no program names, unless the
    caller says that it may be.
    """
    try:
        sender = directory.sender(numbers.sender_id(raw))
    except numbers.NotANumber as problem:
        raise BadRequest(f"sender: {problem}") from None
    if not sender.configured and not allow_unconfigured:
        raise UnknownSender(sender.name, directory.nearest(sender.id))
    return sender


def read_recipient(raw: str, countries: Collection[str]) -> str:
    """Rule 13: the number that somebody certainly names, for a change. Raises BadRequest."""
    try:
        return readings.read(raw, countries)
    except numbers.NotANumber as problem:
        raise BadRequest(f"recipient: {problem}") from None


def read_recipient_to_show(raw: str, countries: Collection[str]) -> str:
    """Rule 13: the number that somebody most likely names, to be shown. Raises BadRequest."""
    try:
        return readings.read_to_show(raw, countries)
    except numbers.NotANumber as problem:
        raise BadRequest(f"recipient: {problem}") from None


def find_target(
    directory: Directory,
    sender: str | None,
    list_name: str | None,
    everything: bool,
    *,
    allow_unconfigured: bool = False,
) -> Target:
    """What a change is about: exactly one of the three. Raises BadRequest and UnknownSender."""
    if (sender is not None) + (list_name is not None) + everything != 1:
        raise BadRequest('name exactly one of "sender", "list" and "everything": true')
    if sender is not None:
        return Target(sender=find_sender(directory, sender, allow_unconfigured=allow_unconfigured))
    if list_name is not None and list_name not in directory.lists:
        meant = did_you_mean(list_name, directory.lists)
        raise BadRequest(
            f"list: the program file has no list {list_name!r}{meant}; "
            f"it has {', '.join(sorted(directory.lists)) or 'none'}"
        )
    return Target(list=list_name, everything=everything)


def for_many(target: Target) -> Target:
    """A target that is the same for all rows of an import. Raises BadRequest for digits that are more
    than one sender's: whose list is meant would be another question for each row."""
    if target.sender is not None and target.sender.alike:
        lists = ", ".join(sorted({each.list for each in target.sender.either}))
        raise BadRequest(
            f"sender: {target.sender.name} is a sender of several countries; name the list: {lists}"
        )
    return target


def countries_of(directory: Directory, target: Target) -> frozenset[str]:
    """The countries of which a number without a country code may be, where a change is about this."""
    if target.everything:
        return directory.countries_meant()
    return directory.countries_meant(
        [target.sender] if target.sender else directory.on_list(target.list or "")
    )


def find_scope(
    directory: Directory,
    sender: str | None,
    list_name: str | None,
    everything: bool,
    *,
    allow_unconfigured: bool = False,
) -> Scope:
    """Whose recipients are listed: exactly one of the three. Raises BadRequest and UnknownSender."""
    if (sender is not None) + (list_name is not None) + everything != 1:
        raise BadRequest("add exactly one of ?list=, ?sender= and ?everything=true")
    if sender is not None:
        found = find_sender(directory, sender, allow_unconfigured=allow_unconfigured)
        return Scope(ScopeKind.SENDER, found.id)
    return EVERYTHING if list_name is None else Scope(ScopeKind.LIST, list_name)
