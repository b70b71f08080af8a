"""The key for a deployed app: never an argument, which others on the machine can see."""

import argparse
import re
import sys
from getpass import getpass
from pathlib import Path

from optout import settings
from optout.domain.errors import ConfigurationError


def add_key_file(parser: argparse.ArgumentParser, role: str) -> None:
    """Add the option for the file with a key of a role."""
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help=f"with --url: the file with a key of the role {role}; - reads it from standard input. "
        f"Otherwise {settings.KEY} has it, or it is asked for on a terminal",
    )


def key_for(file: str | None, role: str, *, is_local: bool) -> str | None:
    """The key in a file, in the environment, or what somebody at a terminal types; None where there is
    none. An app on this machine wants none. Raises ConfigurationError."""
    if file:
        return _in_file(file)
    _, key = settings.deployed_app()
    if key:
        return _checked(key, settings.KEY, "the variable contains one key and nothing else")
    if is_local or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    typed = getpass(f"Key of the role {role}: ", stream=sys.stderr).strip()
    return _checked(typed, "key", "type one key and nothing else") if typed else None


def _in_file(file: str) -> str:
    try:
        key = (sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")).strip()
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"--key-file {file}: cannot be read ({problem})") from None
    return _checked(key, f"--key-file {file}", "the file contains one key and nothing else")


def _checked(key: str, where: str, must: str) -> str:
    if not re.fullmatch("[!-~]+", key):
        raise ConfigurationError(f"{where}: {must}")
    return key
