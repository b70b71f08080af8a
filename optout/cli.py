"""The command line: serve, demo, classify."""

import argparse
import contextlib
import io
import json
import logging
import sys
from collections.abc import Sequence

from optout import __version__, classify, demo, rules, settings
from optout.domain import Match, NumberType, OptoutError, Party
from optout.rules import Ruleset

EPILOG = """examples:
  python -m optout serve                 the app on http://localhost:7071, replies printed
  python -m optout demo                  a conversation across all sender types
  python -m optout classify "Stop!" --number-type short_code --country US
  python -m optout classify --ndjson < messages.ndjson
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code. A usage error or a bad configuration is 2."""
    asked = _parser().parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            # Texts are whatever people write: a byte or a terminal that cannot say it stops nothing.
            stream.reconfigure(errors="replace")
    try:
        code = int(asked.run(asked))
        sys.stdout.flush()  # here, where an error is still ours to answer for
    except OptoutError as problem:
        print(f"optout: {problem}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader, `head` for example, has enough; Python would complain once more at its end.
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

    serve = commands.add_parser(
        "serve",
        help="serve the app on this machine, like func start",
        description="Serve the app's own functions on loopback, at the addresses of func start. "
        "Settings come from the environment, then from local.settings.json; docs/settings.md lists "
        "them. Without a setting for ACS, replies are printed.",
    )
    serve.add_argument("--port", type=int, default=7071, help="default: 7071")
    serve.set_defaults(run=_serve)

    show = commands.add_parser(
        "demo",
        help="play a conversation and show what happens",
        description="Play a conversation with the senders of programs.toml in a store of its own, and "
        "show what was understood, who answered and what the list says. Nothing is sent.",
    )
    show.set_defaults(run=_demo)

    ask = commands.add_parser(
        "classify",
        help="what a text is understood as, and by which rule",
        description="What a text is understood as, by the rules of a type of number and a country.",
    )
    ask.add_argument("text", nargs="?", metavar="TEXT", help="the message; left out: standard input")
    ask.add_argument(
        "--number-type", choices=[str(kind) for kind in NumberType], default="long_code",
        help="of the number it was sent to; default: long_code",
    )  # fmt: skip
    ask.add_argument("--country", default="US", help="of that number; default: US")
    ask.add_argument(
        "--ndjson", action="store_true",
        help="read one JSON object a line (id, text, number_type, country), write one a line, in "
        "order (id, intent, certainty, rule, language)",
    )  # fmt: skip
    ask.set_defaults(run=_classify)
    return parser


def _serve(asked: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    settings.adopt_local_settings()
    # Imported here: a second that the other commands need not pay.
    import function_app
    from optout import local

    local.serve(function_app.app, asked.port)
    return 0


def _demo(asked: argparse.Namespace) -> int:
    # The conversation says it all; warnings about its unknown sender would stand between its lines.
    logging.basicConfig(level=logging.ERROR)
    demo.play(print)
    return 0


def _classify(asked: argparse.Namespace) -> int:
    if asked.ndjson:
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip():
                print(_classified_line(number, line))
        return 0
    text = asked.text if asked.text is not None else sys.stdin.read()
    match = classify.classify(text, _rules(asked.number_type, asked.country))
    print(_explained(match))
    return 0


def _classified_line(number: int, line: str) -> str:
    try:
        asked = json.loads(line)
        chosen = _rules(asked.get("number_type", "long_code"), asked.get("country", "US"))
        match = classify.classify(asked["text"], chosen)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise OptoutError(
            f'line {number}: not an object with at least "text", and a known number_type ({problem!r})'
        ) from None
    return json.dumps(
        {
            "id": asked.get("id"),
            "intent": match.intent,
            "certainty": match.certainty,
            "rule": match.rule,
            "language": match.language,
            "matched": match.matched,
        }
    )


def _rules(number_type: str, country: str | None) -> Ruleset:
    """The rules of such a number where opt-out is not managed by ACS."""
    kind = NumberType(number_type)
    country = country.upper() if country else None
    manager = Party.CARRIER if kind is NumberType.TOLL_FREE else Party.SERVICE
    return rules.choose(kind, country, manager) or rules.unconfigured(kind, country)


def _explained(match: Match) -> str:
    if match.rule is None:
        return "none: no rule takes this for a request"
    return (
        f"{match.intent} ({match.certainty}): “{match.matched}”, "
        f"rule {match.rule}, language {match.language}"
    )
