"""check-programs: check a program file, and show how long its replies are."""

import argparse
from pathlib import Path

from optout import settings
from optout.cli import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "check-programs",
        help="check a program file against the rules of carriers and platforms",
        description="Check a program file as the app does when it starts, and show how each reply "
        "travels. The app does not start with an error; a warning is advice. docs/programs.md "
        "explains every rule.",
        epilog="The exit code is 2 with errors, otherwise 0; with --strict, 1 with warnings alone.",
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: the one that OPTOUT_PROGRAMS names"
    )
    parser.add_argument("--strict", action="store_true", help="fail on warnings, too")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.domain import segments
    from optout.programs.check import check_file

    path = asked.file or _configured()
    checked = check_file(path)
    for text in checked.texts:
        print(f"{text.entry}: {segments.size(text.body)}")
    for finding in (*checked.errors, *checked.warnings):
        print(
            f"{finding.severity} {finding.rule}: {finding.entry}\n"
            f"    {finding.problem}\n"
            f"    {finding.remedy}\n"
            f"    Source: {finding.source}"
        )
    print(f"{path}: errors: {len(checked.errors)}, warnings: {len(checked.warnings)}")
    if checked.errors:
        return 2
    return 1 if asked.strict and checked.warnings else 0


def _configured() -> Path:
    settings.adopt_local_settings()
    return settings.load().programs_path
