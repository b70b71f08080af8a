"""One person's history as a page by itself: to be read, kept or printed. It loads nothing and runs
nothing, and what strangers wrote is text in it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

from optout import __version__, story
from optout.domain.text import in_one_line
from optout.operations.documents import HistoryItem

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>History of {recipient}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
article {{ border-top: 1px solid #888; padding: .75rem 0; break-inside: avoid }}
h2 {{ font-size: 1rem; margin: 0 }}
blockquote {{ margin: .25rem 0; padding-left: .75rem; border-left: 3px solid #888 }}
blockquote {{ white-space: pre-wrap; overflow-wrap: anywhere }}
dl {{ display: grid; grid-template-columns: 9rem 1fr; margin: 0 }}
dd {{ margin: 0; overflow-wrap: anywhere }}
@media print {{ body {{ margin: 0; max-width: none; font-size: 10pt }} }}
</style>
</head>
<body>
<main>
<h1>History of {recipient}</h1>
<p>{count}, the newest first. All times are UTC. Written {now} by optout {version}.</p>
"""


def page(recipient: str, items: Iterable[HistoryItem], now: datetime) -> Iterator[str]:
    """The page, in pieces."""
    found = list(items)
    yield _HEAD.format(
        recipient=escape(recipient),
        count=f"{len(found)} {'entry' if len(found) == 1 else 'entries'}",
        now=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        version=__version__,
    )
    for item in found:
        yield from _article(item)
    yield "</main>\n</body>\n</html>\n"


def _article(item: HistoryItem) -> Iterator[str]:
    yield f'<article id="{escape(item["id"])}">\n'
    yield f"<h2>{escape(story.when(item['at']))}: {escape(story.title(item))}</h2>\n"
    if item["kind"] == "message":
        yield f"<blockquote>{escape(_said(item['text']))}</blockquote>\n"
    yield "<dl>\n"
    for label, text in (
        *story.facts(item),
        ("received", story.when(item["received_at"])),
        ("id", item["id"]),
    ):
        yield f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>\n"
    yield "</dl>\n</article>\n"


def _said(text: str | None) -> str:
    return "(forgotten)" if text is None else "\n".join(map(in_one_line, text.splitlines()))
