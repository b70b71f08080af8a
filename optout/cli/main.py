"""The command line: one parser for all commands, and what an error looks like."""

import contextlib
import io
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence

from optout import __version__, log, settings
from optout.cli import (
    backup,
    change,
    check,
    check_programs,
    classify,
    completion,
    demo,
    doctor,
    evaluate,
    export,
    history,
    import_,
    links,
    new_generation,
    recompute,
    recover,
    replay,
    restore,
    serve,
    status,
    text,
)
from optout.cli.parser import Parser, program_name
from optout.domain.errors import OptoutError

# In the order of their use.
COMMANDS = (
    serve,
    demo,
    text,
    status,
    history,
    check,
    change,
    check_programs,
    classify,
    evaluate,
    replay,
    import_,
    export,
    links,
    backup,
    restore,
    new_generation,
    doctor,
    recover,
    recompute,
    completion,
)

EPILOG = """examples:
  {0} serve                 the app on http://localhost:7071, replies printed
  {0} text 12345 STOP       what becomes of a message, with the app running
  {0} demo                  a conversation across all sender types
  {0} status "+1 425 555 0123"
  {0} history +14255550123 --format html --output evidence.html
  {0} check 12345 +14255550123 +14255550124
  {0} opt-out +14255550123 --list contoso-alerts --actor ann --reason "a letter"
  {0} check-programs        is programs.toml right, and what could be better
  {0} classify "Stop!" --number-type short_code --country US
  {0} evaluate labelled.ndjson   how well your own messages are understood
  {0} import optouts.csv --list contoso-alerts --actor me --dry-run
  {0} export --list contoso-alerts --output contoso.csv
  {0} links people.csv --sender CONTOSO --output links.csv
  {0} doctor --url https://FUNCTION_APP.azurewebsites.net --key-file doctor.key

status, history, check, opt-out and opt-in ask the store of the settings or, with --url, a deployed app.
docs/commands.md has every command. The exit code is 0, 1 where something is to be looked at, or 2.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. A usage error or a bad configuration is 2."""
    parser = command_parser()
    if settings.is_completing():
        completion.complete(parser)
    asked = parser.parse_args(arguments)
    log.quiet_sdks()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Texts are whatever people write: a stray byte or a poor terminal must not stop a command.
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")
    try:
        code = int(asked.run(asked))
        sys.stdout.flush()  # here, where an error can still be handled
    except OptoutError as problem:
        return _refused(str(problem))
    except BrokenPipeError:
        # The reader, `head` for example, has enough; Python would complain again when it exits.
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.close()
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        return _refused(f"{where}{problem.strerror or problem}")
    except Exception as problem:
        if asked.traceback:
            raise
        return _refused(
            f"an error of optout's own, {type(problem).__name__}: {problem}. Please report it, with "
            f"what `{program_name()} --traceback {asked.command} …` says"
        )
    return code


def _refused(why: str) -> int:
    # Refusals are in the words of HTTP, in which an option is a member of the body.
    print(
        f"optout: {why.replace('say allow_unconfigured', 'add --allow-unconfigured')}", file=sys.stderr
    )
    return 2


def command_parser() -> Parser:
    """The parser of all commands."""
    name = program_name()
    parser = Parser(
        prog=name,
        description="Text-message opt-outs for Azure Communication Services.",
        epilog=EPILOG.format(name),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error of optout's own comes from"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in COMMANDS:
        command.add(commands)
    return parser
