"""The package as somebody installs it: a wheel in a fresh environment, away from the project, with what
it declares and nothing else. Nothing is fetched: the packages are those of the tests."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from optout.cli.main import command_parser
from optout.settings import ROOT
from tests.support.client import environment, free_port
from tests.test_docs import README, blocks
from tests.test_pins import wanted

# requirements.txt and nothing else.
DEPLOYED = Path(sys.prefix) / "deployed"
COMMANDS = (ROOT / "docs/commands.md").read_text("utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the command `optout`."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    built = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    subprocess.run([*pip, "wheel", *map(str, built), "."], cwd=ROOT, check=True, timeout=100)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv/bin/python"
    subprocess.run(
        [*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True, timeout=100
    )
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "requirements.pth").write_text(f"{DEPLOYED}\n")
    return folder / "venv/bin"


def run(
    command: list[str], installed: Path, folder: Path, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """A command in an empty folder, with nothing of this project in reach."""
    path = f"{installed}:{os.environ['PATH']}"
    given = {**environment(Path("unused")), "OPTOUT_STORE": "", "PATH": path, **changes}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=60)


def test_every_command_of_the_readme_runs(installed: Path, tmp_path: Path) -> None:
    """One after the other, in an empty folder."""
    (shown,) = (text for kind, text in blocks(README) if kind == "sh" and text.startswith("optout"))
    for line in shown.splitlines():
        done = run(shlex.split(line), installed, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
    assert list(tmp_path.iterdir()) == []


def test_a_stop_is_answered_on_the_screen(installed: Path, tmp_path: Path) -> None:
    """Serve in one terminal, text in the other, as the README shows it; the list is in that folder."""
    port = free_port()
    url = f"http://localhost:{port}"
    path = f"{installed}:{os.environ['PATH']}"
    given = {**environment(Path("unused")), "OPTOUT_STORE": "", "PATH": path}
    with subprocess.Popen(
        ["optout", "serve", "--port", str(port)], cwd=tmp_path, env=given, text=True,
        stdout=subprocess.PIPE,
    ) as serving:  # fmt: skip
        try:
            assert serving.stdout is not None
            banner = "".join(iter(serving.stdout.readline, "Ctrl-C stops it.\n"))
            assert "programs: Contoso's example, as no programs.toml is here" in banner
            text = next(text for _, text in blocks(README) if text.startswith("$ .venv/bin/optout"))
            line, answer = text.removeprefix("$ .venv/bin/").split("\n", 1)
            done = run([*shlex.split(line), "--url", url], installed, tmp_path)
            assert done.stdout == answer
            assert serving.stdout.readline().startswith(
                "SMS from 12345 to +14*******23: Contoso Alerts"
            )
            done = run(["optout", "status", "+14255550123"], installed, tmp_path)
            assert "suppressed" in done.stdout
        finally:
            serving.terminate()
    assert (tmp_path / ".data/optout.db").exists()


def test_lists_and_the_doctor(installed: Path, tmp_path: Path) -> None:
    """What docs/lists.md begins with, the links of docs/commands.md, and the doctor: in an empty folder
    but for a list."""
    (tmp_path / "optouts.csv").write_text("phone\n+14255550123\n", "utf-8")
    (tmp_path / "people.csv").write_text("phone\n+447700900123\n", "utf-8")
    lists = next(text for kind, text in blocks((ROOT / "docs/lists.md").read_text("utf-8")))
    (links,) = re.findall(r"^optout links .*--output .*$", COMMANDS, re.MULTILINE)
    lines = [line.removeprefix("python -m ") for line in lists.splitlines()]
    for line in (*lines, links, "optout doctor", "optout status +14255550123 --json"):
        done = run(shlex.split(line), installed, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
    assert "+14255550123,20" in (tmp_path / "contoso.csv").read_text("utf-8")
    assert "/o/" in (tmp_path / "links.csv").read_text("utf-8")


def test_it_has_everything(installed: Path) -> None:
    """Pages, styles and data, too: whatever of the package is in the project."""
    (package,) = installed.parent.glob("lib/python*/site-packages/optout")
    files = {
        each.relative_to(ROOT / "optout") for each in (ROOT / "optout").rglob("*") if each.is_file()
    }
    missing = {
        str(each) for each in files if "__pycache__" not in each.parts and not (package / each).exists()
    }
    assert missing == set()
    assert (package / "http/link_page").is_dir()


def test_it_declares_what_it_needs(installed: Path) -> None:
    """What the app needs, and what the command needs besides, at the versions of the tests."""
    (metadata,) = installed.parent.glob("lib/python*/site-packages/optout-*/METADATA")
    declared = re.findall(
        r"^Requires-Dist: ([\w.-]+==[\w.]+)", metadata.read_text("utf-8"), re.MULTILINE
    )
    lists = (*wanted("requirements"), *wanted("requirements-command"))
    assert {each.lower().replace("_", "-") for each in declared} == {
        f"{each.name}{each.specifier}".lower().replace("_", "-") for each in lists
    }


def test_without_its_packages_it_says_what_to_do(tmp_path: Path) -> None:
    """`python -m optout` of another Python: a sentence, and no traceback."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = subprocess.run(
        [tmp_path / "bare/bin/python", "-m", "optout", "demo"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"optout: this Python has no package '\w+' \(.*bare", done.stderr)
    assert "`make setup`" in done.stderr


def test_every_command_is_documented() -> None:
    """docs/commands.md has a row for each command and for no other, and what it shows is understood."""
    parser = command_parser()
    assert re.findall(r"^\| `([\w-]+)` \| \S", COMMANDS, re.MULTILINE)[: len(parser.commands)] == list(
        parser.commands
    )
    for kind, text in blocks(COMMANDS):
        for line in re.findall(r"^optout (.*)$", text, re.MULTILINE) if kind == "text" else ():
            parser.parse_args(shlex.split(re.split(r" [<>]", line)[0], comments=True))
    options = set(re.findall(r"`(--[a-z-]+)", COMMANDS))
    known = {name for each in (parser, *parser.commands.values()) for name in each.options}
    assert options - known == {"--from"} - known
