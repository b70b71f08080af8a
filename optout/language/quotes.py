"""The parts of a text that are not the person's own words: reactions, quotations, forwarded messages.

The telephone writes “Liked “Reply STOP to opt out””; the person has said nothing. The words that show
it are the languages' data: nothing here may know a language, or what a request is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from optout.language.expressions import any_of
from optout.language.languages import QuoteEntry

_OPENING, _CLOSING = "“«„「『‟", "”»“」』‟"
_QUOTED = re.compile(rf"[{_OPENING}]([^{_OPENING}{_CLOSING}]*)(?:[{_CLOSING}]|\Z)" r'|"([^"]*)(?:"|\Z)')
_WORDS = re.compile(r"\w+")
# A word or two in quotes is what somebody says: I said "stop". More is what somebody else said.
_OWN_WORDS = 2

_REPLIED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# What precedes a part of a long text, or an item of a list: 1/2, (1/2), /1/, 1.
_PART = re.compile(r"\A\s*(?:\(?\d{1,2}/\d{1,2}\)?|/\d{1,2}/|\d{1,2}[.)])(?=\s)")
# What the dots of an attribution stand for: the day, the time, the name.
_DAY_AND_NAME = ".{5,80}"


class Quotes:
    """Leaves out what somebody else wrote, by the words that phones and mail programs add."""

    def __init__(self, entries: Sequence[QuoteEntry]) -> None:
        self._reaction = _reaction(entries)
        self._forwarded = _forwarded(entries)
        effects = any_of(_every(entry.effects for entry in entries))
        self._effect = re.compile(rf"\b{effects} [\w ]{{1,30}}\W{{0,9}}\Z", re.IGNORECASE)

    def own_words(self, text: str) -> str:
        """A plain text without what it quotes. A quotation leaves a pause."""
        if self._reaction.match(text):
            return ""
        written = self._forwarded.sub("", _REPLIED_LINE.sub("", _PART.sub("", text)))
        unquoted = _QUOTED.sub(_own, written)
        if not _WORDS.search(unquoted):
            unquoted = written
        return self._effect.sub("", unquoted)


def _reaction(entries: Sequence[QuoteEntry]) -> re.Pattern[str]:
    """What a phone writes before the message that somebody reacted to."""
    verbs = any_of(_every(entry.reactions for entry in entries))
    links = any_of(_every(entry.links for entry in entries))
    return re.compile(rf"(?:\W*{verbs}\b[^\"“«„‘]{{0,30}}|\W*\b{links}\s+)[\"“«„‘]", re.IGNORECASE)


def _forwarded(entries: Sequence[QuoteEntry]) -> re.Pattern[str]:
    """A line that says that all below it is forwarded or answered, and all below it."""
    marks = any_of(_every(entry.marks for entry in entries))
    headings = any_of(_every(entry.headings for entry in entries))
    attributions = "|".join(map(_attribution, _every(entry.attributions for entry in entries)))
    return re.compile(
        rf"^[^\w\n]{{0,9}}{marks} ?:.*|^[^\w\n]{{0,9}}{headings}\b.*|^(?:{attributions or '(?!)'}):.*",
        re.IGNORECASE | re.DOTALL | re.MULTILINE,
    )


def _attribution(text: str) -> str:
    before, behind = map(re.escape, text.split("..."))
    return f"{before}{_DAY_AND_NAME}{behind}"


def _every(groups: Iterable[Iterable[str]]) -> Iterator[str]:
    return chain.from_iterable(groups)


def _own(quotation: re.Match[str]) -> str:
    said = quotation[1] if quotation[1] is not None else quotation[2]
    return f" {said} " if len(_WORDS.findall(said)) <= _OWN_WORDS else " , "
