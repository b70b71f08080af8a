"""Program files in a few words, and what is said about them."""

from pathlib import Path

import pytest

from optout.domain.errors import ConfigurationError
from optout.programs import guidance
from optout.programs.check import Checked, check_file
from optout.programs.directory import Directory

SHORT_CODE = 'number = "12345"\ntype = "short_code"\ncountry = "US"'
TOLL_FREE = 'number = "+18335550100"\ntype = "toll_free"'
LONG_CODE = 'number = "+14255550100"\ntype = "long_code"'
SENDER_ID = 'number = "Contoso"\ntype = "alphanumeric"'

# A file with one mistake: situation, rule, file, and what is said of entry, problem and remedy.
Mistake = tuple[str, str, str, str, str, str]


def program(*senders: str, name: str = "Contoso", rest: str = "") -> str:
    """A program with some senders."""
    tables = "\n".join(f"[[program.sender]]\n{sender}\n" for sender in senders)
    return f'[[program]]\nname = "{name}"\nlist = "{name.lower()}"\n{rest}\n{tables}'


def load(folder: Path, text: str) -> Directory:
    return Directory.load(written(folder, text))


def check(folder: Path, text: str) -> Checked:
    return check_file(written(folder, text))


def refused(folder: Path, text: str) -> list[str]:
    """The lines with which a file is refused."""
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return str(caught.value).splitlines()


def assert_refused(folder: Path, mistake: Mistake) -> None:
    """The message names the file, the entry, what is wrong, what to do, the rule and its source."""
    _, rule, text, *said = mistake
    *_, finding = refused(folder, text)
    assert finding.startswith(f"{folder / 'programs.toml'}: ")
    for part in said:
        assert part in finding
    assert finding.endswith(f"[{rule}: {guidance.rules()[rule].source}]")


def written(folder: Path, text: str) -> Path:
    path = folder / "programs.toml"
    path.write_text(text, "utf-8")
    return path
