"""The command line: one parser for all commands, and what an error looks like."""

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence

from optout import __version__, log
from optout.cli import (
    backup,
    check_programs,
    classify,
    demo,
    doctor,
    evaluate,
    export,
    import_,
    new_generation,
    recompute,
    recover,
    replay,
    restore,
    serve,
)
from optout.domain.errors import OptoutError

# In the order of their use.
COMMANDS = (
    serve,
    demo,
    check_programs,
    classify,
    evaluate,
    replay,
    import_,
    export,
    backup,
    restore,
    new_generation,
    doctor,
    recover,
    recompute,
)

EPILOG = """examples:
  python -m optout serve                 the app on http://localhost:7071, replies printed
  python -m optout demo                  a conversation across all sender types
  python -m optout check-programs        is programs.toml right, and what could be better
  python -m optout classify "Stop!" --number-type short_code --country US
  python -m optout classify --ndjson < messages.ndjson
  python -m optout evaluate FILE         how well your own labelled messages are understood
  python -m optout replay                what a change of rules would change in the history
  python -m optout doctor                what is wrong with the configuration
  python -m optout doctor --url https://FUNCTION_APP.azurewebsites.net --key-file doctor.key
  python -m optout replay-dead-letters https://ACCOUNT.blob.core.windows.net/CONTAINER
  python -m optout import optouts.csv --list contoso-alerts --actor me --dry-run
  python -m optout export --list contoso-alerts --output contoso.csv
  python -m optout backup optout-2026-06-01.db
  python -m optout backup --to https://ACCOUNT.blob.core.windows.net/backups
  python -m optout restore https://ACCOUNT.blob.core.windows.net/backups/BLOB
  python -m optout new-generation        after a restore that optout cannot notice
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. A usage error or a bad configuration is 2."""
    asked = _parser().parse_args(arguments)
    log.quiet_sdks()
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            # Texts are whatever people write: a stray byte or a poor terminal must not stop a command.
            stream.reconfigure(errors="replace")
    try:
        code = int(asked.run(asked))
        sys.stdout.flush()  # here, where an error can still be handled
    except OptoutError as problem:
        print(f"optout: {problem}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader, `head` for example, has enough; Python would complain again when it exits.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.close()
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m optout",
        description="Text-message opt-outs for Azure Communication Services.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
