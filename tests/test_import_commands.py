"""Import and export as commands, from file to file."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.decisions.target import Target
from optout.settings import ROOT
from tests.support.client import environment
from tests.support.command import in_process
from tests.support.places import file_in
from tests.support.world import PERSON, World


def command(where: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """In this process; the tests of memory and of SIGKILL have one of their own."""
    return in_process([*map(str, arguments)], environment(where))


JANUARY = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
LIST = ("--list", "contoso-alerts")
LIST_SCOPES = Target(list="contoso-alerts").scopes
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


AMERICAN = "".join(
    f"{area}{number}\n" for area in (212, 310, 425) for number in range(5550100, 5550131)
)
BRITISH = "".join(f"0161 496 0{number}\n" for number in range(100, 193))
WITH_CODES = "".join(f"+1425{number}\n" for number in range(5550100, 5550107))


@pytest.mark.parametrize(
    ("target", "rows", "share", "says"),
    [
        (("--everything",), AMERICAN + WITH_CODES, "93 %", "say --country US"),
        (("--list", "contoso-uk"), AMERICAN + WITH_CODES, "93 %", "say --country US"),
        (LIST, BRITISH + WITH_CODES, "93 %", "say --country GB"),
        (LIST, "20 12 34 56\n", "100 %", "say --country and its two letters"),
    ],
    ids=["everything", "another country", "from abroad", "nobody's"],
)  # fmt: skip
def test_a_list_without_country_codes(
    database: Path, tmp_path: Path, target: tuple[str, ...], rows: str, share: str, says: str
) -> None:
    """It stops before anything is recorded, and says what to say."""
    given = tmp_path / "list.csv"
    given.write_text(f"phone\n{rows}", "utf-8")
    done = command(database, "import", given, *target, *WHO)
    assert (done.returncode, done.stdout) == (2, "")
    expected = f"{share} of the rows have no country code: {says}; nothing was recorded"
    assert expected in done.stderr
    with World(file_in(database.parent)) as world:
        assert world.store.all_evidence(10, None) == ()


@pytest.mark.parametrize(
    ("target", "rows", "people"),
    [
        (LIST, AMERICAN, "+12125550100"),
        (("--sender", "12345"), AMERICAN, "+12125550100"),
        (("--list", "contoso-uk"), BRITISH, "+441614960100"),
        (("--everything", "--country", "US"), AMERICAN, "+12125550100"),
        (("--list", "contoso-uk"), "07700 900100\n" * 93, "+447700900100"),
    ],
)
def test_a_list_of_the_countries_that_are_meant(
    database: Path, tmp_path: Path, target: tuple[str, ...], rows: str, people: str
) -> None:
    """Nothing has to be said where the list or the sender says it, or where a country is named."""
    given = tmp_path / "list.csv"
    given.write_text(f"phone\n{rows}", "utf-8")
    done = command(database, "import", given, *target, *WHO)
    assert done.returncode == 0
    with World(file_in(database.parent)) as world:
        found = {item.recipient for item in world.store.all_evidence(200, None)}
    assert len(found) == len(set(rows.splitlines()))
    assert min(found) == people


def test_a_sender_of_no_program(database: Path, tmp_path: Path) -> None:
    """In and out where somebody says that it is meant; no country goes without saying then."""
    given = tmp_path / "list.csv"
    given.write_text("phone\n+14255550123\n+14255550124\n4255550125\n", "utf-8")
    sender = ("--sender", "99999", "--allow-unconfigured")
    assert "2  opted out" in command(database, "import", given, *sender, *WHO).stdout
    assert "a phone number without its country code" in (tmp_path / "list.csv.refused.csv").read_text(
        "utf-8"
    )
    assert command(database, "export", *sender).stdout.count("+1425") == 2


def test_one_row_without_a_country_code(database: Path, tmp_path: Path) -> None:
    """It is refused by itself, and its reason says what to write."""
    given = tmp_path / "list.csv"
    given.write_text(f"phone\n2072345678\n{WITH_CODES}", "utf-8")
    assert command(database, "import", given, "--everything", *WHO).returncode == 1
    refused = (tmp_path / "list.csv.refused.csv").read_text("utf-8")
    assert "write it with + and the country code; did you mean +1 207 234 5678 or +44 20" in refused


def test_opt_ins_of_a_file_are_of_times_that_are_over(database: Path, tmp_path: Path) -> None:
    """The file's own time dates none and a STOP since then stands; `--at` does; one of the future is
    refused. Without --opt-ins they are left out, whatever their times."""
    given = tmp_path / "list.csv"
    given.write_text(
        f"phone,date,status\n{PERSON},,in\n+14255550124,2199-01-01,in\n"
        "+14255550125,2024-07-01,in\n+14255550126,,out\n",
        "utf-8",
    )
    with World(file_in(database.parent)) as world:
        world.receive("STOP", at=datetime.now(UTC) - timedelta(hours=1))
    left_out = command(database, "import", given, *LIST, *WHO, "--dry-run")
    assert "3  opt-ins, left out without --opt-ins" in left_out.stdout
    done = command(database, "import", given, *LIST, *WHO, "--opt-ins")
    assert done.returncode == 1
    assert "1  opted out\n         1  opted in\n         2  refused" in done.stdout
    refused = (tmp_path / "list.csv.refused.csv").read_text("utf-8").splitlines()
    assert "without a time" in refused[1]
    assert "--at" in refused[1]
    assert "still to come" in refused[2]
    dated = command(database, "import", given, *LIST, *WHO, "--opt-ins", "--at", "2024-07-01")
    assert "1  already so\n         1  older than what is known" in dated.stdout
    with World(file_in(database.parent)) as world:
        assert world.check().suppressed
        assert [item.counts for item in world.store.journal(10, None).items if item.counts] == [
            {"opted_out": 1, "opted_in": 1}
        ]


def test_a_dry_run_of_a_long_file(database: Path, tmp_path: Path) -> None:
    """Several batches, in which the same people come again: what it says would be is what is."""
    given = tmp_path / "list.csv"
    rows = [
        f"+1425555{number * 7 % 11:04},2024-07-{1 + number * 5 % 28:02},{'in' if number % 3 else 'out'}"
        for number in range(60)
    ]
    rows += rows[:40]
    given.write_text("phone,date,status\n" + "\n".join(rows), "utf-8")
    said = [
        _in_batches_of(7, database, "import", given, *LIST, *WHO, "--opt-ins", *dry)
        for dry in (("--dry-run",), (), ("--dry-run",), ())
    ]
    assert [each.replace("would be ", "") for each in said[::2]] == said[1::2]
    assert len(said[0].splitlines()) == 5
    assert said[3].splitlines() == [f"{len(rows):>10,}  recorded by an earlier run"]


def _in_batches_of(rows: int, database: Path, *arguments: str | Path) -> str:
    """What a command prints that reads so many rows at once."""
    script = (
        "import sys; from optout.cli import import_; from optout.cli.main import main; "
        f"import_.BATCH = {rows}; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **environment(database)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


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
        (("import", ROOT / "README.md", *LIST, *WHO, "--country", "UK"), "'UK' is not a country"),
        (("import", ROOT / "README.md", *LIST, *WHO, "--time-zone", "Mars"), "Mars"),
        (("import", ROOT / "README.md", *WHO), "one of the arguments --list --sender --everything"),
        (("export", "--list", "nothing"), "there is no list 'nothing'"),
        (("export", "--sender", "not a sender!"), "a sender is"),
        (("export", "--sender", "12354"), "no program names the sender 12354; did you mean 12345?"),
        (("import", ROOT / "README.md", "--sender", "contosso", *WHO), "did you mean CONTOSO?"),
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


IN_SMALL_BATCHES = (
    "import sys; from optout.cli import import_; from optout.cli.main import main; "
    "import_.BATCH = 4_000; sys.exit(main(sys.argv[1:]))"
)


def test_killed_and_run_again(database: Path, tmp_path: Path) -> None:
    """A kill in the middle loses what was not yet written; the next run completes it, and no row is
    there twice."""
    given = tmp_path / "many.csv"
    people = [f"+1425{number:07}" for number in range(2_000_000, 2_040_000)]
    given.write_text("phone,date\n" + "".join(f"{one},2024-07-01\n" for one in people), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SMALL_BATCHES, "import", given, *LIST, *WHO],
        cwd=ROOT, env={**os.environ, **environment(database)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with World(file_in(database.parent)) as world:
        while process.poll() is None and not world.store.was_ever_out(LIST_SCOPES[0]):
            time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with World(file_in(database.parent)) as world:
        before = len(world.store.lookup(people, LIST_SCOPES))
    assert 0 < before < len(people)
    done = command(database, "import", given, *LIST, *WHO)
    assert f"{len(people) - before:,}  opted out" in done.stdout
    with World(file_in(database.parent)) as world:
        assert len(world.store.lookup(people, LIST_SCOPES)) == len(people)
        assert [len(world.history(one)) for one in people[:3]] == [1, 1, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the memory of a process")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the rows, in batches of 4,000, take no more memory: tried, in and out."""
    peaks = []
    for count in (4_000, 40_000):
        given = tmp_path / f"{count}.csv"
        people = range(2_000_000, 2_000_000 + count)
        given.write_text("phone\n" + "".join(f"+1425{number:07}\n" for number in people), "utf-8")
        database = tmp_path / str(count) / "optout.db"
        tried = _peak(database, "import", given, *LIST, *WHO, "--dry-run")
        coming = _peak(database, "import", given, *LIST, *WHO)
        going = _peak(database, "export", "--all", "--output", tmp_path / "all.csv")
        peaks.append((tried, coming, going))
    for small, large in zip(*peaks, strict=True):
        assert large < 1.25 * small, peaks


def _peak(database: Path, *arguments: str | Path) -> int:
    """The most memory that a command had, in KiB, without what forked it, which getrusage counts."""
    script = (
        "import sys; from optout.cli import import_; from optout.cli.main import main; "
        "import_.BATCH = 4_000; code = main(sys.argv[1:]); "
        "lines = open('/proc/self/status').read().splitlines(); "
        "(peak,) = [line.split()[1] for line in lines if line.startswith('VmHWM')]; "
        "print('peak', peak, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, **environment(database)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rsplit("peak", 1)[1])
