"""doctor: check whether a configuration can work, here or in a deployed app."""

import argparse
import json
import logging
import sys

from optout import settings
from optout.cli import Commands
from optout.cli.keys import add_key_file, key_for
from optout.cli.terminal import Colour, Screen
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
    add_key_file(parser, "doctor")
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.doctor.deployed import address_of, examine_deployed
    from optout.doctor.diagnosis import Condition
    from optout.doctor.document import document
    from optout.doctor.examination import examine

    # The SDKs' messages about failures contain addresses; the findings say it better.
    logging.basicConfig(level=logging.CRITICAL)
    if asked.url:
        _, is_local = address_of(asked.url)
        key = key_for(asked.key_file, "doctor", is_local=is_local)
        findings = examine_deployed(asked.url, key)
    elif asked.key_file:
        raise ConfigurationError("--key-file is for the app that --url names: add it")
    else:
        settings.adopt_local_settings()
        findings = examine()
    screen, found = Screen(), []
    for finding in findings:
        found.append(finding)
        if not asked.json:
            screen.line(str(finding), _COLOURS[finding.condition])
            sys.stdout.flush()
    if asked.json:
        print(json.dumps(document(found), indent=2))
    return 1 if any(finding.condition is Condition.WRONG for finding in found) else 0


_COLOURS = {"ok": Colour.GOOD, "warning": Colour.WARNING, "wrong": Colour.BAD}
