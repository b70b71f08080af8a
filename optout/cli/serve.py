"""serve: run the app on this machine."""

import argparse
import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from optout import settings
from optout.cli import Commands
from optout.cli.parser import program_name


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "serve",
        help="serve the app on this machine, like func start",
        description="Serve the app's own functions on loopback, at the addresses of func start. "
        "Settings come from the environment, then from local.settings.json; docs/settings.md lists "
        "them. Without a setting for ACS, replies are printed.",
    )
    parser.add_argument("--port", type=int, default=settings.LOCAL_PORT, help="default: %(default)s")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="answer to this name, too, as to localhost: a port that is forwarded for you alone; "
        "may be repeated. In Codespaces its name is allowed by itself",
    )  # fmt: skip
    parser.add_argument(
        "--tunnel", metavar="NAME",
        help="the name of a tunnel that anybody can reach: under it only the Event Grid endpoint "
        "answers, with a code that is printed at the start",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    settings.adopt_local_settings()
    settings.lead_links_to(
        f"https://{asked.tunnel}" if asked.tunnel else f"http://localhost:{asked.port}"
    )
    # Imported here: it takes a second that the other commands need not spend.
    from optout import guard, local

    allowed = [*asked.allow_host, *settings.forwarded_names(asked.port)]
    local.serve(_triggers().app, asked.port, guard.of(allowed, asked.tunnel), program_name())
    return 0


def _triggers() -> Any:
    """function_app.py: beside the package in the project, within it where it is installed. Whatever has
    that name in the folder in which somebody runs the command is another app's."""
    installed = find_spec("optout.function_app") is not None
    return import_module("optout.function_app" if installed else "function_app")
