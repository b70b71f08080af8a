"""What the rules of today would make of what people have written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from optout.cli import main
from optout.domain.enums import Certainty, EvidenceKind, Intent
from optout.domain.model import Decision, Evidence
from optout.language.classify import UNSURE
from tests.support.client import environment
from tests.support.places import file_in
from tests.support.records import evidence
from tests.support.world import write

# As rules of another day would have it: text, intent, certainty.
HISTORY = (
    ("STOP", Intent.STOP, Certainty.CERTAIN),
    ("weekend", Intent.STOP, Certainty.CERTAIN),
    ("please stop texting me", Intent.NONE, None),
    ("please stop texting me", Intent.NONE, None),
    ("please cancel", Intent.STOP, Certainty.CERTAIN),
    (None, Intent.NONE, None),
)


def message(number: int, text: str | None, intent: Intent, certainty: Certainty | None) -> Evidence:
    made = evidence(number, text=text, intent=intent, certainty=certainty)
    return replace(made, rule="old" if certainty else None)


@pytest.fixture(autouse=True)
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that name a store with a history, in which there is more than messages."""
    for name, value in environment(tmp_path / "optout.db").items():
        monkeypatch.setenv(name, value)
    store = file_in(tmp_path).open()
    for number, (text, intent, certainty) in enumerate(HISTORY, start=1):
        write(store, Decision(message(number, text, intent, certainty)))
    write(store, Decision(evidence(7, kind=EvidenceKind.MANUAL, text=None)))
    store.close()


def test_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    """Each message that would be understood otherwise, then how many of each kind."""
    assert main.main(["replay"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "stop (certain, old) → none: 'weekend'",
        *2 * ["none → stop (certain, en:stop+contact): 'please stop texting me'"],
        "stop (certain, old) → stop (probable, en:cancel+courtesy): 'please cancel'",
        "       2  none → stop (certain)",
        "       1  stop (certain) → none",
        "       1  stop (certain) → stop (probable)",
        "4 of 5 messages would change; 1 have had their text forgotten",
    ]


def test_what_only_the_second_reader_finds_is_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Probable as before, but nobody is suppressed by it any more; again, it is none."""
    text = "please cancel"
    item = {"sender": "12345", "text": text, "intent": "stop", "certainty": "probable"}
    file = tmp_path / "items.ndjson"
    file.write_text("\n".join(json.dumps(item | {"rule": rule}) for rule in ("old", UNSURE)))
    assert main.main(["replay", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"stop (probable, {UNSURE}) → stop (probable, en:cancel+courtesy): 'please cancel'",
        "       1  stop (probable, only the second reader) → stop (probable)",
        "1 of 2 messages would change; 0 have had their text forgotten",
    ]


def test_it_changes_nothing(tmp_path: Path) -> None:
    """The history is the same afterwards."""
    before = file_in(tmp_path).open().all_evidence(100, None)
    assert main.main(["replay"]) == 0
    assert file_in(tmp_path).open().all_evidence(100, None) == before


def test_lines_in_and_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Items of a history, from a file; what is no message is skipped. The sums go beside the lines."""
    items = [
        {"sender": "55555", "text": "arret", "intent": "none", "certainty": None},
        {"sender": "12345", "text": "STOP", "intent": "stop", "certainty": "certain", "rule": "x"},
        {"kind": "manual", "sender": "12345", "text": None},
        # Without its + it is the toll-free number all the same, where INFO is no word for help.
        {"sender": "18335550100", "text": "info", "intent": "none", "certainty": None},
    ]
    file = tmp_path / "items.ndjson"
    file.write_text("\n\n".join(map(json.dumps, items)))
    assert main.main(["replay", str(file), "--ndjson"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "sender": "55555",
        "text": "arret",
        "at": None,
        "before": {"intent": "none", "certainty": None, "rule": None},
        "after": {"intent": "stop", "certainty": "certain", "rule": "house:ARRET"},
    }
    assert said.err.splitlines()[-1].startswith("1 of 3 messages would change")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 1: not an object with sender, text, intent and certainty"),
        ("[]", "line 1"),
        ('{"sender": "12345", "text": "STOP", "certainty": null}', "'intent'"),
        ('{"sender": "12345", "text": "STOP", "intent": "halt", "certainty": null}', "halt"),
        ('{"sender": "!", "text": "STOP", "intent": "stop", "certainty": null}', "a sender is a phone"),
        ('{"sender": "12345", "text": 5, "intent": "stop", "certainty": null}', "text is not a string"),
    ],
)
def test_a_line_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, complaint: str
) -> None:
    """The line is named, and what is wrong with it."""
    file = tmp_path / "items.ndjson"
    file.write_text(line)
    assert main.main(["replay", str(file)]) == 2
    assert complaint in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named."""
    assert main.main(["replay", "none.ndjson"]) == 2
    assert "none.ndjson: cannot be read (No such file or directory)" in capsys.readouterr().err
