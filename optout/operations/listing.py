"""Who is out of a list, a sender or everything."""

from optout.domain.enums import ScopeKind
from optout.domain.errors import NotFound
from optout.domain.model import Scope
from optout.domain.nearest import did_you_mean
from optout.programs.directory import Directory
from optout.store.protocol import ListPage, Store


def list_out(
    directory: Directory, store: Store, scope: Scope, limit: int, after: str | None
) -> ListPage:
    """A page of those who are out of a scope. Raises NotFound for a list that never existed."""
    is_known = scope.kind is not ScopeKind.LIST or scope.name in directory.lists
    if not is_known and not store.was_ever_out(scope):
        raise NotFound(
            f"there is no list {scope.name!r}{did_you_mean(scope.name, directory.lists)}; "
            f"the program file has {', '.join(sorted(directory.lists)) or 'none'}"
        )
    return store.list_out(scope, limit, after)
