"""new-generation: say that the store was restored, where optout cannot notice."""

import argparse
import json

from optout.cli import Commands
from optout.domain.errors import ConfigurationError


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "new-generation",
        help="after a restore that optout cannot notice: tables, or a file copied by cp",
        description="Say that what is stored was restored, so that what happens from now on goes "
        "before all that others have heard of what was lost. What `backup` wrote says so by itself; "
        "tables that another tool than `restore` has copied do not, and neither does a file that was "
        "copied by cp. "
        "Stop every instance of the app before, and start them after it. Whoever follows the feed gets "
        "410 and reads everybody anew. docs/operations.md says more.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.store import generation

    settings.adopt_local_settings()
    configured = settings.load()
    if configured.store != "tables" and not configured.sqlite_path.is_file():
        raise ConfigurationError(
            f"new-generation: there is no database at {configured.sqlite_path}. Set OPTOUT_STORE as "
            "the app has it."
        )
    store = service.open_store(configured)
    try:
        before = store.generation()
        begun = generation.following(before, service.now_utc())
        store.begin_generation(begun)
    finally:
        store.close()
    if asked.json:
        print(json.dumps({"generation": begun, "after": before}, indent=2))
        return 0
    print(f"generation {begun} has begun, after {before}")
    print("restart every instance of the app: until then each goes on with the generation it knows")
    print("whoever follows the feed gets 410, and reads everybody anew")
    return 0
