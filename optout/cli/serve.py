"""serve: run the app on this machine."""

import argparse
import logging

from optout import settings
from optout.cli import Commands


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
    import function_app
    from optout import guard, local

    allowed = [*asked.allow_host, *settings.forwarded_names(asked.port)]
    local.serve(function_app.app, asked.port, guard.of(allowed, asked.tunnel))
    return 0
