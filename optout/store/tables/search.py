"""What somebody looks for in the journal, found in bounded time: the index names what happened, and
each piece of evidence that it does not rule out is read."""

from collections.abc import Callable
from itertools import islice

from azure.data.tables import TableEntity

from optout.domain.model import Evidence
from optout.domain.search import Search
from optout.store.protocol import JournalPage
from optout.store.tables import rows
from optout.store.tables.client import Account
from optout.store.tables.index import Index

# For one page: so many names of the index are looked at, and so much evidence is read.
EXAMINED_ROWS = 5_000
READ_ROWS = 1_000
# So many names are read at first: what is looked for is often among the newest.
NAMED_AT_ONCE = 800
# Read side by side before it is seen whether that is enough.
READ_AT_ONCE = 64


def find(
    account: Account,
    index: Index,
    limit: int,
    after: str | None,
    search: Search,
    read: Callable[[TableEntity], Evidence | None],
) -> JournalPage:
    """A page of what is looked for. It ends early where much was looked at in vain."""
    names = index.journal(after, search.since, search.until, NAMED_AT_ONCE)
    items: list[Evidence] = []
    examined = was_read = 0
    while names_now := list(islice(names, READ_AT_ONCE)):
        examined += len(names_now)
        possible = [
            name for name in names_now if search.may_take(name["sender"] or None, name["activity"])
        ]
        was_read += len(possible)
        for name, found in zip(possible, account.each(read, possible), strict=True):
            if found is not None and search.takes(found):
                items.append(found)
                if len(items) == limit:
                    return JournalPage(tuple(items), rows.cursor(rows.JOURNAL, name))
        if examined >= EXAMINED_ROWS or was_read >= READ_ROWS:
            return JournalPage(tuple(items), rows.cursor(rows.JOURNAL, names_now[-1]))
    return JournalPage(tuple(items), None)
