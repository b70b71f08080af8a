"""What changes of a standing are news, and what they are called: the stories that went wrong once."""

from collections import Counter
from pathlib import Path

import pytest

from optout.domain.enums import Effect, EvidenceKind
from tests.support.follower import Follower, Recording
from tests.support.steps import Step, everybody, happen, later
from tests.support.world import CONTOSO, NOON, PERSON, World

ALL, EVERYWHERE = "STOP ALL", "everything"
OUT, IN, CONFIRMED, OUTDATED, NONE = (
    Effect.OPTED_OUT, Effect.OPTED_IN, Effect.CONFIRMED, Effect.OUTDATED, Effect.NONE,
)  # fmt: skip
# What is said, to whom and at which minute; each with its effect and whether it is announced.
Told = tuple[str, str, int | None, Effect, bool]
STORIES: dict[str, tuple[list[Told], set[str]]] = {
    "STOP ALL, START elsewhere, STOP ALL again": (
        [(ALL, "12345", 0, OUT, True), ("START", "54321", 1, IN, True), (ALL, "12345", 2, OUT, True)],
        {"12345", "54321", "78787"},
    ),
    "the same by hand": (
        [
            ("hand out", EVERYWHERE, 0, OUT, True),
            ("hand in", "54321", 1, IN, True),
            ("hand out", EVERYWHERE, 2, OUT, True),
        ],
        {"12345", "54321", "78787"},
    ),
    "everything only confirmed": (
        [(ALL, "12345", 0, OUT, True), (ALL, "12345", 1, CONFIRMED, True)],
        {"12345", "54321", "78787"},
    ),
    "a list by hand that is out already by everything": (
        [(ALL, "54321", 0, OUT, True), ("hand out", "list", 1, CONFIRMED, True)],
        {"12345", "54321", "78787"},
    ),
    "an import, then the person's own STOP": (
        [("row out", "12345", 0, OUT, False), ("STOP", "12345", 1, CONFIRMED, True)],
        {"12345"},
    ),
    "an import, STOP, and an import of an older START": (
        [
            ("row out", "12345", 0, OUT, False),
            ("STOP", "12345", 3, CONFIRMED, True),
            ("row in", "12345", 2, OUTDATED, False),
        ],
        {"12345"},
    ),
    "STOP ALL at one program, START at another": (
        [(ALL, "12345", 0, OUT, True), ("START", "78787", 1, IN, True)],
        {"12345", "54321"},
    ),
    "START first, STOP ALL elsewhere, and START again": (
        [
            ("START", "78787", 0, IN, False),
            (ALL, "12345", 1, OUT, True),
            ("START", "78787", 2, IN, True),
        ],
        {"12345", "54321"},
    ),
    "a lift, then an older STOP that arrives later": (
        [
            ("please cancel", "12345", 3, OUT, True),
            ("lift", "", None, IN, True),
            ("STOP", "12345", 1, OUT, True),
        ],
        {"12345"},
    ),
    "a lift while a STOP stands": (
        [("STOP", "12345", 0, OUT, True), ("please cancel", "12345", 3, CONFIRMED, True)],
        {"12345"},
    ),
    "STOP and START at one moment": (
        [("STOP", "12345", 0, OUT, True), ("START", "12345", 0, OUTDATED, False)],
        {"12345"},
    ),
    "START and STOP at one moment": (
        [("START", "12345", 0, IN, False), ("STOP", "12345", 0, OUT, True)],
        {"12345"},
    ),
    "STOP ALL and START elsewhere at one moment": (
        [(ALL, "12345", 0, OUT, True), ("START", "78787", 0, OUTDATED, False)],
        {"12345", "54321", "78787"},
    ),
    "START elsewhere and STOP ALL at one moment": (
        [("START", "78787", 0, IN, False), (ALL, "12345", 0, OUT, True)],
        {"12345", "54321", "78787"},
    ),
    "a late START below STOP ALL": (
        [(ALL, "12345", 2, OUT, True), ("START", "78787", 1, OUTDATED, False)],
        {"12345", "54321", "78787"},
    ),
    "a late STOP between STOP ALL and START": (
        [
            (ALL, "12345", 0, OUT, True),
            ("START", "78787", 2, IN, True),
            ("STOP", "78787", 1, OUTDATED, False),
        ],
        {"12345", "54321"},
    ),
    "everything in by hand, where a list and its sender are out": (
        [("STOP", "12345", 0, OUT, True), ("hand in", EVERYWHERE, 1, IN, True)],
        {"12345"},
    ),
    "a block that a report reveals after START": (
        [("START", "54321", 2, IN, False), ("report", "54321", 1, OUTDATED, False)],
        set(),
    ),
    "a block that a report reveals": (
        [("report", "54321", 1, OUT, True), ("hand in", "54321", 2, NONE, False)],
        {"54321"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_what_went_wrong_once(name: str, tmp_path: Path) -> None:
    """What each piece of evidence was for the verdict is in the history, in the journal and in the
    counts; and who keeps what was announced has the list."""
    story, suppressed = STORIES[name]
    topic = Recording()
    with World(tmp_path, publisher=topic) as world:
        topic.feed = lambda: everybody(world.store)
        later(world)
        announced = []
        for number, (what, about, minute, *_) in enumerate(story):
            before = len(topic.notices)
            happen(world, [CONTOSO], number, Step(what, about, minute, 0))
            told = [notice.type for notice in topic.notices[before:]]
            announced.append("optout.standing" in told)
        history = world.history()
        assert [item.effect for item in history] == [effect for *_, effect, _ in story]
        assert announced == [told for *_, told in story]
        seen = [item for item in history if item.kind is not EvidenceKind.IMPORT]
        journal = [item for item in world.store.journal(100, None).items if item.recipient == PERSON]
        assert [item.effect for item in journal] == [item.effect for item in reversed(seen)]
        changed = Counter((item.sender, str(item.effect)) for item in seen if item.effect.is_change)
        assert {(each.sender, str(each.activity)): each.times for each in world.store.counts(NOON)} == {
            **changed
        }
        follower = Follower()
        for each in reversed(topic.documents):
            follower.hear(each)
        for sender in map(CONTOSO.sender, ("12345", "54321", "78787")):
            assert world.check(sender.id).suppressed is (sender.id in suppressed), sender.id
            told_so = follower.suppressed(PERSON, sender.name, (sender.list, *sender.formerly))
            assert told_so is (sender.id in suppressed), sender.id


@pytest.mark.parametrize(
    "said",
    [
        ["HELP", "hello"],
        ["START", "START"],
        ["START", "UNSTOP", "HELP", "START"],
        ["hand in", "START"],
        ["START", "please stop by at noon"],
    ],
    ids=" ".join,
)
def test_nothing_is_announced_of_nothing(said: list[str], tmp_path: Path) -> None:
    """Neither HELP nor chatter nor another START where the person is in is anybody's news."""
    topic = Recording()
    with World(tmp_path, publisher=topic) as world:
        later(world)
        for number, what in enumerate(said):
            happen(world, [CONTOSO], number, Step(what, "12345", None, 0))
        assert topic.notices == []
        assert not world.store.pending()
        assert len(world.history()) == len(said)
