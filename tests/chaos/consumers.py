"""Those who follow what the app publishes, each in its own way, and what each holds at the end."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.expected import LINES, State, document, suppressed
from tests.chaos.formula import Document, may_text
from tests.chaos.plan import delay
from tests.chaos.schedule import Answer, Stage, Task, ask

POLL_EVERY_SECONDS = 60.0
# While nothing changes it asks less often, so that a campaign ends.
POLL_SELDOM_SECONDS = 600.0
AGAIN_SECONDS = 5.0
PAGE = 6
LOSES_ITS_PLACE_SHARE = 0.06
# How much the one that gets everything shuffled holds back.
HELD = 30
# Event Grid pushes at least once.
COPIES = (1, 2, 3), (75, 20, 5)


@dataclass
class Consumer:
    """A copy of the list: of each person the document with the highest version."""

    name: str
    by_push: bool = False
    # By the feed always, when an import is announced, or never.
    by_feed: bool = False
    after_imports: bool = False
    loses_its_place: bool = False
    shuffles: bool = False
    chance: random.Random = field(default_factory=random.Random)
    formula: Callable[[str, Document | None], bool] = may_text

    def __post_init__(self) -> None:
        self.copy: dict[str, Document] = {}
        self.place: str | None = None
        self.torn: list[str] = []
        self.forgot = 0
        self.brought = 0
        # Was told of an import, and has not read to the end of the feed since.
        self.must_read = self.by_feed
        self._held_back: list[Document] = []
        self._lock = threading.Lock()

    @property
    def has_all(self) -> bool:
        """Whether it is told of what an import did, too."""
        return self.by_feed or self.after_imports

    def take(self, documents: Iterable[Document]) -> None:
        with self._lock:
            for each in documents:
                if not self.shuffles:
                    self._keep(each)
                    continue
                self._held_back += [each, each]
                while len(self._held_back) > HELD:
                    self._keep(self._held_back.pop(self.chance.randrange(len(self._held_back))))

    def settle(self) -> None:
        """Take what was held back."""
        self.chance.shuffle(self._held_back)
        while self._held_back:
            self._keep(self._held_back.pop())

    def forget(self) -> None:
        with self._lock:
            self.copy, self.place, self._held_back = {}, None, []
            self.forgot += 1

    def _keep(self, new: Document) -> None:
        old = self.copy.get(new["recipient"])
        if old is None or new["version"] > old["version"]:
            self.copy[new["recipient"]] = new
        elif new["version"] == old["version"] and new != old:
            self.torn.append(f"{new['recipient']} has two documents of version {new['version']}")

    def read(self, answer: Answer) -> bool | None:
        """Take a page of the feed; whether there is more, None where there was no page."""
        if answer.status == 410:
            self.forget()
        if answer.status != 200:
            return None
        page = answer.json()
        self.brought = len(page["items"])
        self.take(page["items"])
        self.place = page["next"]
        return bool(page["more"])


def everybody(seed: int) -> list[Consumer]:
    """Every way of following that docs/api.md describes."""

    def chance(name: str) -> random.Random:
        return random.Random(f"{seed}-{name}")

    return [
        Consumer("push", by_push=True),
        Consumer("push, feed after imports", by_push=True, after_imports=True),
        Consumer("feed", by_feed=True),
        Consumer("push and feed", by_push=True, by_feed=True),
        Consumer("loses its place", by_feed=True, loses_its_place=True, chance=chance("place")),
        Consumer("twice, shuffled", by_push=True, by_feed=True, shuffles=True, chance=chance("twice")),
    ]


@dataclass(kw_only=True)
class Poll(Task):
    """Read the feed page by page, as far as it goes now."""

    consumer: Consumer
    once: bool = False
    pause: float = POLL_EVERY_SECONDS

    def run(self, stage: Stage) -> Iterable[Task]:
        consumer = self.consumer
        if consumer.loses_its_place and consumer.chance.random() < LOSES_ITS_PLACE_SHARE:
            consumer.forget()
        target = feed_target(consumer, consumer.chance.randint(1, PAGE))
        answer = self.ask("GET", target)
        if answer.status not in (0, 200, 503):
            stage.log.write("odd answer", operation="changes", status=answer.status)
        more = consumer.read(answer)
        if more is False and self.once:
            # On tables what it was told of may come only later.
            consumer.must_read = stage.stays_behind
            return
        is_idle = more is False and not consumer.brought
        self.pause = min(2 * self.pause, POLL_SELDOM_SECONDS) if is_idle else POLL_EVERY_SECONDS
        self.due = stage.clock.seconds + {True: 0.5, False: self.pause, None: AGAIN_SECONDS}[more]
        yield self


@dataclass(kw_only=True)
class Push(Task):
    """One delivery of what the topic took."""

    consumer: Consumer
    event: Mapping[str, Any]

    def prepare(self, stage: Stage) -> None:
        """No worker has a part in it."""

    def run(self, stage: Stage) -> Iterable[Task]:
        data = self.event["data"]
        if self.event["type"] == "optout.standing":
            self.consumer.take([{name: each for name, each in data.items() if name != "cause"}])
        elif self.consumer.after_imports:
            self.consumer.must_read = True
            yield Poll(due=stage.clock.seconds, consumer=self.consumer, once=True)


@dataclass
class Pushes:
    """What the topic took and nobody was sent yet, as deliveries."""

    events: Sequence[Mapping[str, Any]]
    consumers: Sequence[Consumer]
    chance: random.Random
    seen: int = 0

    def new(self, now: float) -> Iterator[Push]:
        fresh = self.events[self.seen :]
        self.seen += len(fresh)
        for event in fresh:
            for consumer in self.consumers:
                if consumer.by_push:
                    for _ in range(self.chance.choices(*COPIES)[0]):
                        yield Push(due=now + delay(self.chance), consumer=consumer, event=event)


def feed_target(consumer: Consumer, limit: int) -> str:
    since = f"&since={consumer.place}" if consumer.place else ""
    return f"/api/changes?limit={limit}{since}"


def catch_up(consumer: Consumer, port: int) -> None:
    """Read to the end of the feed, where everything is quiet; and take what was held back."""
    while consumer.must_read and consumer.read(ask(port, "GET", feed_target(consumer, 50))):
        pass
    consumer.settle()


KINDS = (
    "texts who is out",
    "spares who may be texted",
    "another time of an opt-out",
    "another document",
    "two of one version",
)


def disagreements(
    consumer: Consumer, states: Mapping[str, Mapping[str, State]], imported: frozenset[str]
) -> dict[str, list[str]]:
    """What a consumer holds that is not the list, by kind. One that hears of nobody whom an import was
    about is judged by the others."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for person, theirs in states.items():
        if consumer.has_all or person not in imported:
            for kind, problem in _about(consumer, person, theirs):
                found[kind].append(f"{person}: {problem}")
    found["two of one version"] += consumer.torn
    return found


