"""history: all that happened to a number, to read, or as evidence in a file."""

import argparse
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from optout.cli import Commands, asking
from optout.cli.files import writing
from optout.cli.terminal import Colour, Screen

if TYPE_CHECKING:
    from optout.operations.documents import HistoryItem

# As many as the operation gives at once, and as many as somebody reads on a screen.
PAGE, SCREENFUL = 1_000, 50
FORMATS = ("text", "json", "csv", "html")


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "history",
        help="show all that happened to a number",
        description="Show all that happened to a number, the newest first: what was said, what was "
        "understood by which rule, who answered, and what it changed. As json, csv or html it is the "
        "whole of it, for a file; the page prints well and needs nothing else.",
    )
    parser.add_argument("number", metavar="NUMBER", help="as people write it: +1 425 555 0123")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="--format json"
    )
    parser.add_argument(
        "--limit", type=_number, metavar="N",
        help=f"the newest N; default: of text {SCREENFUL}, otherwise all",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="readable by you alone; default: standard output"
    )
    asking.add_options(parser)
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    limit = asked.limit or (SCREENFUL if asked.format == "text" else None)
    with asking.app(asked) as app:
        pages = _pages(app, asked.number, min(limit or PAGE, PAGE))
        recipient, first = next(pages)
        items = (item for page in (first, *(each for _, each in pages)) for item in page)
        found = list(islice(items, limit))
    with writing(asked.output) as file:
        _WRITERS[asked.format](recipient, found, file)
    return 0


def _pages(app: asking.App, number: str, size: int) -> Iterator[tuple[str, "list[HistoryItem]"]]:
    cursor = None
    while True:
        body = {"recipient": number, "limit": size, "cursor": cursor}
        told: dict[str, Any] = app.ask("history", body)
        yield told["recipient"], told["items"]
        cursor = told["cursor"]
        if cursor is None:
            return


def _write_text(recipient: str, items: "Iterable[HistoryItem]", file: TextIO) -> None:
    from optout import story
    from optout.domain.text import in_one_line

    screen = Screen(file)
    found = list(items)
    screen.line(f"{recipient}: {len(found) or 'nothing'} on record", Colour.STRONG)
    for item in found:
        screen.line()
        screen.line(f"{story.when(item['at'])}  {story.title(item)}")
        if item["kind"] == "message":
            said = "(forgotten)" if item["text"] is None else in_one_line(item["text"])
            screen.line(f"  {'said':12}{said}", Colour.STRONG)
        for line in story.lines(item):
            screen.line(line)


def _write_json(recipient: str, items: "Iterable[HistoryItem]", file: TextIO) -> None:
    file.write(json.dumps({"recipient": recipient, "items": list(items)}, indent=2) + "\n")


def _write_csv(recipient: str, items: "Iterable[HistoryItem]", file: TextIO) -> None:
    from optout.operations.transfer import exporting

    exporting.write_csv(({"recipient": recipient, **item} for item in items), file)


def _write_html(recipient: str, items: "Iterable[HistoryItem]", file: TextIO) -> None:
    from optout import service
    from optout.history_page import page

    file.writelines(page(recipient, items, service.now_utc()))


_WRITERS = dict(zip(FORMATS, (_write_text, _write_json, _write_csv, _write_html), strict=True))


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of entries from 1 on")
    return int(text)
