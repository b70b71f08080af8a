"""evaluate: how well the rules understand somebody's own labelled messages."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from optout.cli import Commands
from optout.cli.classify import rules_for
from optout.cli.files import reading
from optout.domain.enums import Intent
from optout.domain.errors import OptoutError
from optout.domain.nearest import did_you_mean
from optout.language import evaluation
from optout.language.classify import classify
from optout.language.evaluation import Figures, Judged

_EXAMPLE = '{"text": "no more texts please", "intent": "stop", "language": "en"}'


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure how well your own labelled messages are understood",
        description="How well labelled messages are understood, by language and intent: "
        "the rules that were wrong, the requests that were missed, and what was taken for one and "
        "is none. Nothing leaves this machine.",
        epilog=f"A line of FILE: {_EXAMPLE}. intent: stop, stop_all, start, help or none. Optional: "
        "language, number_type (long_code), country (US).",
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="labelled messages as NDJSON; - for standard input"
    )
    parser.add_argument(
        "--show", type=int, default=20, metavar="N",
        help="how many misses and wrong takes to print; default: 20",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print the figures and all mistakes as JSON"
    )
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    with reading(asked.file) as lines:
        judged = [_judged(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not judged:
        raise OptoutError(f"{asked.file}: no messages. A line is: {_EXAMPLE}")
    print(_as_json(judged) if asked.json else "\n".join(_as_text(judged, asked.show)))
    return 0


def _judged(number: int, line: str) -> Judged:
    try:
        labelled = json.loads(line)
        rules = rules_for(labelled.get("number_type", "long_code"), labelled.get("country", "US"))
        text, expected = str(labelled["text"]), _intent(labelled["intent"])
        language = str(labelled.get("language", "-"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise OptoutError(
            f"line {number}: not a labelled message ({_why(problem)}). A line is: {_EXAMPLE}"
        ) from None
    return Judged(text, expected, language, classify(text, rules))


def _intent(written: Any) -> Intent:
    if written not in list(Intent):
        meant = did_you_mean(str(written), Intent)
        raise ValueError(
            f"there is no intent {json.dumps(written)}{meant}; there are {', '.join(Intent)}"
        )
    return Intent(written)


def _why(problem: Exception) -> str:
    """What is wrong with a line, for whoever wrote it."""
    if isinstance(problem, json.JSONDecodeError):
        return f"not JSON, at column {problem.colno}"
    if isinstance(problem, KeyError):
        return f"there is no {json.dumps(problem.args[0])}"
    if isinstance(problem, ValueError):
        return str(problem)
    return "not a JSON object with a text and an intent"


def _as_json(judged: list[Judged]) -> str:
    return json.dumps(
        {
            "figures": [asdict(each) for each in evaluation.figures(judged)],
            "rules": [
                {"rule": rule, "right": right, "wrong": wrong}
                for rule, right, wrong in evaluation.rules(judged)
            ],
            "mistakes": [_mistake(each) for each in judged if not each.is_right],
        },
        ensure_ascii=False,
        indent=2,
    )


def _mistake(judged: Judged) -> dict[str, object]:
    return {
        "text": judged.text,
        "language": judged.language,
        "expected": judged.expected,
        "got": judged.got,
        "certainty": None if judged.match.unsure else judged.match.certainty,
        "rule": judged.match.rule,
        "review": judged.match.unsure,
    }


def _as_text(judged: list[Judged], show: int) -> Iterator[str]:
    found = list(evaluation.figures(judged))
    yield _row("language", "intent", "messages", "right", "", "certain", "review", "certain, wrong")
    yield from map(_figures, found)
    wrong = [each for each in evaluation.rules(judged) if each[2]]
    if wrong:
        yield "\nRules that were wrong:"
        yield from (f"  {rule:<40} {bad:>5} wrong, {good} right" for rule, good, bad in wrong)
    asking = [each for each in judged if each.expected.opts_out and not each.is_right]
    yield from _listed("Missed", asking, show)
    others = [each for each in judged if not each.expected.opts_out and not each.is_right]
    yield from _listed("Wrongly understood", others, show)


def _figures(each: Figures) -> str:
    share = f"{each.right / each.messages:.1%}"
    counts = (each.messages, each.right, share, each.certain, each.reviewed, each.certainly_wrong)
    return _row(each.language, each.expected, *counts)


def _row(language: str, intent: str, *cells: object) -> str:
    return f"{language:<9} {intent:<8} {'':1}" + " ".join(f"{cell!s:>8}" for cell in cells)


def _listed(title: str, mistakes: list[Judged], show: int) -> Iterator[str]:
    if not mistakes:
        return
    yield f"\n{title}: {len(mistakes)}"
    for each in mistakes[:show]:
        understood = f"{each.got}, {each.match.rule}" if each.match.rule else each.got
        waits = ", waits for review" if each.match.unsure else ""
        yield f"  {each.language:<9} {understood}{waits}: {' '.join(each.text.split())}"
    if len(mistakes) > show:
        yield f"  … and {len(mistakes) - show} more (--show {len(mistakes)})"