def _about(consumer: Consumer, person: str, states: Mapping[str, State]) -> Iterator[tuple[str, str]]:
    held = consumer.copy.get(person)
    for sender in LINES:
        is_out, texts = suppressed(sender, states), consumer.formula(sender, held)
        if is_out and texts:
            yield "texts who is out", f"from {sender}; it holds {held}"
        if not is_out and not texts:
            yield "spares who may be texted", f"from {sender}; it holds {held}"
    right = document(person, states)
    if held is None:
        if states and (consumer.by_feed or _outs(right)):
            yield "another document", "it holds none"
        return
    if _is_behind(_outs(held), _outs(right)):
        yield "another time of an opt-out", f"{_outs(held)} for {_outs(right)}"
    mine = {name: each for name, each in held.items() if name != "version"}
    if consumer.by_feed and mine != right:
        yield "another document", f"{mine} for {right}"


def _outs(held: Document) -> dict[str, str]:
    """The entries that are out, with the times of the newest word to that."""
    entries = {**held["lists"], "": held["other_lists"], **held["senders"]}
    return {name: entry["at"] for name, entry in entries.items() if entry["suppressed"]}


def _is_behind(held: dict[str, str], right: dict[str, str]) -> bool:
    """A time that went back, because the newest of several probable requests was lifted, changes
    nobody's verdict and is not announced."""
    return held.keys() != right.keys() or any(held[name] < right[name] for name in right)


def table(found: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Consumers by kinds of disagreement."""
    rows = [f"  {'who follows':<26}" + "".join(f"{kind:>28}" for kind in KINDS)]
    for name, kinds in found.items():
        rows.append(f"  {name:<26}" + "".join(f"{len(kinds[kind]):>28,}" for kind in KINDS))
    return "\n".join(rows)
