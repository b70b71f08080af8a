"""export: write a list, or everything that happened, to a file."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import starmap
from typing import Any

from optout.cli import Commands
from optout.cli.files import add_output, writing
from optout.cli.targets import add_target
from optout.operations.listing import list_out
from optout.operations.naming import find_scope


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "export",
        help="write a list, or everything with its history, as CSV or NDJSON",
        description="Write everyone who is out of a list, a sender or everything; with --all, every "
        "piece of evidence about everybody. In CSV, a cell that a spreadsheet would take for a formula "
        "begins with an apostrophe, which import removes again.",
    )
    add_target(parser).add_argument("--all", action="store_true", help="everything with its history")
    add_output(parser)
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.operations import documents
    from optout.operations.evidence_pages import all_evidence
    from optout.operations.transfer import exporting

    settings.adopt_local_settings()
    items: Iterator[Mapping[str, Any]]
    with ExitStack() as stack:
        built = service.build(settings.load())
        stack.callback(built.close)
        if asked.all:
            items = map(documents.journal_item, all_evidence(built.store))
        else:
            scope = find_scope(
                built.directory,
                asked.sender,
                asked.list,
                asked.everything,
                allow_unconfigured=asked.allow_unconfigured,
            )
            list_out(
                built.directory, built.store, scope, 1, None
            )  # raises NotFound for a list that never existed
            items = starmap(documents.list_item, exporting.everyone_out(built.store, scope))
        write = exporting.write_csv if asked.format == "csv" else exporting.write_ndjson
        write(items, stack.enter_context(writing(asked.output)))
    return 0
