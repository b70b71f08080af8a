"""classify: show what a text is understood as, and why."""

import argparse
import json
import sys
from typing import Any

from optout.cli import Commands
from optout.domain.enums import Intent, NumberType, Party
from optout.domain.errors import OptoutError
from optout.domain.model import Match
from optout.language import classify, rules
from optout.language.rules import Ruleset


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "classify",
        help="show what a text is understood as, and by which rule",
        description="Show what a text is understood as, by the rules of a type of number and country.",
    )
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="the message; - or nothing: standard input"
    )
    parser.add_argument(
        "--number-type", choices=[str(kind) for kind in NumberType], default="long_code",
        help="type of the number it was sent to; default: long_code",
    )  # fmt: skip
    parser.add_argument("--country", default="US", help="country of that number; default: US")
    parser.add_argument(
        "--ndjson", action="store_true",
        help="read one JSON object per line (id, text, number_type, country), and write one per line, "
        "in order (id, intent, certainty, rule, language, matched, review, weighed)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object about TEXT")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    if asked.ndjson:
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip():
                print(_classified_line(number, line))
        return 0
    text = asked.text if asked.text is not None else sys.stdin.read()
    match = classify.classify(text, rules_for(asked.number_type, asked.country))
    print(json.dumps(_document(None, match)) if asked.json else _explained(match))
    return 0


def _classified_line(number: int, line: str) -> str:
    try:
        asked = json.loads(line)
        chosen = rules_for(asked.get("number_type", "long_code"), asked.get("country", "US"))
        match = classify.classify(asked["text"], chosen)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise OptoutError(
            f'line {number}: not an object with at least "text", and a known number_type ({problem!r})'
        ) from None
    return json.dumps(_document(asked.get("id"), match))


def _document(identifier: Any, match: Match) -> dict[str, Any]:
    """What only the second reader finds is nothing before somebody has looked."""
    return {
        "id": identifier,
        "intent": Intent.NONE if match.unsure else match.intent,
        "certainty": None if match.unsure else match.certainty,
        "rule": match.rule,
        "language": match.language,
        "matched": match.matched,
        "review": match.unsure,
        "weighed": match.weighed,
    }


def rules_for(number_type: str, country: str | None) -> Ruleset:
    """The rules for such a number where ACS does not manage its opt-outs."""
    kind = NumberType(number_type)
    country = country.upper() if country else None
    manager = Party.CARRIER if kind is NumberType.TOLL_FREE else Party.SERVICE
    return rules.choose(kind, country, manager) or rules.unconfigured(kind, country)


def _explained(match: Match) -> str:
    if match.rule is None:
        return "none: no rule takes this for a request"
    weighed = f"; weighed: {', '.join(match.weighed)}" if match.weighed else ""
    if match.unsure:
        return f"none, to be reviewed: only the second reader takes this for a request{weighed}"
    return (
        f"{match.intent} ({match.certainty}): “{match.matched}”, "
        f"rule {match.rule}, language {match.language}{weighed}"
    )
