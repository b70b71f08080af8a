"""Those who follow what we publish, as docs/api.md tells them to: by announcements, by the feed, or by
both. At the end each must hold exactly the list."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optout.azure.topic import NotAnnounced, Notice
from optout.domain.errors import Gone
from optout.operations import feed, standing
from optout.store.protocol import Store
from tests.chaos.expected import State
from tests.simulate.effects import Effects
from tests.simulate.expected import suppressed
from tests.simulate.lines import LINES
from tests.simulate.operations import FORMERLY
from tests.simulate.scheduler import Scheduler

Document = Mapping[str, Any]


@dataclass
class Copy:
    """Of each person the document with the highest version."""

    documents: dict[str, Document] = field(default_factory=dict)

    def take(self, document: Document) -> None:
        known = self.documents.get(document["recipient"])
        if known is None or document["version"] > known["version"]:
            self.documents[document["recipient"]] = document

    def is_suppressed(self, person: str, sender: str) -> bool:
        """The rule of docs/api.md."""
        known = self.documents.get(person)
        if known is None:
            return False
        own = known["senders"].get(sender)
        if own is not None and own["suppressed"]:
            return True
        listed = LINES[sender].list
        names = (listed, FORMERLY.get(listed))
        entries = [known["lists"][name] for name in names if name in known["lists"]]
        newest = max(
            entries or [known["other_lists"]], key=lambda each: (each["at"], each["suppressed"])
        )
        return bool(newest["suppressed"])


@dataclass
class Follower:
    """Reads the feed into a copy."""

    copy: Copy = field(default_factory=Copy)
    place: str | None = None

    def poll(self, store: Store, limit: int) -> bool:
        """Read one page; whether there is more."""
        try:
            page = feed.changes(store, limit, self.place)
        except Gone:
            self.place = None
            self.copy.documents.clear()
            return True
        for document in page.items:
            self.copy.take(_as_json(document))
        self.place = page.next
        return page.more

    def lose_place(self) -> None:
        """It was restarted, and begins again with what it knows."""
        self.place = None

    def lose_copy(self) -> None:
        self.place = None
        self.copy.documents.clear()


@dataclass(frozen=True)
class Published:
    """One event of the topic, and when it came."""

    at: int
    notice: Notice
    data: Document


class Topic:
    """Takes announcements, and hands them to those who listen."""

    def __init__(self, scheduler: Scheduler, effects: Effects, listening: Copy) -> None:
        self._scheduler = scheduler
        self._effects = effects
        self._listening = listening
        self.published: list[Published] = []

    def publish(self, notice: Notice) -> None:
        self._effects.around("topic", "publish", lambda: self._take(notice), NotAnnounced)

    def _take(self, notice: Notice) -> None:
        data = _as_json(notice.data)
        self.published.append(Published(self._scheduler.now, notice, data))
        if notice.type == standing.STANDING:
            self._listening.take(data)

    def standings(self) -> list[Document]:
        return [each.data for each in self.published if each.notice.type == standing.STANDING]

    def newest(self, recipient: str) -> int:
        """The number of the newest evidence that was announced of somebody."""
        theirs = (each for each in self.standings() if each["recipient"] == recipient)
        return max((int(each["version"]) % 2**32 for each in theirs), default=0)

    def imports(self) -> list[Published]:
        return [each for each in self.published if each.notice.type == standing.IMPORTED]

    def close(self) -> None:
        """Nothing to close."""


class Consumers:
    """All who follow, by their names."""

    def __init__(self, scheduler: Scheduler, effects: Effects) -> None:
        self.followers = {name: Follower() for name in ("feed", "both", "restarted", "forgetful")}
        self.topic = Topic(scheduler, effects, self.followers["both"].copy)

    def poll(self, name: str, store: Store, limit: int, restarts: bool) -> object:
        """One of them asks for what has changed."""
        follower = self.followers[name]
        if restarts and name == "restarted":
            follower.lose_place()
        if restarts and name == "forgetful":
            follower.lose_copy()
        return follower.poll(store, limit)

    def copies(self, store: Store) -> dict[str, Copy]:
        """What each holds in the end: those who read have read, those who listen have heard all, one
        of them everything twice and from the end to the beginning."""
        for _, follower in sorted(self.followers.items()):
            # Whoever was at the end of a page with everybody may have more to read the next time.
            while follower.poll(store, 3) or follower.poll(store, 3):
                pass
        heard = self.topic.standings()
        copies = {name: follower.copy for name, follower in self.followers.items()}
        copies["told"], copies["told twice, in any order"] = Copy(), Copy()
        for document in heard:
            copies["told"].take(document)
        for document in [*reversed(heard), *heard]:
            copies["told twice, in any order"].take(document)
        return copies

    def findings(
        self, store: Store, states: Mapping[str, Mapping[str, State]], untold: set[str]
    ) -> Iterator[str]:
        """Where a copy is not what the list says; those who only listen know nothing of the untold."""
        yield from self._versions()
        for name, copy in self.copies(store).items():
            is_told = name.startswith("told")
            for person in sorted(states):
                if is_told and person in untold:
                    continue
                yield from _differences(name, copy, person, states[person], store, is_told=is_told)

    def _versions(self) -> Iterator[str]:
        """The same version of the same person is the same document, whatever it was published for."""
        known: dict[tuple[str, int], Document] = {}
        for document in self.topic.standings():
            said = {name: value for name, value in document.items() if name != "cause"}
            if known.setdefault((said["recipient"], said["version"]), said) != said:
                yield f"consumers: two documents are of version {said['version']}: {said}"


def _recency(entry: Mapping[str, Any]) -> tuple[str, bool]:
    return entry["at"], entry["suppressed"]


def _differences(
    name: str, copy: Copy, person: str, states: Mapping[str, State], store: Store, *, is_told: bool
) -> Iterator[str]:
    for sender in LINES:
        if copy.is_suppressed(person, sender) != suppressed(sender, states):
            yield f"consumers: who is {name} has {copy.documents.get(person)}, not {states}"
            return
    snapshot = store.snapshot(person)
    document = _as_json(standing.document(snapshot, store.generation()))
    held = copy.documents.get(person)
    if not is_told and snapshot.consents and _held(held) != _held(document):
        yield f"consumers: who reads as {name} has {held}, not {document}"
    known, now = _stopped(held or document), _stopped(document)
    # That a lift has left an opt-out with an earlier time is not announced.
    if is_told and any(known.get(entry, "") < at for entry, at in now.items()):
        yield f"consumers: who is {name} has older opt-outs: {held}, not {document}"


def _held(document: Document | None) -> Document:
    """What is said, whatever it was for, and whatever has happened since that changed nothing."""
    said = {**(document or {})}
    return {name: value for name, value in said.items() if name not in ("cause", "version")}


def _stopped(document: Document) -> dict[str, str]:
    """What is suppressed, and when the newest word to that was. A list that is not there is as all
    others are."""
    others, lists, senders = document["other_lists"], document["lists"], document["senders"]
    names = {line.list for line in LINES.values()}
    entries = {
        "others": others,
        **{f"list {name}": lists.get(name, others) for name in names},
        **{f"sender {name}": entry for name, entry in senders.items()},
    }
    return {name: entry["at"] for name, entry in entries.items() if entry["suppressed"]}


def _as_json(document: Mapping[str, Any]) -> Document:
    """As it travels."""
    made: Document = json.loads(json.dumps(document))
    return made
