"""A message on Azure Tables, in Azurite: the store's time against the bare requests that it needs."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

from azure.core import MatchConditions
from azure.data.tables import TableClient, UpdateMode

from bench import stores
from bench.measure import Figure, at_most, paired
from bench.messages import handler, stops, took, written
from optout.domain.model import Decision, Evidence
from optout.store.tables import client
from optout.store.tables import rows as rows
from optout.store.tables.recipients import READ_ROWS
from optout.store.tables.store import TablesStore
from tests.support.azurite import azurite

MESSAGES = {1: 40, 32: 128}
ROUNDS = 5


def figures() -> Iterator[Figure]:
    """One at a time and 32 in flight, in the same tables."""
    strangers = stores.Strangers(10_000)
    # A busy machine may take longer than the store waits: what is measured is speed, not patience.
    client.READ_SECONDS = 60
    with tempfile.TemporaryDirectory() as folder, azurite(Path(folder)) as connection_string:

        def ours(in_flight: int) -> float:
            account = client.connect(None, connection_string)
            handling = handler(TablesStore(account))
            elapsed = took(handling.handle, stops(strangers.take(MESSAGES[in_flight])), in_flight)
            account.close()
            return elapsed

        def theirs(in_flight: int) -> float:
            messages = written(strangers.take(MESSAGES[in_flight]))
            with _Bare(connection_string) as bare:
                made = [bare.requests(*message) for message in messages]
                return took(lambda requests: requests(), made, in_flight)

        ours(1)  # makes the tables
        for how, in_flight in (("one message at a time", 1), ("32 in flight", 32)):
            mine, least = paired(partial(ours, in_flight), partial(theirs, in_flight), ROUNDS)
            each = mine / MESSAGES[in_flight]
            yield at_most(f"tables: {how}", f"{each * 1000:.1f} ms a message", mine / least, 1.25)


class _Bare:
    """The requests of a message with the official SDK, and nothing around them."""

    def __init__(self, connection_string: str) -> None:
        url = TableClient.from_connection_string(connection_string, "any").url
        self._transport = client._transport(url)  # as many connections as the store has
        self._recipients, self._index = (
            TableClient.from_connection_string(connection_string, name, transport=self._transport)
            for name in ("optoutrecipients", "optoutindex")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._transport.close()

    def requests(self, decision: Decision, settled: Evidence) -> Callable[[], None]:
        """Those of one message, its entities made: read, index, transaction, and the reply settled."""
        recipient = settled.recipient
        condition = rows.of(recipient, rows.CONSENTS_AND_EVIDENCE)
        replace = {"mode": UpdateMode.REPLACE}
        index = [rows.scope_row(scope, recipient) for scope in decision.consents]
        index += rows.evidence_index_rows(decision.evidence)
        named: list[Any] = [("upsert", entry, replace) for entry in index]
        made: list[Any] = [
            ("create", rows.evidence_row(decision.evidence)),
            ("create", rows.id_row(decision.evidence)),
            *(
                ("upsert", rows.consent_row(scope, recipient, consented), replace)
                for scope, consented in decision.consents.items()
            ),
        ]
        answered = rows.evidence_row(settled)

        def make() -> None:
            next(self._recipients.query_entities(condition, results_per_page=READ_ROWS).by_page())
            self._index.submit_transaction(named)
            written = self._recipients.submit_transaction(made)
            self._recipients.update_entity(
                answered,
                mode=UpdateMode.REPLACE,
                etag=str(written[0]["etag"]),
                match_condition=MatchConditions.IfNotModified,
            )

        return make


if __name__ == "__main__":
    for figure in figures():
        print(figure)
