"""Everybody's standing, and whose has changed since: for whoever keeps a copy of the list."""

import re
from typing import NamedTuple

from optout.domain.errors import BadRequest, Gone
from optout.operations.standing import Standing, document
from optout.store.protocol import Store

# A generation of the store, and a place in it that the store itself understands.
_PLACE = re.compile(r"([0-9]+)\|(.+)", re.DOTALL)


class FeedPage(NamedTuple):
    """Some people as they are now, where to go on, and whether there is more already."""

    items: tuple[Standing, ...]
    next: str
    more: bool


def changes(store: Store, limit: int, since: str | None) -> FeedPage:
    """The next people of the feed; without `since` from the beginning.

    Raises Gone where `since` is of an earlier life of the store or of another one, BadRequest where it
    is no place of a feed at all, and StoreAway.
    """
    generation = store.generation()
    after = None if since is None else _place(since, generation)
    try:
        page = store.changes(limit, after)
    except Gone as problem:
        raise _gone(str(problem)) from problem
    items = tuple(document(snapshot, generation) for snapshot in page.items)
    return FeedPage(items, f"{generation}|{page.next}", page.more)


def _place(since: str, generation: int) -> str:
    """The place that `since` says, if it is of this generation."""
    found = _PLACE.fullmatch(since)
    if found is None:
        raise not_a_place()
    if found[1] != str(generation):
        raise _gone("the store was restored from a backup, or is another one")
    return found[2]


def not_a_place() -> BadRequest:
    """Perhaps it is the cursor of a list: nobody should forget a copy for that."""
    return BadRequest("since: is not a `next` of this feed; leave it out to begin again")


def _gone(reason: str) -> Gone:
    return Gone(
        f"since: {reason}. Forget your copy, its versions included, and begin again without since"
    )
