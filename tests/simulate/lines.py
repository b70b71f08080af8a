"""The numbers of the simulation, and what their programs say, worked out without the code under test:
those of the campaign, and beside them words that a program adds, a reach that begins within a history,
a partner's number, and a list of all senders that no program names (programs.toml)."""

from collections.abc import Mapping
from dataclasses import replace

from tests.chaos import expected
from tests.chaos.expected import Line

DEALS, NEWS, UNNAMED = "24680", "+4520123456", "+14255550199"
# What Messaging Connect blocks, and nobody answers; of its START words nobody answers any either.
_ACS_KNOWS = frozenset({"STOP", "QUIT"})
LINES: Mapping[str, Line] = expected.LINES | {
    DEALS: Line("contoso-deals"),
    NEWS: Line(
        "contoso-news",
        dict.fromkeys((*_ACS_KNOWS, "START", "UNSTOP"), "none"),
        _ACS_KNOWS,
        blocker="platform",
    ),
    UNNAMED: replace(expected.LINES[UNNAMED], list="contoso-others", answers=True),
}
# From when on a STOP to them ends everything, in milliseconds.
REACHES_FROM = {DEALS: 600_000}
# Words of a program: whether they stop, and the list that they are about alone, if they are.
WORDS: Mapping[str, Mapping[str, tuple[bool, str | None]]] = {
    DEALS: {
        "JOIN": (False, "contoso-deals"),
        "KEEP": (False, "contoso-news"),
        "HUSH": (True, None),
        "MUTE": (True, "contoso-news"),
    }
}
# What asks which messages to keep.
QUESTION = "reply KEEP"
