"""Recording once, and losing nothing, broken."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from optout.domain.errors import StoreAway
from optout.domain.model import Decision, Evidence
from optout.operations import changes, handle
from optout.operations.links import Link, Links
from optout.operations.recorder import Recorder
from optout.store.tables import rows
from optout.store.tables.recipients import RecipientRows
from tests.simulate.broken.patching import Patch, around
from tests.support.fake_tables import FakeTable
from tests.support.model_store import ModelStore


def unconditional_record(patch: Patch) -> None:
    """What comes again is recorded again, under an id of its own."""
    numbers = count()

    def made(record: Callable[..., Any]) -> Callable[..., Any]:
        def unconditional(self: Recorder, item: Evidence, *rest: Any, **options: Any) -> Any:
            if self.store.find(item.recipient, item.id):
                item = replace(item, id=f"again {next(numbers)}")
            return record(self, item, *rest, **options)

        return unconditional

    around(patch, Recorder, "record", made)


def no_key(patch: Patch) -> None:
    """A change by hand that is repeated under its key is another change."""
    numbers = count()
    patch.setattr(changes, "change_id", lambda operation, key, recipient: f"change {next(numbers)}")


def tapped_once(patch: Patch) -> None:
    """A link works once, as if nobody came back."""
    tapped: dict[str, Evidence] = {}

    def made(tap: Callable[..., Any]) -> Callable[..., Any]:
        def once(self: Links, link: Link) -> Evidence:
            if link.recipient not in tapped:
                tapped[link.recipient] = tap(self, link)
            return tapped[link.recipient]

        return once

    around(patch, Links, "tap", made)


def swallowed_failure(patch: Patch) -> None:
    """An event that could not be recorded is acknowledged."""
    _where_away(patch, lambda handler, raw: handle.Result.HANDLED)


def hasty_quarantine(patch: Patch) -> None:
    """An event that could not be recorded is held, as if it could not be understood."""
    _where_away(patch, lambda handler, raw: handler._quarantine(raw, "the store was away"))


def _where_away(patch: Patch, instead: Callable[[handle.EventHandler, str], handle.Result]) -> None:
    """What is done where the store is away."""

    def made(recorded: Callable[..., handle.Result]) -> Callable[..., handle.Result]:
        def handling(self: handle.EventHandler, raw: str) -> handle.Result:
            try:
                return recorded(self, raw)
            except StoreAway:
                return instead(self, raw)

        return handling

    around(patch, handle.EventHandler, "handle", made)


def stale_decision(patch: Patch) -> None:
    """The model store writes a decision although somebody wrote meanwhile."""

    def made(write: Callable[..., bool]) -> Callable[..., bool]:
        def careless(self: ModelStore, decision: Any, last_number: int) -> bool:
            told = self.timeline(decision.evidence.recipient)
            number = told[-1].number if told else 0
            moved_on = replace(decision.evidence, number=number + 1)
            return write(self, replace(decision, evidence=moved_on), number)

        return careless

    around(patch, ModelStore, "_write", made)


def consents_first(patch: Patch) -> None:
    """The model store reads the consents before the evidence: decisions about old ones do not
    conflict."""

    def made(state: Callable[..., Any]) -> Callable[..., Any]:
        def torn(self: ModelStore, inquiry: Any, overlooks: bool) -> Any:
            consents = self.snapshot(inquiry.recipient).consents
            self._meanwhile()
            return replace(state(self, inquiry, overlooks), consents=consents)

        return torn

    around(patch, ModelStore, "_state", made)


def index_afterwards(patch: Patch) -> None:
    """The tables' index is written after what it names."""

    def late(self: RecipientRows, decision: Decision) -> None:
        item = decision.evidence
        consents = [
            ("upsert", rows.consent_row(scope, item.recipient, new), {"mode": "replace"})
            for scope, new in decision.consents.items()
        ]
        etag, *_ = self._recipients.write(
            [("create", rows.evidence_row(item)), ("create", rows.id_row(item)), *consents]
        )
        self._keep((item, etag))
        self._index.note(item, decision.consents)

    patch.setattr(RecipientRows, "_write", late)


def overwritten_rows(patch: Patch) -> None:
    """The tables' rows are written over whatever is there."""

    def made(write: Callable[..., Any]) -> Callable[..., Any]:
        def careless(self: FakeTable, operations: Any) -> Any:
            return write(self, [("upsert", row, {}) for _, row, *_ in operations])

        return careless

    around(patch, FakeTable, "write", made)


RULES = (
    unconditional_record,
    no_key,
    tapped_once,
    swallowed_failure,
    hasty_quarantine,
    stale_decision,
    consents_first,
    index_afterwards,
    overwritten_rows,
)
