"""Checks whether a reply is short enough for those who carry it."""

import unicodedata
from collections.abc import Iterator

from optout.domain import segments
from optout.language.rules import ReplyDemands
from optout.programs import senders
from optout.programs.findings import Problem
from optout.programs.texts import ReplyText

ADVISED_UNITS = 320


def problems(text: ReplyText) -> Iterator[Problem]:
    """What is too long, and which character makes it so."""
    size = segments.size(text.body)
    for sender, demands in text.demands:
        yield from _beyond(demands, size, text.body, senders.described(sender))
    if size.units > ADVISED_UNITS:
        yield Problem(
            "over_320",
            f"{size.units} characters in {size.segments} segments; not every carrier delivers more "
            f"than {ADVISED_UNITS}",
            _shorten(size.units, ADVISED_UNITS),
        )
    yield from _needless_ucs_2(text.body, size)


def _beyond(demands: ReplyDemands, size: segments.Size, body: str, sender: str) -> Iterator[Problem]:
    """What exceeds the limits of one country's carriers."""
    if demands.characters and size.units > demands.characters:
        yield Problem(
            "too_many_characters",
            f"{size.units} characters on {sender}; at most {demands.characters} are allowed",
            _shorten(size.units, demands.characters),
            demands.source,
        )
    most = demands.segments_beyond_ascii
    if most and size.segments > most and not body.isascii():
        yield Problem(
            "segments_beyond_ascii",
            f"{size.segments} segments with characters outside ASCII on {sender}; above {most} it may "
            "arrive garbled",
            "Write it in plain ASCII, or shorten it.",
            demands.source,
        )


def _shorten(units: int, limit: int) -> str:
    return f"Shorten it by {_count(units - limit, 'character')}."


def _needless_ucs_2(body: str, size: segments.Size) -> Iterator[Problem]:
    """Characters that force UCS-2 on a text of Latin letters, where that costs something.

    Typography is always reported, because nobody chose it. An accent that belongs to the language is
    reported only if a segment is saved without it. Another script needs UCS-2: nothing is reported.
    """
    forcing = segments.outside_gsm_7(body)
    instead = {character: segments.plain(character) for character in forcing}
    if any(plain is None and character.isalpha() for character, plain in instead.items()):
        return
    saved = size.segments - segments.size(_replaced(body, instead)).segments
    if saved > 0 or any(map(segments.is_typography, forcing)):
        yield Problem(
            "ucs_2",
            f"{', '.join(map(_shown, forcing))} forces UCS-2, 70 characters per segment, not 160: "
            f"{_count(size.segments, 'segment')} instead of {size.segments - saved}",
            f"{'; '.join(_advice(*pair) for pair in instead.items())}.",
        )


def _replaced(body: str, instead: dict[str, str | None]) -> str:
    return body.translate({ord(character): plain or "" for character, plain in instead.items()})


def _shown(character: str) -> str:
    name = unicodedata.name(character, "a control character")
    return f"“{character}” (U+{ord(character):04X} {name})"


def _advice(character: str, plain: str | None) -> str:
    return f"Write “{plain}” for “{character}”" if plain else f"Leave out “{character}”"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
