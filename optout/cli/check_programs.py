"""check-programs: check a program file, and show how long its replies are."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from optout import settings
from optout.cli import Commands
from optout.cli.files import STANDARD
from optout.cli.terminal import Colour, Screen
from optout.domain.errors import ConfigurationError, StoreAway

if TYPE_CHECKING:
    from optout.programs.check import Checked
    from optout.programs.findings import Finding


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "check-programs",
        help="check a program file against the rules of carriers and platforms",
        description="Check a program file as the app does when it starts, and show how each reply "
        "travels. The app does not start with an error; a warning is advice. docs/programs.md "
        "explains every rule. The store of the settings, if there is one, is asked for lists that have "
        "people and no sender.",
        epilog="The exit code is 2 with errors, otherwise 0; with --strict, 1 with warnings alone.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="- for standard input; default: the one that OPTOUT_PROGRAMS names",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON document")
    parser.add_argument("--strict", action="store_true", help="fail on warnings, too")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.domain import segments
    from optout.programs.check import check_file
    from optout.service import now_utc

    path = asked.file or _configured()
    content = sys.stdin.buffer.read() if str(asked.file) == STANDARD else None
    checked = check_file(path, now_utc().date(), content)
    warnings = (
        [*checked.warnings, *_left_lists(path, checked)] if not checked.errors else checked.warnings
    )
    found = [*checked.errors, *warnings]
    if asked.json:
        print(json.dumps([_document(path, finding) for finding in found], indent=2))
    else:
        for text in checked.texts:
            print(f"{text.entry}: {segments.size(text.body)}")
        for finding in found:
            _print(path, finding)
        print(f"{path}: errors: {len(checked.errors)}, warnings: {len(warnings)}")
    if checked.errors:
        return 2
    return 1 if asked.strict and warnings else 0


def _print(path: Path, finding: "Finding") -> None:
    screen = Screen()
    colour = Colour.BAD if finding.severity == "error" else Colour.WARNING
    where = f"{path}:{finding.place.line}:{finding.place.column}: " if finding.place else ""
    screen.line(f"{finding.severity} {finding.rule}: {finding.entry}", colour)
    screen.line(f"    {where}{finding.problem}")
    screen.line(f"    {finding.remedy}")
    screen.line(f"    Source: {finding.source}", Colour.FAINT)


def _document(path: Path, finding: "Finding") -> dict[str, object]:
    line, column = finding.place or (None, None)
    return {
        "file": str(path),
        "line": line,
        "column": column,
        "severity": finding.severity,
        "rule": finding.rule,
        "entry": finding.entry,
        "problem": finding.problem,
        "remedy": finding.remedy,
        "source": finding.source,
    }


def _configured() -> Path:
    settings.adopt_local_settings()
    return settings.load().programs_path


def _left_lists(path: Path, checked: "Checked") -> "list[Finding]":
    """What the store of the settings says about the file; nothing where there is none yet."""
    from optout import service
    from optout.operations.left_lists import lists_without_sender
    from optout.programs.directory import Directory

    try:
        settings.adopt_local_settings()
        configured = settings.load()
        if configured.store != "tables" and not configured.sqlite_path.exists():
            return []
        with closing(service.open_store(configured)) as store:
            return lists_without_sender(Directory.of(path, checked), store)
    except (ConfigurationError, StoreAway) as problem:
        print(f"The store was not asked for lists without a sender: {problem}", file=sys.stderr)
        return []
