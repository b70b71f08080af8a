"""replay-dead-letters and replay-quarantine: handle events again that were given up or put aside."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from optout import settings
from optout.cli import Commands
from optout.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from optout.operations.recovery import ReplaySummary
    from optout.service import Service


def add(commands: Commands) -> None:
    dead_letters = commands.add_parser(
        "replay-dead-letters",
        help="handle again the events that Event Grid gave up on",
        description="Handle again the events that Event Grid gave up on, with the store and the "
        "settings of the environment, then of local.settings.json. What was handled before is not done "
        "twice, and a reply that is late by now is not sent. Exit code 1: something failed, and is "
        "still there.",
    )
    dead_letters.add_argument(
        "place", metavar="PLACE",
        help="the container's address, https://ACCOUNT.blob.core.windows.net/CONTAINER, read with your "
        "identity; or its name, with AZURE_STORAGE_CONNECTION_STRING; or a folder with its files",
    )  # fmt: skip
    dead_letters.add_argument(
        "--delete", action="store_true",
        help="delete each file whose events are all handled or in quarantine; default: leave it",
    )  # fmt: skip
    dead_letters.add_argument("--json", action="store_true", help="print one JSON document")
    dead_letters.set_defaults(run=run_dead_letters)
    quarantine = commands.add_parser(
        "replay-quarantine",
        help="handle the events in quarantine again",
        description="Handle every event in quarantine again, once what kept it from being understood "
        "is fixed. Those that are now understood leave quarantine. Exit code 1: something failed.",
    )
    quarantine.add_argument("--json", action="store_true", help="print one JSON document")
    quarantine.set_defaults(run=run_quarantine)


def run_dead_letters(asked: argparse.Namespace) -> int:
    from optout.azure import dead_letters
    from optout.operations import recovery

    settings.adopt_local_settings()
    place = dead_letters.place(asked.place, settings.storage_connection_string())
    is_elsewhere = not isinstance(place, dead_letters.Folder)
    if asked.delete and is_elsewhere and settings.load().store != "tables":
        raise ConfigurationError(
            "--delete: OPTOUT_STORE is a file on this machine, which the app that these dead letters "
            "belong to never reads. Set OPTOUT_STORE=tables and OPTOUT_TABLES_ENDPOINT as the app does."
        )
    return _run(
        lambda service: recovery.replay_dead_letters(
            place, service.events.handle, _progress, delete=asked.delete
        ),
        as_json=asked.json,
    )


def run_quarantine(asked: argparse.Namespace) -> int:
    from optout.operations import recovery

    settings.adopt_local_settings()
    return _run(
        lambda service: recovery.replay_quarantine(service.events, _progress), as_json=asked.json
    )


def _run(replayed: "Callable[[Service], ReplaySummary]", *, as_json: bool) -> int:
    from tqdm.contrib.logging import logging_redirect_tqdm

    from optout import service

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    running = service.current()
    store = f"{running.settings.store} {running.settings.tables_endpoint or ''}".rstrip()
    if not as_json:
        print("into the store", store)
    try:
        # Where no ACS is configured, replies are printed: beside the document, not into it.
        with logging_redirect_tqdm(), redirect_stdout(sys.stderr if as_json else sys.stdout):
            report = replayed(running)
    finally:
        service.shutdown()
    if as_json:
        said = {"store": store, "results": report.results, "failures": report.failures}
        print(json.dumps(said, indent=2))
        return 1 if report.failures else 0
    for failure in report.failures:
        print(f"failed: {failure}")
    print(report)
    return 1 if report.failures else 0


def _progress(names: Sequence[str]) -> Iterable[str]:
    """A bar on a terminal, nothing anywhere else."""
    from tqdm import tqdm

    return tqdm(names, disable=None)
