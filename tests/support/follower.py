"""Somebody who follows what we publish, and does with it what docs/api.md says and nothing else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from optout.azure.topic import NotAnnounced, Notice

Document = Mapping[str, Any]


def is_suppressed(document: Document | None, sender: str, lists: Iterable[str]) -> bool:
    """The formula, as the prose has it: whether a person may not be texted from a sender that is and
    was on some lists. Nobody is suppressed of whom nothing was ever heard."""
    if document is None:
        return False
    own = document["senders"].get(sender.lower())
    if own is not None and own["suppressed"]:
        return True
    there = [document["lists"][name] for name in lists if name in document["lists"]]
    if not there:
        return bool(document["other_lists"]["suppressed"])
    newest = max(datetime.fromisoformat(entry["at"]) for entry in there)
    return any(entry["suppressed"] for entry in there if datetime.fromisoformat(entry["at"]) == newest)


@dataclass
class Follower:
    """Keeps of each person the document with the highest version."""

    held: dict[str, Document] = field(default_factory=dict)

    def hear(self, document: Document) -> None:
        held = self.held.get(document["recipient"])
        if held is None or document["version"] > held["version"]:
            self.held[document["recipient"]] = document

    def suppressed(self, person: str, sender: str, lists: Iterable[str]) -> bool:
        return is_suppressed(self.held.get(person), sender, lists)


@dataclass
class Recording:
    """A topic that writes down what it is told, and refuses as often as it is told to. Whoever hears of
    an import reads the feed."""

    feed: Callable[[], Sequence[Document]] = list
    refusals: list[bool] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)

    def publish(self, notice: Notice) -> None:
        if self.refusals and self.refusals.pop():
            raise NotAnnounced("refused")
        self.notices.append(notice)
        if notice.type == "optout.imported":
            self.documents.extend(self.feed())
        else:
            self.documents.append(notice.data)

    def close(self) -> None:
        pass
