"""status: where a number stands with every list and sender."""

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from optout.cli import Commands, asking
from optout.cli.terminal import Colour, Screen, sentence

if TYPE_CHECKING:
    from optout.operations.documents import KnownState, Status


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "status",
        help="show where a number stands with every list and sender",
        description="Show where a number stands with every list and each of its senders: whether it "
        "may be texted, since when not, and why. It is read from the store each time.",
    )
    parser.add_argument("number", metavar="NUMBER", help="as people write it: +1 425 555 0123")
    parser.add_argument("--json", action="store_true", help="print the document of the HTTP operation")
    asking.add_options(parser)
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    with asking.app(asked) as app:
        told: Status = app.ask("suppression_status", {"recipient": asked.number})
    if asked.json:
        print(json.dumps(told, indent=2))
        return 0
    screen = Screen()
    where = f", {told['country']}" if told["country"] else ""
    screen.line(f"{told['recipient']} ({told['spelled']}{where})", Colour.STRONG)
    rows = list(_rows(told))
    screen.table(
        [("list", "sender", "state", "since", "why"), *(row for row, _ in rows)],
        [Colour.FAINT, *(colour for _, colour in rows)],
    )
    return 0


def _rows(told: "Status") -> Iterator[tuple[tuple[str, ...], Colour]]:
    for each in told["lists"]:
        yield _row(each["list"], "", each)
        for sender in each["senders"]:
            program = f" ({sender['program']})" if sender["program"] else ""
            yield _row(each["list"], f"{sender['sender']}{program}", sender)


def _row(list_name: str, sender: str, state: "KnownState") -> tuple[tuple[str, ...], Colour]:
    from optout.story import when

    if not state["suppressed"]:
        said = "an opt-in is on record" if state["state"] == "in" else "nothing is on record"
        return (list_name, sender, "may be texted", when(state["in_since"]), said), Colour.GOOD
    return (list_name, sender, "suppressed", when(state["since"]), why(state)), Colour.BAD


def why(state: "KnownState") -> str:
    """Why somebody may not be texted: by what, how far it reaches, and who blocks."""
    source = (state["source"] or "").replace("_", " ")
    blocks = f"{state['blocked_by']} blocks" if state["blocked_by"] else None
    return sentence([state["keyword"], f"by {source}", f"scope {state['scope']}", blocks])
