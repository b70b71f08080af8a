"""People at desks: they make changes and imports and repeat what failed, judge probable requests, and
page through everything."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.chaos.acts import Act
from tests.chaos.expected import LINES
from tests.chaos.schedule import Answer, Stage, Task

# How long a client waits before it asks again.
AGAIN_SECONDS = (2.0, 5.0, 15.0, 60.0)
CALLS = 40
REVIEW_EVERY_SECONDS = 80.0
REVIEW_SELDOM_SECONDS = 600.0
LEFT_ALONE_SHARE = 0.2
LIFTED_SHARE = 0.6
# Two people judge the same request at once, and not always alike.
TWO_JUDGES_SHARE = 0.2
READS_SHARE = 0.1
MOST_PAGES = 12


@dataclass(kw_only=True)
class ActCall(Task):
    """One call for a change or an import; every call is written down with its answer."""

    act: Act
    attempts: int = 0

    def run(self, stage: Stage) -> Iterable[Task]:
        began = stage.clock.seconds
        target = f"/api/suppressions/{self.act.operation}"
        stage.log.write("act", id=self.act.id, began=began)
        answer = self.ask("POST", target, self.act.body, self.act.headers)
        stage.log.write(
            "answer to act", id=self.act.id, status=answer.status, clock=stage.clock.seconds
        )
        self.attempts += 1
        if is_settled(answer) or self.act.gives_up or self.attempts >= CALLS:
            return
        wait = AGAIN_SECONDS[min(self.attempts, len(AGAIN_SECONDS)) - 1]
        yield ActCall(due=stage.clock.seconds + wait, act=self.act, attempts=self.attempts)


def calls(acts: Iterable[Act]) -> Iterator[Task]:
    """The calls for all acts, with those that are repeated although they were answered."""
    for act in acts:
        yield ActCall(due=act.due, act=act)
        if act.again is not None:
            yield ActCall(due=act.again, act=act)


def is_settled(answer: Answer) -> bool:
    """Whether asking again cannot help: anything but no answer and *not now*."""
    return answer.status not in (0, 503)


@dataclass(kw_only=True)
class Review(Task):
    """Page through what is to be judged, and judge it."""

    chance: random.Random
    judged: set[str] = field(default_factory=set)
    pause: float = REVIEW_EVERY_SECONDS

    def run(self, stage: Stage) -> Iterable[Task]:
        found = [str(item["id"]) for item in self._pages(stage)]
        for request in found:
            if request not in self.judged:
                self.judged.add(request)
                yield from self._verdicts(request, stage)
        self.pause = REVIEW_EVERY_SECONDS if found else min(2 * self.pause, REVIEW_SELDOM_SECONDS)
        self.due = stage.clock.seconds + self.pause
        yield self

    def _pages(self, stage: Stage) -> Iterator[dict[str, object]]:
        for page in pages(self, "reviews", {"limit": 3}, stage):
            yield from page["items"]

    def _verdicts(self, request: str, stage: Stage) -> Iterator["Verdict"]:
        if self.chance.random() < LEFT_ALONE_SHARE:
            return
        for _ in range(2 if self.chance.random() < TWO_JUDGES_SHARE else 1):
            verdict = "lift" if self.chance.random() < LIFTED_SHARE else "confirm"
            yield Verdict(due=stage.clock.seconds, request=request, verdict=verdict, chance=self.chance)


@dataclass(kw_only=True)
class Verdict(Task):
    """One call for a verdict."""

    request: str
    verdict: str
    chance: random.Random
    attempts: int = 0

    def run(self, stage: Stage) -> Iterable[Task]:
        body = {"id": self.request, "verdict": self.verdict, "actor": "ann", "reason": "looked at"}
        answer = self.ask("POST", "/api/reviews", body)
        said = {"id": self.request, "verdict": self.verdict, "status": answer.status}
        stage.log.write("verdict", **said, clock=stage.clock.seconds)
        self.attempts += 1
        if answer.status == 409 and self.verdict == "lift" and self.chance.random() < 0.5:
            # As the answer says: it takes the request off the list.
            self.verdict = "confirm"
        elif is_settled(answer) or self.attempts >= CALLS:
            return
        self.due = stage.clock.seconds + AGAIN_SECONDS[min(self.attempts, len(AGAIN_SECONDS)) - 1]
        yield self


@dataclass(kw_only=True)
class Read(Task):
    """Page through one of the operations with a small limit. Only what it answers is looked at."""

    chance: random.Random
    people: list[str]

    def run(self, stage: Stage) -> Iterable[Task]:
        person = self.chance.choice(self.people)
        line = self.chance.choice([line for line in LINES.values() if line.is_configured])
        limit = self.chance.randint(1, 5)
        operation, query = self.chance.choice(
            [
                ("suppressions", {"list": line.list}),
                ("suppressions", {"everything": "true"}),
                (
                    "suppressions",
                    {"sender": self.chance.choice(list(LINES)), "allow_unconfigured": "true"},
                ),
                ("journal", {}),
                ("export", {}),
                ("reviews", {}),
                ("quarantine", {}),
                ("suppressions/history", {"recipient": person}),
            ]
        )
        for _ in pages(self, operation, {**query, "limit": limit}, stage):
            pass
        self.ask("POST", "/api/suppressions/status", {"recipient": person})
        return ()


def pages(task: Task, operation: str, query: dict[str, object], stage: Stage) -> Iterator[Any]:
    """The pages of an operation, as far as it answers; that it answers anything else than 200 and 503
    is written down."""
    cursor = None
    for _ in range(MOST_PAGES):
        answer = read_page(task, operation, query, cursor)
        if answer.status not in (0, 200, 503):
            stage.log.write("odd answer", operation=operation, status=answer.status)
        if answer.status != 200:
            return
        page = answer.json()
        yield page
        if page["cursor"] is None:
            return
        if page["cursor"] == cursor:
            stage.log.write("odd answer", operation=operation, status="the same page again")
            return
        cursor = page["cursor"]


def read_page(task: Task, operation: str, query: dict[str, object], cursor: str | None) -> Answer:
    """One page; the history is asked for in a body."""
    asked = {**query, **({"cursor": cursor} if cursor else {})}
    if operation == "suppressions/history":
        return task.ask("POST", f"/api/{operation}", json.dumps(asked).encode())
    return task.ask("GET", f"/api/{operation}?{urlencode(asked)}")


def staff(seed: int, people: list[str], messages: int, span: float) -> Iterator[Task]:
    """Who judges, for as long as the campaign lasts, and who reads."""
    chance = random.Random(f"{seed}-read")
    for _ in range(int(messages * READS_SHARE)):
        yield Read(due=chance.uniform(0, span), chance=chance, people=people)
    yield Review(due=20.0, is_background=True, chance=random.Random(f"{seed}-review"))
