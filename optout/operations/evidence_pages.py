"""All evidence about everybody, a page in memory at a time, however much there is."""

from collections.abc import Iterator

from optout.domain.model import Evidence
from optout.store.protocol import Store

PAGE = 1_000


def all_evidence(store: Store) -> Iterator[Evidence]:
    """Everything that happened, person by person, the oldest first."""
    after = None
    while page := store.all_evidence(PAGE, after):
        yield from page
        after = page[-1].recipient, page[-1].number
