"""replay: show what today's rules would make of the messages that people have sent."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from optout.cli import Commands
from optout.cli.files import reading
from optout.domain import numbers
from optout.domain.enums import Certainty, Intent
from optout.domain.errors import OptoutError
from optout.operations.replay import Interpretation, Message, Replayed


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "replay",
        help="classify the history again and show what would change",
        description="Classify the messages of the history again, by today's rules and program "
        "file, and print each that would be understood differently. Nothing is written or sent. "
        "Messages whose text has been forgotten are left out.",
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE",
        help="NDJSON instead of the history: objects with at least sender, text, intent and certainty, "
        "as items of the history have them; - for standard input",
    )  # fmt: skip
    parser.add_argument("--ndjson", "--json", action="store_true", help="print the changes as NDJSON")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.operations import replay
    from optout.programs.directory import Directory

    settings.adopt_local_settings()
    configured = settings.load()
    directory = Directory.load(configured.programs_path)
    counts: Counter[str] = Counter()
    with ExitStack() as opened:
        if asked.file is None:
            found = replay.messages(opened.enter_context(closing(service.open_store(configured))))
        else:
            found = _from_lines(opened.enter_context(reading(asked.file)))
        _print(replay.replayed(_counted(found, counts), directory), counts, asked.ndjson)
    return 0


def _from_lines(lines: Iterable[str]) -> Iterator[Message]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            if item.get("kind", "message") != "message":
                continue
            certainty = item["certainty"] and Certainty(item["certainty"])
            before = Interpretation(Intent(item["intent"]), certainty, item.get("rule"))
            sender, text = numbers.sender_id(str(item["sender"])), item["text"]
            if not isinstance(text, str | None):
                raise TypeError("text is not a string")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise OptoutError(
                f"line {number}: not an object with sender, text, intent and certainty ({problem!r})"
            ) from None
        yield Message(sender, text, before)


def _counted(found: Iterable[Message], counts: "Counter[str]") -> Iterator[Message]:
    for message in found:
        counts["messages" if message.text is not None else "without a text"] += 1
        yield message


def _print(replayed: Iterable[Replayed], counts: "Counter[str]", as_ndjson: bool) -> None:
    """Print each change as it is found and the sums at the end; beside NDJSON, on standard error."""
    changes: Counter[str] = Counter()
    for each in replayed:
        if each.changed:
            before, after = each.message.before, each.after
            changes[f"{_short(before)} → {_short(after)}"] += 1
            print(_line(each) if as_ndjson else f"{before} → {after}: {each.message.text!r}")
    sums = sys.stderr if as_ndjson else sys.stdout
    for change, number in changes.most_common():
        print(f"{number:8,}  {change}", file=sums)
    print(
        f"{sum(changes.values()):,} of {counts['messages']:,} messages would change; "
        f"{counts['without a text']:,} have had their text forgotten",
        file=sums,
    )


def _short(reading: Interpretation) -> str:
    if not reading.certainty:
        return str(reading.intent)
    alone = ", only the second reader" if reading.is_unsure else ""
    return f"{reading.intent} ({reading.certainty}{alone})"


def _line(replayed: Replayed) -> str:
    message, after = replayed.message, replayed.after
    readings = {"before": message.before, "after": after}
    return json.dumps(
        {
            "sender": message.sender,
            "text": message.text,
            "at": message.at and message.at.isoformat(),
            **{
                name: {"intent": one.intent, "certainty": one.certainty, "rule": one.rule}
                for name, one in readings.items()
            },
        }
    )
