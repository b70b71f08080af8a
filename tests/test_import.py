"""An import gives what recording each row by itself gives, whatever was there before and however often
it is repeated; and its commands, from file to file."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.decisions import decide
from optout.domain.model import Consents, Decision, Evidence, Known
from optout.operations.recorder import record
from optout.operations.suppressions import Target, without_lifting
from optout.operations.transfer.importing import Importer, Order
from optout.operations.transfer.wishes import Wish
from optout.settings import ROOT
from optout.store.protocol import Store
from tests.support.client import environment
from tests.support.places import Place, file_in, new_tables
from tests.support.world import CONTOSO, NOON, PERSON, Clock, World

PEOPLE = ("+14255550123", "+14255550124")
SENDERS = ("12345", "+18335550100")
TARGETS = {
    "list": Target(list="contoso-alerts"),
    "sender": Target(sender=CONTOSO.sender("12345")),
    "toll-free": Target(sender=CONTOSO.sender("+18335550100")),
    "everything": Target(everything=True),
}


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def order(target: Target) -> Order:
    return Order(target, "pat", "moved")


@contextmanager
def importer(store: Store, target: Target, *, dry_run: bool = False) -> Iterator[Importer]:
    made = Importer(store, order(target), Clock(minute(60)), dry_run=dry_run)
    yield made
    made.close()


def one_by_one(store: Store, target: Target, wishes: Sequence[Wish]) -> Counter[str]:
    """The normal path of each wish, in a process that does nothing in bulk."""
    counts: Counter[str] = Counter()
    with importer(store, target) as making:
        for kind, entry in making._entries(wishes, minute(60)):
            evidence = making._evidence(kind, entry, minute(60))

            def decision(known: Known, evidence: Evidence = evidence) -> Decision:
                new = without_lifting(evidence, target, known.consents)
                return decide.apply(new, known, announce=False)

            recorded = record(store, evidence, making._scopes, decision)
            counts[recorded.evidence.effect if recorded.is_new else "recorded"] += 1
    return counts


def consents(world: World) -> dict[str, Consents]:
    """Who is out of what; which of two pieces of evidence of the same time said so is left out."""
    return {
        person: {
            scope: replace(consent, evidence_id="")
            for scope, consent in world.consents(person, SENDERS).items()
        }
        for person in PEOPLE
    }


wishes = st.builds(
    Wish, st.sampled_from(PEOPLE), st.integers(0, 40).map(minute), st.sampled_from([True, True, False])
)
messages = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(SENDERS),
    st.sampled_from(["STOP", "START", "STOP ALL", "HELP", "hello"]),
    st.integers(0, 40),
)


def held_to_one_by_one(
    bulk: Place, single: Place, before: list[tuple[str, str, str, int]], target: Target,
    rows: list[Wish], batches: list[list[Wish]],
) -> None:  # fmt: skip
    with World(bulk) as ours, World(single) as theirs:
        for number, (person, sender, text, at) in enumerate(before):
            for world in (ours, theirs):
                world.clock.now = minute(at)
                world.receive(text, sender, person, message_id=f"m{number}")
        with importer(ours.store, target) as importing:
            for batch in batches:
                importing.take(batch)
            assert set(importing.take(rows)) <= {"recorded"}
        one_by_one(theirs.store, target, rows)
        assert consents(ours) == consents(theirs)
        for person in PEOPLE:
            mine = {item.id: item.at for item in ours.history(person)}
            assert mine == {item.id: item.at for item in theirs.history(person)}


@st.composite
def imports(draw: st.DrawFn) -> tuple[list[Wish], list[list[Wish]]]:
    """Rows, and what of them comes in which batch: split anywhere, some of them twice."""
    rows = draw(st.lists(wishes, min_size=4, max_size=10))
    repeated = draw(st.lists(st.sampled_from(rows), max_size=5))
    shuffled = draw(st.permutations(rows + repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    return rows, [shuffled[a:b] for a, b in pairwise(edges) if a < b]


@given(st.lists(messages, max_size=8), st.sampled_from(sorted(TARGETS)), imports())
@settings(max_examples=60, deadline=None)
def test_an_import_is_the_rows_one_by_one(
    before: list[tuple[str, str, str, int]],
    target: str,
    imported: tuple[list[Wish], list[list[Wish]]],
) -> None:
    """The same consents and the same evidence, over SQLite."""
    with tempfile.TemporaryDirectory() as name:
        places = file_in(Path(name, "bulk")), file_in(Path(name, "single"))
        if target == "toll-free" and any(not wish.out for wish in imported[0]):
            # What a block leaves of an opt-in depends on which came first, by this path or the other.
            target = "list"
        held_to_one_by_one(*places, before, TARGETS[target], *imported)


@given(st.lists(messages, max_size=5), imports())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_import_is_the_rows_one_by_one_in_tables(
    azurite: str,
    before: list[tuple[str, str, str, int]],
    imported: tuple[list[Wish], list[list[Wish]]],
) -> None:
    """The same consents and the same evidence, over tables."""
    held_to_one_by_one(
        new_tables(azurite), new_tables(azurite), before, TARGETS["sender"], *imported
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "wish", "effect", "suppressed"),
    [
        ([], Wish(PERSON, minute(5)), "opted_out", True),
        ([("START", 10)], Wish(PERSON, minute(5)), "outdated", False),
        ([("START", 1)], Wish(PERSON, minute(5)), "opted_out", True),
        ([("START", 5)], Wish(PERSON, minute(5)), "opted_out", True),
        ([("STOP", 10)], Wish(PERSON, minute(5)), "outdated", True),
        ([("STOP", 1)], Wish(PERSON, minute(5)), "confirmed", True),
        ([("STOP", 1)], Wish(PERSON, minute(5), False), "opted_in", False),
        ([("STOP", 10)], Wish(PERSON, minute(5), False), "outdated", True),
        ([], Wish(PERSON, minute(999)), "opted_out", True),
    ],
)
def test_what_an_imported_row_does(
    place: Place, before: list[tuple[str, int]], wish: Wish, effect: str, suppressed: bool
) -> None:
    """Rule 2: an older import never undoes a newer keyword. The dry run says the same and writes
    nothing; the second run finds everything recorded."""
    with World(place) as world:
        for text, at in before:
            world.clock.now = minute(at)
            world.receive(text)
        with importer(world.store, TARGETS["sender"], dry_run=True) as trying:
            assert trying.take([wish]) == Counter({effect: 1})
        assert len(world.history()) == len(before)
        with importer(world.store, TARGETS["sender"]) as importing:
            assert importing.take([wish]) == Counter({effect: 1})
            assert importing.take([wish]) == Counter({"recorded": 1})
        assert world.check().suppressed is suppressed
        newest = world.newest()
        assert (newest.actor, newest.reason, newest.kind) == ("pat", "moved", "import")
        assert ("future_time" in newest.flags) is (wish.at > minute(60))


def test_an_import_lifts_no_block_of_a_carrier(place: Place) -> None:
    """Rule 12: an opt-in from a list does not pretend that the carrier lets messages through."""
    with World(place) as world:
        world.receive("STOP", "+18335550100")
        with importer(world.store, TARGETS["toll-free"]) as importing:
            assert importing.take([Wish(PERSON, minute(5), out=False)]) == Counter({"none": 1})
        assert world.check("+18335550100").suppressed
        assert world.newest().flags == ("blocked",)


def command(
    where: Path, *arguments: str | Path, timeout: float = 60
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "optout", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment(where)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


JANUARY = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
LIST = ("--list", "contoso-alerts")
WHO = ("--actor", "pat")


def test_from_list_to_list(database: Path, tmp_path: Path) -> None:
    """What cannot be understood is beside the file, the rest on the list; the list, exported and
    imported elsewhere, is the same list, in either format."""
    given = tmp_path / "optouts.csv"
    given.write_text(
        "Phone,Opted out at,Status\n(425) 555-0123,2024-07-01 12:30,out\n=1+1,,out\n"
        "+14255550124,2024-07-01 12:30,in\n+14255550125,,\n+14255550126,soon,out\n",
        "utf-8",
    )
    os.utime(given, (JANUARY, JANUARY))
    tried = command(database, "import", given, *LIST, *WHO, "--country", "US", "--dry-run")
    assert "2  would be opted out" in tried.stdout
    done = command(database, "import", given, *LIST, *WHO, "--country", "US")
    assert done.returncode == 1
    assert "2  opted out" in done.stdout
    assert "1  opt-ins, left out without --opt-ins" in done.stdout
    assert "numbers from 'Phone', times from 'Opted out at', out or in from 'Status'" in done.stderr
    refused = (tmp_path / "optouts.csv.refused.csv").read_text("utf-8").splitlines()
    assert [line.partition(",")[0] for line in refused] == ["line", "3", "6"]
    assert refused[1].endswith(""",\"'=1+1,,out\"""")
    for ending in ("csv", "ndjson"):
        first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
        assert command(database, "export", *LIST, "--format", ending, "--output", first).returncode == 0
        again = command(tmp_path / f"{ending}.db", "import", first, *LIST, *WHO)
        assert (again.returncode, again.stdout) == (0, "         2  opted out\n")
        command(tmp_path / f"{ending}.db", "export", *LIST, "--format", ending, "--output", second)
        assert second.read_text("utf-8") == first.read_text("utf-8")
        assert "+14255550123" in first.read_text("utf-8")
        assert "2026-01-01T00:00:00.000000Z" in first.read_text("utf-8")
    again = command(database, "import", given, *LIST, *WHO, "--country", "US", "--opt-ins")
    assert "2  recorded by an earlier run" in again.stdout
    assert "1  opted in" in again.stdout


