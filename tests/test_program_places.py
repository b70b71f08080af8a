"""What `check-programs` says to somebody who has the file open: where it is, and what was meant."""

import json
from pathlib import Path

import pytest

from optout.cli.main import main
from optout.domain.errors import ConfigurationError
from optout.programs.check import check_file

PROGRAM = '[[program]]\nname = "Contoso"\nlist = "contoso"\n'
SENDER = '[[program.sender]]\nnumber = "12345"\ntype = "short_code"\ncountry = "US"\n'


def found(folder: Path, text: str) -> list[tuple[str, tuple[int, int] | None, str]]:
    """Each finding: its rule, its line and column, and the remedy."""
    path = folder / "programs.toml"
    path.write_text(text, "utf-8")
    checked = check_file(path)
    return [(each.rule, each.place, each.remedy) for each in (*checked.errors, *checked.warnings)]


@pytest.mark.parametrize(
    ("text", "rule", "place", "remedy"),
    [
        (PROGRAM + 'lsit = "x"\n', "field", (4, 1), "did you mean list?"),
        (PROGRAM + SENDER + '  cuontry = "US"\n', "field", (8, 3), "did you mean country?"),
        (PROGRAM + SENDER.replace("12345", "+12345"), "short_code_form", (4, 1), '"12345"'),
        (
            PROGRAM + '[program.replies]\nstop = "x"\nformerly = ["a"]\n',
            "field", (6, 1), "It is a field of [[program]]: write it there.",
        ),
        (
            PROGRAM + SENDER.replace("[[program.sender]]", "[program.sender]"),
            "field", (4, 1), "[[program.sender]]. There may be several, and each begins so",
        ),
        (PROGRAM.replace("[[program]]", "[program]"), "field", (1, 1), "[[program]]"),
        (PROGRAM + SENDER + SENDER.replace("US", "XX"), "country", (8, 1), "two letters"),
        (2 * PROGRAM + "repliess = 1", "field", (7, 1), "did you mean replies"),
        (PROGRAM + '[program.replies]\nstop = "Stop."\n', "program_not_named", (5, 1), ""),
        ("", "no_programs", None, "Begin a program with [[program]]"),
        ("# nothing yet\n", "no_programs", None, "[[program.sender]]"),
    ],
    ids=[
        "a field", "of a sender", "a number", "in another table", "a bracket", "the outer bracket",
        "the second sender", "the second program", "a reply", "empty", "a comment",
    ],
)  # fmt: skip
def test_where_it_is_and_what_was_meant(
    text: str, rule: str, place: tuple[int, int] | None, remedy: str, tmp_path: Path
) -> None:
    """Line and column of what is written, and the nearest name."""
    (first,) = (each for each in found(tmp_path, text) if each[0] == rule)
    assert first[1] == place
    assert remedy in first[2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PROGRAM.encode("utf-16"), "it is saved as UTF-16, at position 0. Save it as UTF-8"),
        (PROGRAM.encode("utf-16-le"), "it is saved as UTF-16"),
        (
            PROGRAM.replace("Contoso", "Café").encode("latin-1"),
            "not in UTF-8, at line 2 (the byte 0xE9, perhaps “é” in Latin-1 or Windows-1252)",
        ),
        (
            (PROGRAM + 2 * SENDER.replace("[[program.sender]]", "[program.sender]")).encode(),
            "In line 4 write [[program.sender]], with two brackets",
        ),
        ((2 * PROGRAM.replace("[[program]]", "[program]")).encode(), "In line 1 write [[program]]"),
    ],
    ids=["UTF-16", "UTF-16 without its mark", "Latin-1", "brackets", "outer brackets"],
)  # fmt: skip
def test_a_file_that_cannot_be_read(content: bytes, says: str, tmp_path: Path) -> None:
    """In plain words, with what to do."""
    path = tmp_path / "programs.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refusal:
        check_file(path)
    assert says in str(refusal.value)


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    """A file saved on Windows has its findings on the same lines."""
    path = tmp_path / "programs.toml"
    path.write_bytes((PROGRAM + SENDER + "x = 1\n").replace("\n", "\r\n").encode("utf-8-sig"))
    assert check_file(path).errors[0].place == (8, 1)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As editors and terminals take it for a link; and as JSON for whatever else reads it."""
    path = tmp_path / "mine.toml"
    path.write_text(PROGRAM + 'lsit = "x"\n', "utf-8")
    assert main(["check-programs", str(path)]) == 2
    assert f"    {path}:4:1: there is no such field\n" in capsys.readouterr().out
    assert main(["check-programs", str(path), "--json"]) == 2
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["line"], finding["column"], finding["rule"]) == (4, 1, "field")
