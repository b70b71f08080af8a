"""The command line, as people and scripts use it."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from optout.cli import main
from optout.domain.enums import NumberType
from optout.programs.directory import Directory
from optout.settings import ROOT
from tests.support.client import environment, free_port
from tests.support.world import World

FIELDS = {"id", "intent", "certainty", "rule", "language", "matched", "review", "weighed"}


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine is set up for, what is tried here has a store of its own, not yet made."""
    for name, value in environment(tmp_path / "optout.db").items():
        monkeypatch.setenv(name, value)


def run(
    *arguments: str, given: bytes = b"", changes: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "optout", *arguments],
        cwd=ROOT,
        env=environment(Path("unused"), **(changes or {})),
        input=given,
        capture_output=True,
        timeout=30,
    )


def test_a_program_file_from_standard_input() -> None:
    """- is standard input for check-programs, too, and is checked like a file."""
    given = (ROOT / "programs.toml").read_bytes()
    right, wrong = (
        run("check-programs", "-", given=each) for each in (given, given + b'\ncolour = "red"\n')
    )
    assert (right.returncode, right.stdout.splitlines()[-1]) == (0, b"-: errors: 0, warnings: 0")
    assert (
        wrong.returncode,
        b"-:%d:1: there is no such field" % (given.count(b"\n") + 2) in wrong.stdout,
    ) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["STOP"], "stop (certain): “STOP”, rule house:STOP, language en"),
        (["Stop!", "--number-type", "short_code"], "stop (certain): “STOP”, rule house:STOP"),
        (["Arrêt", "--number-type", "short_code", "--country", "CA"], "rule house:ARRET, language fr"),
        (
            ["aide", "--number-type", "short_code", "--country", "CA"],
            "help (certain): “AIDE”, rule ca.short",
        ),
        (
            ["aide", "--number-type", "short_code", "--country", "us"],
            "help (certain): “aide”, rule fr:help",
        ),
        (["unstop", "--number-type", "toll_free"], "start (certain): “UNSTOP”, rule toll_free:UNSTOP"),
        (["Stop all", "--number-type", "alphanumeric"], "stop_all (certain): “STOP ALL”, rule "),
        (["STOP", "--country", "FR"], "stop (certain): “STOP”, rule "),
        (["weekend"], "none: no rule takes this for a request"),
        ([""], "none: no rule takes this for a request"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_classify_one_text(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The intent, how certain it is, and the rule that says so."""
    assert main.main(["classify", *arguments]) == 0
    assert expected in capsys.readouterr().out


def test_classify_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without TEXT, the message is what is typed, all lines of it."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("STOP\n\n--\nPat Smith\n"))
    assert main.main(["classify"]) == 0
    assert capsys.readouterr().out == "stop (certain): “STOP”, rule house:STOP, language en\n"


def classify_lines(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, objects printed, and what is said to the person."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    code = main.main(["classify", "--ndjson"])
    printed = capsys.readouterr()
    return code, [json.loads(line) for line in printed.out.splitlines()], printed.err


def test_ndjson_answers_a_line_for_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, for every type of number, with whatever id came; blank lines are no messages."""
    texts = ["STOP", "weekend", "HELP", "stop\u2028all", "\ud83d\ude4f"]
    asked = [
        {"id": f"{kind}-{number}", "text": text, "number_type": kind, "country": "US"}
        for kind in NumberType
        for number, text in enumerate(texts)
    ]
    extra: list[dict[str, Any]] = [
        {"id": 7, "text": "STOP", "country": None},
        {"text": "STOP"},
        {"id": {"a": 1}, "text": "no", "language": "fr"},
    ]
    lines = [json.dumps(each) for each in (*asked, *extra)]
    code, answers, said = classify_lines([*lines[:3], "", *lines[3:]], monkeypatch, capsys)
    assert (code, said) == (0, "")
    assert [answer["id"] for answer in answers] == [
        *(each["id"] for each in asked), 7, None, {"a": 1},
    ]  # fmt: skip
    assert all(answer.keys() == FIELDS for answer in answers)
    assert [answer["intent"] for answer in answers[:5]] == ["stop", "none", "help", "stop_all", "none"]
    assert {(answer["certainty"], answer["intent"] == "none") for answer in answers} == {
        ("certain", False), (None, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        "STOP",
        "[]",
        '"STOP"',
        "{}",
        '{"text": null}',
        '{"text": 7}',
        '{"text": "STOP", "number_type": "pager"}',
        '{"text": "STOP", "number_type": null}',
        '{"text": "STOP", "country": ["US"]}',
    ],
)
def test_a_bad_line_is_named(
    bad: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and the line's number; the lines before it are answered, none after it."""
    lines = ['{"text": "STOP"}', "", bad, '{"text": "START"}']
    code, answers, said = classify_lines(lines, monkeypatch, capsys)
    assert (code, [answer["intent"] for answer in answers]) == (2, ["stop"])
    assert said.startswith("optout: line 3: not an object with at least")


def test_bytes_that_are_no_text_stop_nothing() -> None:
    """A message in a wrong encoding is still a message, and the next line is still read."""
    done = run("classify", "--ndjson", given=b'{"text": "STOP \xff"}\n{"text": "START"}\n')
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["intent"] for line in done.stdout.splitlines()] == ["stop", "start"]


def test_a_reader_that_has_enough_is_no_error_to_complain_of() -> None:
    """As in `… | head -1`: no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "optout", "classify", "--ndjson"],
        cwd=ROOT,
        env=environment(Path("unused")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(b'{"text": "STOP"}\n' * 10)
    assert (process.returncode, said) == (1, b"")


def test_the_demo_shows_every_sender_that_can_receive(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with what was understood, who answered, and what the list says then; and what is hard."""
    assert main.main(["demo"]) == 0
    blocks = capsys.readouterr().out.strip().split("\n\n")
    for sender in Directory.load(ROOT / "programs.toml").senders.values():
        shown = any(f"→ {sender.name} (" in block for block in blocks)
        assert shown is (sender.number_type is not NumberType.ALPHANUMERIC), sender.name
    *messages, verdict, tapped = blocks
    for block in messages:
        lines = [line for line in block.splitlines() if line.startswith("  ")]
        labels = [line.split()[0] for line in lines if not line.startswith("  note")]
        assert labels == ["understood", "answer", "list"], block
    story = "\n".join(blocks)
    for hard in ("en:remove+me: opted_out", "STOP: outdated", "stop (probable)", "(superseded)"):
        assert hard in story
    assert "lift, opted_in" in verdict
    twice = next(block for block in messages if "twice" in block)
    assert twice.count("understood") == 1
    for answered in ("service (printed)", "carrier (by_carrier)", "platform (by_platform)", "nobody"):
        assert f"answer      {answered}" in story
    assert "by link:local: opted_out" in tapped
    assert "contoso-uk: suppressed" in tapped
    assert "NETWORK MSG: You replied with the word STOP" in story


def test_the_demo_says_nothing_else(tmp_path: Path) -> None:
    """No log lines between the messages, whatever the terminal can show."""
    done = run("demo", changes={"PYTHONIOENCODING": "ascii:strict"})
    assert (done.returncode, done.stderr) == (0, b"")


CLEAN = '[[program]]\nname = "Contoso"\nlist = "contoso"\nreach = "list"\n'
WARNED = CLEAN + '[[program.sender]]\nnumber = "+18335550100"\ntype = "toll_free"\n'
REFUSED = WARNED.replace("+18335550100", "+14255550100")


@pytest.mark.parametrize(
    ("text", "options", "code", "rules"),
    [
        (CLEAN, [], 0, []),
        (CLEAN, ["--strict"], 0, []),
        (WARNED, [], 0, ["warning toll_free_unverified:"]),
        (WARNED, ["--strict"], 1, ["warning toll_free_unverified:"]),
        (REFUSED, [], 2, ["error number_type:", "warning toll_free_unverified:"]),
        (REFUSED, ["--strict"], 2, ["error number_type:", "warning toll_free_unverified:"]),
    ],
)
def test_check_programs(
    text: str,
    options: list[str],
    code: int,
    rules: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Errors fail, warnings only when asked; each finding has its entry, remedy and source."""
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    assert main.main(["check-programs", str(path), *options]) == code
    *findings, last = capsys.readouterr().out.splitlines()
    errors, warnings = (sum(rule.startswith(kind) for rule in rules) for kind in ("error", "warning"))
    assert last == f"{path}: errors: {errors}, warnings: {warnings}"
    assert [" ".join(line.split()[:2]) for line in findings[::4]] == rules
    for line in findings[::4]:
        assert line.endswith(
            ': program "Contoso", sender 1 (' + ("+14255550100)", "+18335550100)")[code != 2]
        )
    assert all("Source: " in line for line in findings[3::4])


def test_check_programs_asks_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether people are on a list that has no sender in the file; what is not there is not made."""
    path = tmp_path / "mine.toml"
    path.write_text(CLEAN, "utf-8")
    assert main.main(["check-programs", str(path), "--strict"]) == 0
    assert not (tmp_path / "optout.db").exists()
    with World(tmp_path) as world:
        world.receive("STOP")
    capsys.readouterr()
    assert main.main(["check-programs", str(path), "--strict"]) == 1
    said = capsys.readouterr().out
    assert 'warning list_without_sender: list "contoso-alerts"' in said
    assert 'add formerly = ["contoso-alerts"]' in said
    sender = '[[program.sender]]\nnumber = "12345"\ntype = "short_code"\ncountry = "US"'
    path.write_text(f'{CLEAN}formerly = ["contoso-alerts"]\n{sender}', "utf-8")
    assert main.main(["check-programs", str(path), "--strict"]) == 0


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("OPTOUT_COLOUR", "red", "there is no such setting"), ("OPTOUT_STORE", "", "")],
)
def test_check_programs_without_a_store(
    name: str,
    value: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file alone is checked all the same, and what could not be asked is said."""
    monkeypatch.setenv(name, value)
    if name == "OPTOUT_STORE":
        (tmp_path / "optout.db").write_bytes(b"not a database " * 1000)
        monkeypatch.setenv(name, f"sqlite:{tmp_path / 'optout.db'}")
        reason = "file is not a database"
    path = tmp_path / "mine.toml"
    path.write_text(CLEAN, "utf-8")
    assert main.main(["check-programs", str(path)]) == 0
    assert reason in capsys.readouterr().err


def test_check_programs_takes_the_configured_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file it is the one that the app would start with; each reply is shown as SMS."""
    path = tmp_path / "mine.toml"
    path.write_text(CLEAN + 'replies.help = "Contoso: €5 a text, 0800 800 8000"', "utf-8")
    monkeypatch.setenv("OPTOUT_PROGRAMS", str(path))
    assert main.main(["check-programs"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        'program "Contoso", program.replies.help: GSM-7, 34 characters, 1 segment',
        f"{path}: errors: 0, warnings: 0",
    ]


@pytest.mark.parametrize("content", [None, "[[program"], ids=["missing", "no TOML"])
def test_check_programs_without_a_program_file(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read at all is a bad configuration."""
    path = tmp_path / "mine.toml"
    if content:
        path.write_text(content, "utf-8")
    assert main.main(["check-programs", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"optout: {path}: ")


@pytest.mark.parametrize(
    ("arguments", "explained"),
    [
        ([], ["serve", "demo", "check-programs", "classify", "replay", "examples:"]),
        (["serve"], ["--port", "7071", "loopback", "local.settings.json", "replies are printed"]),
        (["demo"], ["conversation", "programs.toml", "Nothing is sent"]),
        (["check-programs"], ["FILE", "OPTOUT_PROGRAMS", "--strict", "exit code is 2 with errors"]),
        (["classify"], ["TEXT", "standard input", "--number-type", "toll_free", "US", "certainty"]),
    ],
    ids=["optout", "serve", "demo", "check-programs", "classify"],
)
def test_help_explains_itself(
    arguments: list[str], explained: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command does, what it takes, and what is assumed."""
    with pytest.raises(SystemExit) as done:
        main.main([*arguments, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert done.value.code == 0
    assert [each for each in explained if each not in text] == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["serve", "--port", "many"], ["classify", "STOP", "--number-type", "pager"]],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the usage."""
    with pytest.raises(SystemExit) as done:
        main.main(arguments)
    assert done.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: ")
    assert "optout" in said


BAD_PROGRAM = """[[program]]
name = "Contoso"
list = "contoso"

[[program.sender]]
number = "+12345"
type = "short_code"
country = "US"
"""


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"OPTOUT_PROGRAMS": "bad.toml"}, ["bad.toml", "sender 1 (+12345)", 'Write number = "12345"']),
        ({"OPTOUT_PROGRAMS": "none.toml"}, ["none.toml", "Set OPTOUT_PROGRAMS to your program file."]),
        ({"OPTOUT_STORE": "postgres"}, ["OPTOUT_STORE: write sqlite:PATH"]),
        ({"OPTOUT_STORE": "sqlite:bad.toml/x.db"}, ["SQLite at x.db"]),
        ({"OPTOUT_CACHE": "1"}, ["OPTOUT_CACHE: there is no such setting"]),
    ],
    ids=str,
)
def test_serve_refuses_what_cannot_be_right(
    tmp_path: Path, changes: dict[str, str], messages: list[str]
) -> None:
    """Exit code 2 before anything is served, with a message that says what to change."""
    (tmp_path / "bad.toml").write_text(BAD_PROGRAM)
    there = {
        name: value.replace("sqlite:", f"sqlite:{tmp_path}/") if "STORE" in name else value
        for name, value in changes.items()
    }
    if "OPTOUT_PROGRAMS" in there:
        there["OPTOUT_PROGRAMS"] = str(tmp_path / there["OPTOUT_PROGRAMS"])
    given = {"OPTOUT_STORE": f"sqlite:{tmp_path / 'optout.db'}", **there}
    done = run("serve", "--port", str(free_port()), changes=given)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert said.startswith("optout: ")
    assert [each for each in messages if each not in said] == []
    assert "Traceback" not in said
