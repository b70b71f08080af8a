"""Consents and evidence as files: a page in memory at a time, however many there are."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from optout.domain.model import Consent, Scope
from optout.operations.transfer.cells import guarded
from optout.store.protocol import Store

PAGE = 1_000


def everyone_out(store: Store, scope: Scope) -> Iterator[tuple[str, Consent]]:
    """Everyone who is out of a scope, in the order of their numbers."""
    after = None
    while True:
        page = store.list_out(scope, PAGE, after)
        yield from page.items
        after = page.after
        if after is None:
            return


def write_ndjson(items: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write one JSON object per line."""
    for item in items:
        file.write(json.dumps(item) + "\n")


def write_csv(items: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write a header, and a row for each item; all have the same fields. A nested value is JSON in its
    cell."""
    writer = csv.writer(file)
    for number, item in enumerate(items):
        if not number:
            writer.writerow(item)
        writer.writerow([guarded(_cell(value)) for value in item.values()])


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
