"""doctor: check whether a configuration can work."""

import argparse
import logging

from optout import settings
from optout.cli import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check the configuration, and say what is wrong and what to do",
        description="Check the configuration of the environment, then of local.settings.json: "
        "settings, program file, identity, store, ACS, topic and queue, one line each: ok, warning or "
        "wrong. Nobody is texted, nothing is published and nothing is queued. The store is opened as "
        "the app opens it, which creates it if there is none; a test row is written and removed. Exit "
        "code 1: something is wrong.",
    )
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.doctor.diagnosis import Condition
    from optout.doctor.examination import examine

    # The SDKs' messages about failures contain addresses; the findings say it better.
    logging.basicConfig(level=logging.CRITICAL)
    settings.adopt_local_settings()
    conditions = set()
    for finding in examine():
        print(finding, flush=True)
        conditions.add(finding.condition)
    return 1 if Condition.WRONG in conditions else 0
