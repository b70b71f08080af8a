"""optout evaluate: how well somebody's own labelled messages are understood."""

import io
import json
import sys
from pathlib import Path

import pytest

from optout.cli import main

LABELLED = [
    {"text": "STOP", "intent": "stop", "language": "en"},
    {"text": "no more texts please", "intent": "stop", "language": "en"},
    {"text": "the zebra has left the building", "intent": "stop", "language": "en"},
    {"text": "STOP ALL", "intent": "stop", "language": "en"},
    {"text": "See you at noon", "intent": "none", "language": "en"},
    {"text": "Stop texting me", "intent": "none", "language": "en"},
    {"text": "START", "intent": "start"},
    {"text": "AIDE", "intent": "help", "country": "CA", "number_type": "short_code", "language": "fr"},
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.ndjson"
    path.write_text("\n".join(map(json.dumps, LABELLED)) + "\n\n", "utf-8-sig")
    return path


def test_the_figures(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By language and intent, with what was missed, what was wrongly taken, and which rules did so."""
    assert main.main(["evaluate", str(labelled), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {(each["language"], each["expected"]): each for each in found["figures"]}
    assert rows.keys() == {("en", "stop"), ("en", "none"), ("-", "start"), ("fr", "help")}
    asked = rows["en", "stop"]
    assert (asked["messages"], asked["right"], asked["certain"]) == (4, 3, 3)
    others = rows["en", "none"]
    assert (others["messages"], others["right"], others["certainly_wrong"]) == (2, 1, 1)
    assert rows["fr", "help"]["right"] == 1
    assert [each["text"] for each in found["mistakes"]] == [
        "the zebra has left the building",
        "Stop texting me",
    ]
    wrong = [each["rule"] for each in found["rules"] if each["wrong"]]
    assert wrong == [found["mistakes"][1]["rule"]]


def test_for_people(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, then the mistakes, as many as are asked for."""
    assert main.main(["evaluate", str(labelled)]) == 0
    shown = capsys.readouterr().out
    assert "75.0%" in shown
    assert "Missed: 1\n  en        none: the zebra has left the building" in shown
    assert "Wrongly understood: 1\n" in shown
    assert main.main(["evaluate", str(labelled), "--show", "0"]) == 0
    assert "zebra" not in capsys.readouterr().out


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(LABELLED[0])))
    assert main.main(["evaluate", "-"]) == 0
    assert "100.0%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "no messages. A line is: "),
        ('{"text": "STOP"}', 'line 1: not a labelled message (there is no "intent"). A line is: '),
        (
            '\n{"text": "STOP", "intent": "halt"}',
            'line 2: not a labelled message (there is no intent "halt"; there are',
        ),
        ('{"text": "STOP", "intent": "stpo"}', '"stpo" (did you mean stop?)'),
        ('{"text": "STOP", "intent": ["stop"]}', 'there is no intent ["stop"]'),
        ("[1]", "line 1: not a labelled message"),
        ("stop\tSTOP", "line 1: not a labelled message (not JSON, at column 1)"),
    ],
)
def test_what_is_no_labelled_message(
    lines: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line and what one looks like."""
    path = tmp_path / "labelled.ndjson"
    path.write_text(lines, "utf-8")
    assert main.main(["evaluate", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["evaluate", "missing.ndjson"]) == 2
    assert "missing.ndjson: cannot be read" in capsys.readouterr().err