def test_everything_with_its_history(database: Path) -> None:
    """Each piece of evidence about everybody, with its texts, as the history shows it."""
    with World(file_in(database.parent)) as world:
        world.receive("=STOP")
        world.receive("line\nbreak, \"quote\" 'apostrophe'")
    done = command(database, "export", "--all", "--format", "ndjson")
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["recipient"] for item in items] == [PERSON, PERSON]
    assert [item["text"] for item in items] == ["=STOP", "line\nbreak, \"quote\" 'apostrophe'"]
    assert ",'=STOP," in command(database, "export", "--all").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "missing.csv", *LIST, *WHO), "No such file"),
        (("import", ROOT / "README.md", "--list", "nothing", *WHO), "has no list 'nothing'"),
        (("import", ROOT / "README.md", *LIST, *WHO), "no column is known for numbers"),
        (("import", ROOT / "README.md", *LIST, *WHO, "--country", "UK"), "'UK' is no country"),
        (("import", ROOT / "README.md", *LIST, *WHO, "--time-zone", "Mars"), "Mars"),
        (("import", ROOT / "README.md", *WHO), "one of the arguments --list --sender --everything"),
        (("export", "--list", "nothing"), "there is no list 'nothing'"),
        (("export", "--sender", "not a sender!"), "a sender is"),
    ],
)
def test_commands_that_cannot_be(
    arguments: tuple[str | Path, ...], message: str, database: Path
) -> None:
    """An error that says what to change, and exit code 2."""
    done = command(database, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_and_run_again(database: Path, tmp_path: Path) -> None:
    """A kill in the middle loses what was not yet written; the next run completes it, and no row is
    there twice."""
    given = tmp_path / "many.csv"
    people = [f"+1425{number:07}" for number in range(2_000_000, 2_100_000)]
    given.write_text("phone,date\n" + "".join(f"{one},2024-07-01\n" for one in people), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "optout", "import", given, *LIST, *WHO],
        cwd=ROOT, env={**os.environ, **environment(database)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with World(file_in(database.parent)) as world:
        while process.poll() is None and not world.store.knows(TARGETS["list"].scopes[0]):
            time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with World(file_in(database.parent)) as world:
        before = len(world.store.lookup(people, TARGETS["list"].scopes))
    assert 0 < before < len(people)
    done = command(database, "import", given, *LIST, *WHO, timeout=110)
    assert f"{len(people) - before:,}  opted out" in done.stdout
    with World(file_in(database.parent)) as world:
        assert len(world.store.lookup(people, TARGETS["list"].scopes)) == len(people)
        assert [len(world.history(one)) for one in people[:3]] == [1, 1, 1]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Five times the rows take no more memory, in and out."""
    peaks = []
    for count in (20_000, 100_000):
        given = tmp_path / f"{count}.csv"
        people = range(2_000_000, 2_000_000 + count)
        given.write_text("phone\n" + "".join(f"+1425{number:07}\n" for number in people), "utf-8")
        database = tmp_path / str(count) / "optout.db"
        coming = _peak(database, "import", given, *LIST, *WHO)
        going = _peak(database, "export", "--all", "--output", tmp_path / "all.csv")
        peaks.append((coming, going))
    small, large = peaks
    assert large[0] < 1.25 * small[0], peaks
    assert large[1] < 1.25 * small[1], peaks


def _peak(database: Path, *arguments: str | Path) -> int:
    """The most memory that a command had, in KiB."""
    script = (
        "import resource, sys; from optout.cli.main import main; code = main(sys.argv[1:]); "
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); "
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **environment(database)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rsplit("peak", 1)[1])
