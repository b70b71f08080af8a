"""Everybody's standing, and whose has changed since: for whoever keeps a copy of the list."""

from typing import NamedTuple

from optout.domain.errors import Gone
from optout.operations.standing import Standing, document
from optout.store.protocol import Store


class FeedPage(NamedTuple):
    """Some people as they are now, where to go on, and whether there is more already."""

    items: tuple[Standing, ...]
    next: str
    more: bool


def changes(store: Store, limit: int, since: str | None) -> FeedPage:
    """The next people of the feed; without `since` from the beginning.

    Raises Gone where `since` is of an earlier life of the store or of another one, and StoreAway.
    """
    generation = store.generation()
    begun, _, after = (since or "").partition("|")
    if since is not None and begun != str(generation):
        raise _gone("the store was restored from a backup, or is another one")
    try:
        page = store.changes(limit, after or None)
    except Gone as problem:
        raise _gone(str(problem)) from problem
    items = tuple(document(snapshot, generation) for snapshot in page.items)
    return FeedPage(items, f"{generation}|{page.next}", page.more)


def _gone(reason: str) -> Gone:
    return Gone(
        f"since: {reason}. Forget your copy, its versions included, and begin again without since"
    )
