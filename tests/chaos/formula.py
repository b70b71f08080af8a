"""How those who follow read a standing, as docs/api.md says it."""

from typing import Any

from tests.chaos.expected import LINES

Document = dict[str, Any]

# What docs/api.md says: which lists count for a sender.
LISTS = {sender: (line.list,) for sender, line in LINES.items()}


def may_text(sender: str, held: Document | None) -> bool:
    """The documented formula, over a copy."""
    if held is None:
        return True
    own = held["senders"].get(sender)
    if own is not None and own["suppressed"]:
        return False
    there = [held["lists"][name] for name in LISTS[sender] if name in held["lists"]]
    if not there:
        return not held["other_lists"]["suppressed"]
    newest = max(there, key=lambda entry: (entry["at"] or "", entry["suppressed"]))
    return not newest["suppressed"]
