"""A list as one JSON document, as programs and APIs answer it: an array of objects, or an object with
one in it, its envelope. What columns.toml names there says that it is a part of a longer list."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from optout.domain.errors import BadRequest
from optout.operations.transfer.columns import column_key, knowledge, names_a_number

# All of it is in memory at once.
LARGEST = 64 * 1024 * 1024


class Envelope(NamedTuple):
    """The objects of a document, and what says that there are more elsewhere, if anything does."""

    rows: Sequence[Mapping[str, Any]]
    more: str | None = None


def document(text: str) -> Envelope:
    """What a text contains that is one JSON document. Raises BadRequest, and ValueError if it is
    none."""
    if len(text) > LARGEST:
        raise BadRequest(
            f"one JSON document of more than {LARGEST // 1024**2} million characters; write one object "
            "per line, for example with jq -c '.[]'"
        )
    found = envelope(json.loads(text))
    if found is None:
        raise BadRequest("JSON without a list of objects; write one object per line")
    return found


def envelope(value: Any) -> Envelope | None:
    """The objects of an array, or of the only array of objects in an object that is not itself about
    a person; None where there is no such array."""
    if isinstance(value, list):
        return Envelope(value) if _is_rows(value) else None
    if not isinstance(value, dict) or names_a_number(value):
        return None
    lists = [each for each in value.values() if isinstance(each, list)]
    if len(lists) != 1 or not (_is_rows(lists[0]) or not lists[0]):
        return None
    return Envelope(lists[0], _more(value))


def _is_rows(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, dict) for each in value)


def _more(value: Mapping[str, Any]) -> str | None:
    """What says that there are more: a token of the next page, or a page that is not the last."""
    said = {column_key(name): (name, each) for name, each in _members(value)}
    known = knowledge().envelope
    for key in known.more:
        name, each = said.get(key, ("", None))
        if each:
            return name
    (_, page), (name, pages) = (said.get(key, ("", None)) for key in (known.page, known.pages))
    is_not_last = isinstance(page, int) and isinstance(pages, int) and page < pages
    return name if is_not_last else None


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if isinstance(each, dict):
            yield from each.items()
        else:
            yield name, each
