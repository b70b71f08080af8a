"""What may be said about a person, in any order and under any state of the program file."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from optout.decisions.target import Target
from optout.domain.enums import ReviewVerdict
from optout.domain.errors import NotNow
from optout.operations import feed
from optout.operations.standing import document
from optout.operations.transfer.rows import ImportedRow
from optout.programs.directory import Directory
from optout.store.protocol import Store
from tests.support.follower import Document
from tests.support.payloads import report_event
from tests.support.program_files import LONG_CODE, SENDER_ID, SHORT_CODE, TOLL_FREE, program
from tests.support.world import NOON, PERSON, World

REPLIES = 'replies.stop = "Contoso: out."\nreplies.start = "Contoso: in."'
PLATFORM = 'number = "54321"\ntype = "short_code"\ncountry = "US"\nmanaged_by = "platform"'
# A program file in three states: the list was renamed twice, and a number joined it.
FILES = (
    program(SHORT_CODE, TOLL_FREE, name="Older", rest=REPLIES),
    program(SHORT_CODE, TOLL_FREE, name="Old", rest=f'formerly = ["older"]\n{REPLIES}'),
    program(
        SHORT_CODE, TOLL_FREE, LONG_CODE, name="New", rest=f'formerly = ["old", "older"]\n{REPLIES}'
    ),
)  # fmt: skip
OTHERS = program(PLATFORM, SENDER_ID, name="Promo", rest=REPLIES)
SENDERS = ("12345", "+18335550100", "+14255550100", "54321", "Contoso")
LISTS = ("new", "old", "older", "promo")


@dataclass(frozen=True)
class Step:
    """Something that is said about the person at a minute, under a state of the program file; without a
    minute, now."""

    what: str
    about: str
    minute: int | None
    file: int

    @property
    def at(self) -> datetime | None:
        return None if self.minute is None else NOON + timedelta(minutes=self.minute)


TEXTS = ("STOP", "START", "STOP ALL", "please cancel", "UNSTOP", "HELP", "hello")
BY_HAND = ("hand out", "hand in")
MINUTES = st.integers(0, 6)
FILE = st.integers(0, len(FILES) - 1)
STEPS = st.one_of(
    st.builds(Step, st.sampled_from(TEXTS), st.sampled_from(SENDERS[:4]), MINUTES, FILE),
    st.builds(
        Step,
        st.sampled_from(BY_HAND),
        st.sampled_from((*SENDERS, "list", "everything")),
        st.none() | MINUTES,
        FILE,
    ),
    st.builds(
        Step,
        st.sampled_from(("row out", "row in")),
        st.sampled_from((*SENDERS, "list", "everything")),
        MINUTES,
        FILE,
    ),
    st.builds(Step, st.just("report"), st.sampled_from(SENDERS[:4]), MINUTES, FILE),
    st.builds(Step, st.sampled_from(("lift", "confirm")), st.just(""), st.none(), FILE),
)
HISTORIES = st.lists(STEPS, min_size=1, max_size=9)


def target(directory: Directory, about: str) -> Target:
    if about == "everything":
        return Target(everything=True)
    if about == "list":
        return Target(list=directory.sender("12345").list)
    return Target(sender=directory.sender(about.lower()))


def happen(world: World, files: Sequence[Directory], number: int, step: Step) -> None:
    """One step of a history, a second after the one before."""
    world.clock.move(seconds=1)
    world.directory = directory = files[step.file]
    match step.what:
        case "hand out" | "hand in":
            world.changes.record(
                target(directory, step.about), PERSON,
                out=step.what == "hand out", actor="ann", reason="phoned", at=step.at,
            )  # fmt: skip
        case "row out" | "row in":
            assert step.at is not None
            with world.importer(target(directory, step.about)) as importer:
                importer.record([ImportedRow(PERSON, step.at, out=step.what == "row out")])
        case "report":
            assert step.at is not None
            world.handler.handle(
                report_event(
                    "4007", from_=step.about, to=PERSON, attempts=[step.at], message_id=f"r{number}"
                )
            )
        case "lift" | "confirm":
            waiting = world.store.list_reviews(1, None).items
            verdict = ReviewVerdict.LIFT if step.what == "lift" else ReviewVerdict.CONFIRM
            with suppress(NotNow):
                for judged in waiting:
                    world.reviews.judge(judged.id, verdict, "ann", "read it")
        case text:
            world.receive(text, step.about, at=step.at, message_id=f"m{number}")


def later(world: World) -> World:
    """A world in which all minutes of a history are over."""
    world.clock.move(minutes=60)
    return world


def standing(store: Store, person: str = PERSON) -> Document:
    return document(store.snapshot(person), store.generation())


def everybody(store: Store, limit: int = 500) -> list[Document]:
    """The feed from its beginning."""
    found: list[Document] = []
    page = feed.changes(store, limit, None)
    found += page.items
    while page.more:
        page = feed.changes(store, limit, page.next)
        found += page.items
    return found
