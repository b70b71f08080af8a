"""doctor: check whether a configuration can work, here or in a deployed app."""

import argparse
import logging
import re
import sys
from pathlib import Path

from optout import settings
from optout.cli import Commands
from optout.domain.errors import ConfigurationError


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check the configuration, and say what is wrong and what to do",
        description="Check the configuration of the environment, then of local.settings.json: "
        "settings, program file, identity, store, ACS, topic and queue, one line each: ok, warning or "
        "wrong. Nobody is texted, nothing is published and nothing is queued. The store is opened as "
        "the app opens it, which creates it if there is none; a test row is written and removed. With "
        "--url a deployed app does the same with its own settings and its own identity, and nothing is "
        "read here. Exit code 1: something is wrong.",
    )
    parser.add_argument(
        "--url", help="ask this app, for example https://FUNCTION_APP.azurewebsites.net"
    )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help="with --url: the file with a key of the role doctor; - reads it from standard input",
    )
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.doctor.deployed import examine_deployed
    from optout.doctor.diagnosis import Condition
    from optout.doctor.examination import examine

    # The SDKs' messages about failures contain addresses; the findings say it better.
    logging.basicConfig(level=logging.CRITICAL)
    if asked.url:
        findings = examine_deployed(asked.url, _key(asked.key_file) if asked.key_file else None)
    elif asked.key_file:
        raise ConfigurationError("--key-file is for the app that --url names: add it")
    else:
        settings.adopt_local_settings()
        findings = examine()
    conditions = set()
    for finding in findings:
        print(finding, flush=True)
        conditions.add(finding.condition)
    return 1 if Condition.WRONG in conditions else 0


def _key(file: str) -> str:
    """The key in a file; it is never an argument, which others on the machine can see."""
    try:
        key = (sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")).strip()
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"--key-file {file}: cannot be read ({problem})") from None
    if not re.fullmatch("[!-~]+", key):
        raise ConfigurationError(f"--key-file {file}: the file contains one key and nothing else")
    return key
