"""Commands about one person: here, of a running app and of a deployed one; and what they show."""

import csv
import io
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.cli import main as command_line
from optout.cli.terminal import Colour, Screen, width
from optout.domain.text import in_one_line
from tests.support.client import App, environment
from tests.support.front import asking_for_keys
from tests.support.payloads import sms_event

PERSON = "+14255550123"
WHO = ("--actor", "ann", "--reason", "a letter")
KEY = secrets.token_urlsafe()
SUPPORT = ("suppression_status", "history", "check_suppressions", "opt_out", "opt_in")


class Command:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit code, output, and what was complained of."""
        self._capsys.readouterr()
        try:
            code = command_line.main([*map(str, arguments)])
        except SystemExit as end:
            code = int(str(end.code))
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def optout(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.fixture(params=["here", "over HTTP", "with a key"])
def asked(
    request: pytest.FixtureRequest, app: App, local_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, ...]]:
    """The options by which the same list is asked."""
    app.get("health")
    if request.param == "here":
        yield ()
    elif request.param == "over HTTP":
        yield ("--url", f"http://127.0.0.1:{local_port}")
    else:
        with asking_for_keys(local_port, {KEY: SUPPORT}) as port:
            monkeypatch.setenv("OPTOUT_URL", f"http://localhost:{port}")
            monkeypatch.setenv("OPTOUT_KEY", KEY)
            yield ()


def test_one_person(optout: Command, app: App, asked: tuple[str, ...]) -> None:
    """Out by hand, looked up, checked, in again: the same wherever the list is asked."""
    assert optout("check", "12345", PERSON, *asked)[0] == 0
    code, said, _ = optout("opt-out", "(425) 555-0123", "--sender", "12345", *WHO, *asked)
    assert (code, said.splitlines()[0]) == (0, f"{PERSON}, 12345: opted_out")
    code, said, _ = optout("check", "12345", PERSON, "+14255550124", "nobody", *asked)
    assert code == 1
    states = [line.split("\t")[:2] for line in said.splitlines()]
    assert states == [
        [PERSON, "suppressed"],
        ["+14255550124", "may be texted"],
        ["nobody", "suppressed"],
    ]
    code, said, _ = optout("status", "425 555 0123", *asked)
    assert code == 0
    assert f"{PERSON} (+1 425 555 0123, US)\n" in said
    assert "contoso-alerts\t12345 (Contoso Alerts)\tsuppressed\t" in said
    assert "contoso-promo\t54321 (Contoso Promo)\tmay be texted\t\tnothing is on record" in said
    assert optout("opt-in", PERSON, "--sender", "12345", *WHO, *asked)[0] == 0
    code, said, _ = optout("history", PERSON, *asked)
    assert (code, said.count("by          ann: a letter")) == (0, 2)
    assert app.check("12345", PERSON)["suppressed"] is False


def test_json_is_what_the_operation_answers(optout: Command, app: App, asked: tuple[str, ...]) -> None:
    """Nothing is computed twice: the document is the app's own."""
    app.deliver(sms_event("STOP"))
    told = json.loads(optout("status", PERSON, "--json", *asked)[1])
    assert told == app.post("suppressions/status", {"recipient": PERSON}).json()
    told = json.loads(optout("history", PERSON, "--json", *asked)[1])
    assert told["items"] == app.history(PERSON)
    told = json.loads(optout("check", "12345", PERSON, "--json", *asked)[1])
    assert told == {**app.check("12345", PERSON), "index": 0}
    changed = json.loads(optout("opt-out", PERSON, "--everything", *WHO, "--json", *asked)[1])
    assert (changed["effect"], changed["everything"]) == ("opted_out", True)


def test_the_same_change_twice(optout: Command, app: App, asked: tuple[str, ...]) -> None:
    """With its key a repeated change is the same; another one under it is refused."""
    given = ("opt-out", PERSON, "--list", "contoso-alerts", "--idempotency-key", "k", *asked)
    assert optout(*given, *WHO)[0] == 0
    assert "done before, under the same key" in optout(*given, *WHO)[1]
    assert len(app.history(PERSON)) == 1
    assert optout(*given, "--actor", "bob", "--reason", "x")[0] == 2


def test_a_block_that_no_desk_lifts(optout: Command, app: App, asked: tuple[str, ...]) -> None:
    """What the person must text is said, and the exit code says that it did not work."""
    app.deliver(sms_event("STOP", to="+18335550100"))
    code, said, _ = optout("opt-in", PERSON, "--sender", "+18335550100", *WHO, *asked)
    assert code == 1
    assert "text START or UNSTOP to +18335550100" in said


