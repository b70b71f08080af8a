"""The files that commands write and read: - is standard output or input, and what cannot be opened is
said in a sentence."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from optout import files
from optout.domain.errors import OptoutError

STANDARD = "-"


def add_output(parser: argparse.ArgumentParser) -> None:
    """The options of a command that writes a list: in which format, and where."""
    parser.add_argument("--format", choices=("csv", "ndjson"), default="csv", help="default: csv")
    parser.add_argument(
        "--json",
        action="store_const",
        const="ndjson",
        dest="format",
        help="the same as --format ndjson",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="readable by you alone; default: standard output"
    )


def is_standard(path: Path | None) -> bool:
    """Whether standard input or output is meant."""
    return path is None or str(path) == STANDARD


@contextmanager
def writing(path: Path | None) -> Iterator[TextIO]:
    """A file that only its owner may read, which stands under its name once it is complete; or
    standard output. What is there and no file, a pipe for example, is written to as it is. Raises
    OptoutError."""
    if path is None or is_standard(path):
        yield sys.stdout
        return
    is_other = path.exists() and not path.is_file()
    part = path if is_other else path.with_name(f"{path.name}.part")
    try:
        if not is_other:
            files.create(part)
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not is_other:
            part.replace(path)
    except OSError as problem:
        raise OptoutError(f"{path}: cannot be written ({problem.strerror or problem})") from None
    finally:
        if not is_other:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[TextIO]:
    """The text of a file, or standard input; bytes that are no text are replaced. Raises
    OptoutError."""
    if is_standard(path):
        yield sys.stdin
        return
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield file
    except OSError as problem:
        raise OptoutError(f"{path}: cannot be read ({problem.strerror or problem})") from None
