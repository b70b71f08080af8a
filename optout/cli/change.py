"""opt-out and opt-in: change by hand what a person wants."""

import argparse
import json
import sys
from typing import Any
from uuid import uuid4

from optout.cli import Commands, asking, values
from optout.cli.targets import add_target
from optout.cli.terminal import Colour, Screen


def add(commands: Commands) -> None:
    opt_out = commands.add_parser(
        "opt-out",
        help="opt a person out by hand",
        description="Opt a person out of a sender and its list, a list, or everything, as somebody at "
        "a desk does for a letter or a call. Who did it and why is in the history.",
    )
    opt_out.set_defaults(run=run, operation="opt_out")
    opt_in = commands.add_parser(
        "opt-in",
        help="opt a person in again by hand",
        description="Opt a person in again who has asked for it. A block by a carrier or by ACS is not "
        "lifted by hand: what the person must text is said then, and the exit code is 1.",
    )
    opt_in.set_defaults(run=run, operation="opt_in")
    for parser in (opt_out, opt_in):
        parser.add_argument("number", metavar="NUMBER", help="as people write it: +1 425 555 0123")
        add_target(parser)
        parser.add_argument("--actor", required=True, help="who does it, for the history")
        parser.add_argument("--reason", required=True, help="why, for the history")
        parser.add_argument(
            "--at", type=values.moment, metavar="TIME", help="when the person asked; default: now"
        )
        parser.add_argument(
            "--idempotency-key", metavar="KEY",
            help="the same key is the same change, however often it is repeated; default: a new one",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print the answer of the operation")
        asking.add_options(parser)


def run(asked: argparse.Namespace) -> int:
    key = asked.idempotency_key or str(uuid4())
    body: dict[str, Any] = {"recipient": asked.number, "actor": asked.actor, "reason": asked.reason}
    body |= {name: said for name in ("sender", "list") if (said := getattr(asked, name)) is not None}
    body |= {name: True for name in ("everything", "allow_unconfigured") if getattr(asked, name)}
    if asked.at is not None:
        body["at"] = asked.at.isoformat()
    with asking.app(asked) as app:
        try:
            told = app.ask(asked.operation, body, {"Idempotency-Key": key})
        except (asking.NoAnswer, KeyboardInterrupt):
            print(
                f"optout: it may have been done. To be sure, repeat it with --idempotency-key {key}",
                file=sys.stderr,
            )
            raise
    if asked.json:
        print(json.dumps(told, indent=2))
    else:
        _print(told)
    return 1 if asked.operation == "opt_in" and told["suppressed"] else 0


def _print(told: dict[str, Any]) -> None:
    from optout.story import effect, standing, when

    screen = Screen()
    about = told.get("sender") or told.get("list") or "everything"
    again = " (done before, under the same key)" if told.get("repeated") else ""
    colour = Colour.BAD if told["suppressed"] else Colour.GOOD
    screen.line(f"{told['recipient']}, {about}: {effect(told)}{again}", colour)
    screen.line(standing(told.get("list") or about, told))  # type: ignore[arg-type]
    if told["since"]:
        screen.line(f"  {'since':12}{when(told['since'])}")
    if told.get("remedy"):
        screen.line(f"  {'remedy':12}{told['remedy']}", Colour.WARNING)
    for block in told.get("still_blocked", ()):
        screen.line(f"  {'still out':12}{block['sender']}: {block['remedy']}", Colour.WARNING)