DESK = "--actor ann --reason letter"
REFUSED = {
    "status 123": "recipient: not a phone number",
    f"check 1234 {PERSON}": "no program names the sender 1234; did you mean 12345? If it is right all "
    "the same, add --allow-unconfigured",
    "links people.csv --sender 1234": "did you mean 12345? If it is right all the same, add --allow",
    "import x.csv --sender 1234 --actor a": "If it is right all the same, add --allow-unconfigured",
    "export --sender 1234": "If it is right all the same, add --allow-unconfigured",
    f"opt-out {PERSON} --list contoso-alrts {DESK}": "'contoso-alrts' (did you mean contoso-alerts?)",
    "export --list contoso-prom": "did you mean contoso-promo or",
    f"opt-out {PERSON} --everything {DESK} --at yesterday": "'yesterday' is not a time; write it as 20",
    f"opt-out {PERSON} --everything {DESK} --at 2999-01-01": "at: is in the future",
    f"opt-out {PERSON} --everything {DESK} --at 0001-01-01T00:00+23:59": "is not a time",
    "import x --everything --actor a --at yesterday": "'yesterday' is not a time",
    f"statsu {PERSON}": "there is no 'statsu' (did you mean status?)",
    f"status {PERSON} --jsn": "not understood: --jsn (did you mean --json?)",
    f"history {PERSON} --format htm": "there is no 'htm' (did you mean html?)",
    f"history {PERSON} --limit 0": "is not a number of entries",
    f"status {PERSON} --url http://contoso.example": "--url: write https://",
    f"status {PERSON} --key-file x": "--key-file is for the app that --url names",
    "text 12345 STOP --url https://contoso.example": "text is for an app on this machine",
    "text 12345": "write what the person texts",
    "text 12345 STOP --late soon": "'soon' is not a duration; write 90s, 10m, 2h or 3d",
    "text 12345 STOP --url http://localhost:9": "nothing answers at http://localhost:9: start the app",
    "import - --everything --actor a --encoding utf9": "there is no encoding 'utf9'",
    "import nowhere.csv --everything --actor a": "nowhere.csv: No such file",
    "import / --everything --actor a": "/: Is a directory",
    "export --everything --output /nowhere/a.csv": "/nowhere/a.csv: cannot be written (No such file",
    f"history {PERSON} --output /": "/: cannot be written",
    "replay nowhere.ndjson": "nowhere.ndjson: cannot be read (No such file",
    "check-programs /": "/: cannot be read (Is a directory)",
    "backup /nowhere/a.db": "/nowhere/a.db",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused(optout: Command, app: App, line: str) -> None:
    """Exit code 2 and a sentence that says what to do, with the name that was most likely meant."""
    app.get("health")
    code, out, err = optout(*line.split())
    assert (code, out) == (2, "")
    assert REFUSED[line] in err
    assert "Traceback" not in err


def test_no_list_is_not_an_empty_list(
    optout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a wrong folder everybody would seem to be free: it is refused, and no file is made."""
    for name, value in environment(tmp_path / "none.db").items():
        monkeypatch.setenv(name, value)
    for command in (("check", "12345", PERSON), ("opt-out", PERSON, "--everything", *WHO)):
        code, out, err = optout(*command)
        assert (code, out) == (2, "")
        assert f"there is no list yet: {tmp_path / 'none.db'} is not there" in err
    assert not (tmp_path / "none.db").exists()


def test_a_key_that_opens_nothing(optout: Command, app: App, local_port: int, tmp_path: Path) -> None:
    """It is said which role is needed; the key itself is nowhere."""
    (tmp_path / "a.key").write_text(f"{KEY}\n")
    with asking_for_keys(local_port, {KEY: ("history",)}) as port:
        given = ("--url", f"http://localhost:{port}", "--key-file", tmp_path / "a.key")
        assert optout("history", PERSON, *given)[0] == 0
        code, out, err = optout("status", PERSON, *given)
    assert (code, out) == (2, "")
    assert "refuses the key, or there is none: role support" in err
    assert KEY not in err


def test_a_locked_database(
    optout: Command, app: App, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes and does not end: a sentence, and exit code 2."""
    app.get("health")
    monkeypatch.setattr("optout.store.sqlite.file.BUSY_SECONDS", 0.01)
    locking = sqlite3.connect(database, isolation_level=None)
    locking.execute("BEGIN EXCLUSIVE")
    code, _, err = optout("opt-out", PERSON, "--everything", *WHO)
    locking.close()
    assert code == 2
    assert "database is locked" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [("opted_out", "certain")]),
        (["--twice"], [("opted_out", "certain")]),
        (["--late", "2h"], [("opted_out", "certain")]),
        (["--undated"], [("opted_out", "certain")]),
        (["--ahead", "3d"], [("opted_out", "certain")]),
        (["--cloud-events"], [("opted_out", "certain")]),
        (["--report", "delivered"], [("opted_out", "certain")]),
        (["--report", "blocked"], [("opted_out", "certain"), ("confirmed", "certain")]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)  # fmt: skip
def test_a_stop_however_it_comes(
    optout: Command, app: App, local_port: int, options: list[str], expected: list[tuple[str, str]]
) -> None:
    """Late, twice, without a time, in either schema: it is recorded once, and the person is out."""
    url = ("--url", f"http://localhost:{local_port}")
    code, said, err = optout("text", "12345", "STOP", *options, *url)
    assert (code, err) == (0, "")
    assert "contoso-alerts: suppressed" in said
    history = app.history(PERSON)
    assert [(each["effect"], each["certainty"]) for each in reversed(history)] == expected
    if options == ["--report", "delivered"]:
        assert history[0]["reply"]["delivery"]["delivered"] is True
    if options == ["--twice"]:
        assert "delivered twice, recorded once" in said


def test_a_late_stop_and_a_mistyped_sender(optout: Command, app: App, local_port: int) -> None:
    """What came before a START changes nothing; a sender of no program is asked about."""
    url = ("--url", f"http://localhost:{local_port}", "--from", "425 555 0123")
    assert optout("text", "12345", "START", *url)[0] == 0
    assert "outdated" in optout("text", "12345", "STOP", "--late", *url)[1]
    assert app.check("12345", PERSON)["suppressed"] is False
    assert "(did you mean 12345?)" in optout("text", "12354", "STOP", *url)[1]
    # The app is in this process, and prints the reply as well.
    said = optout("text", "12345", "HELP", "--json", *url)[1]
    told = json.loads(said[said.index("{") :])
    assert [each["intent"] for each in told["items"]] == ["help"]


HOSTILE = "STOP \x1b[2J\x1b]0;owned\x07 \u202eevil\n<script>alert(1)</script>"


def test_a_hostile_text(optout: Command, app: App, tmp_path: Path) -> None:
    """It steers no terminal, runs in no page, and is whole in the evidence."""
    app.deliver(sms_event(HOSTILE))
    for arguments in (("history", PERSON), ("history", PERSON, "--format", "html")):
        said = optout(*arguments)[1]
        assert not {"\x1b", "\x07", "\u202e"} & set(said)
        assert "<script>" not in said or "--format" not in arguments
    assert json.loads(optout("history", PERSON, "--json")[1])["items"][0]["text"] == HOSTILE
    code, out, _ = optout("history", PERSON, "--format", "csv", "--output", tmp_path / "a.csv")
    assert (code, out) == (0, "")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8")))
    assert (row["recipient"], row["text"]) == (PERSON, HOSTILE)
    assert (tmp_path / "a.csv").stat().st_mode & 0o077 == 0
    assert in_one_line("a\tb\u2028c\u00ad\ud800 👩‍👧") == "a b\\u2028c\\xad\\ud800 👩‍👧"


def test_all_of_a_long_history(optout: Command, app: App) -> None:
    """A page is as long as the operation gives; a file has all of them, a screen the newest."""
    app.deliver(*(sms_event(f"hello {number}") for number in range(60)))
    assert len(json.loads(optout("history", PERSON, "--json")[1])["items"]) == 60
    said = optout("history", PERSON)[1]
    assert said.count("said  ") == 50
    assert optout("history", PERSON, "--limit", "2")[1].count("said  ") == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("file", "variables", "has_colour"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour(
    file: io.StringIO,
    variables: dict[str, str],
    has_colour: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a terminal, unless somebody said NO_COLOR; never in a pipe."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in Screen(file).painted("a", Colour.BAD)) is has_colour


def test_columns() -> None:
    """Aligned on a terminal, by what is seen; a tab in a pipe."""
    rows = [("a", "b"), ("日本", "c"), ("é" * 3, "d")]
    on_screen, piped = Terminal(), io.StringIO()
    Screen(on_screen).table(rows)
    Screen(piped).table(rows)
    lines = zip(on_screen.getvalue().splitlines(), "bcd", strict=True)
    starts = {width(line[: line.index(last)]) for line, last in lines}
    assert starts == {6}
    assert piped.getvalue().splitlines()[1] == "日本\tc"


COMPLETED = {
    "sta": "status",
    "check 12": "12345",
    "export --list contoso-p": "contoso-promo",
    "status --js": "--json",
}


@pytest.mark.parametrize("words", COMPLETED)
def test_completion(words: str, app: App, tmp_path: Path) -> None:
    """The shell is answered with commands, options, and what the program file has."""
    app.get("health")
    answers = tmp_path / "answers"
    line = f"optout {words}"
    done = subprocess.run(
        [sys.executable, "-m", "optout"],
        env={
            **os.environ, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line,
            "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        },
        capture_output=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0
    assert COMPLETED[words] in answers.read_text().split()


def test_the_shell_is_told_how(optout: Command) -> None:
    """Each shell gets a text that names the command."""
    for shell in ("bash", "zsh", "fish", "powershell"):
        code, said, _ = optout("completion", shell)
        assert code == 0
        assert "optout" in said
