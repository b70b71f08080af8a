"""check: may these people be texted from this sender?"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from optout.cli import Commands, asking
from optout.cli.terminal import Colour, Screen
from optout.domain.errors import BadRequest

# As many as the operation takes at once.
PAGE = 10_000


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "check",
        help="may these numbers be texted from this sender?",
        description="Say of each number whether it may be texted from a sender. What is not certainly "
        "a number is suppressed, with the reason.",
        epilog="The exit code is 0 if all may be texted, 1 if somebody may not, and 2 if the list has "
        "not answered: then nobody may.",
    )
    parser.add_argument(
        "sender", metavar="SENDER", help="one of your numbers, short codes or sender IDs"
    )
    parser.add_argument(
        "numbers", metavar="NUMBER", nargs="+", help="as people write them; - reads one a line"
    )
    parser.add_argument(
        "--only-suppressed", action="store_true", help="leave out those who may be texted"
    )
    parser.add_argument(
        "--allow-unconfigured", action="store_true", help="also of a sender that no program names"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object a line, one a number")
    asking.add_options(parser, "lookup")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    screen, counts = Screen(), Counter[bool]()
    with asking.app(asked) as app:
        people = iter(_written(asked.numbers))
        while page := list(islice(people, PAGE)):
            body = {
                "sender": asked.sender,
                "recipients": page,
                "allow_unconfigured": asked.allow_unconfigured,
            }
            results = app.ask("check_suppressions", body)["results"]
            if [each["index"] for each in results] != list(range(len(page))):
                raise asking.NoAnswer("the answer is not about each of these numbers: text nobody")
            _print(screen, results, asked)
            counts.update(bool(each["suppressed"]) for each in results)
    if not counts:
        raise BadRequest("no numbers: standard input was empty")
    return 1 if counts[True] else 0


def _print(screen: Screen, results: list[dict[str, Any]], asked: argparse.Namespace) -> None:
    shown = [each for each in results if each["suppressed"] or not asked.only_suppressed]
    if asked.json:
        for each in shown:
            print(json.dumps(each))
        return
    screen.table(
        [_row(each) for each in shown],
        [Colour.BAD if each["suppressed"] else Colour.GOOD for each in shown],
    )


def _row(result: dict[str, Any]) -> tuple[str, str, str, str]:
    from optout.cli.status import why
    from optout.story import when

    if "error" in result:
        return str(result["recipient"]), "suppressed", "", result["error"]
    if result["suppressed"]:
        return result["recipient"], "suppressed", when(result["since"]), why(result)  # type: ignore[arg-type]
    unreachable = "" if result["reachable"] else "not reached by this sender"
    return result["recipient"], "may be texted", "", unreachable


def _written(numbers: Iterable[str]) -> Iterator[str]:
    """The numbers, those of standard input among them; empty lines are none."""
    for number in numbers:
        if number == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield number
