"""How far the opt-outs of a program reach: what a file says of it, and whether that is enough.

docs/revocation.md has what laws and policies ask; the day from which one asks for more, and who says
so, is in the country's file, optout/language/rules/*.toml.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from optout.domain.enums import ScopeKind
from optout.domain.text import comparison_key
from optout.domain.times import EARLIEST
from optout.language import rules
from optout.programs import contents, texts
from optout.programs.findings import Finding, Problem
from optout.programs.schema import ProgramEntry, ProgramFile, Reaching, SenderEntry

UNSAID = "reach_unsaid"


def everything_from(file: ProgramFile, program: Reaching | None) -> datetime | None:
    """When the opt-outs of a program begin to end everything, None if they never do. Of what no program
    names, the file says it."""
    said, day = _said(file, program)
    if said is not ScopeKind.EVERYTHING:
        return None
    return datetime.combine(day, time(), UTC) if day else EARLIEST


def problems(file: ProgramFile, today: date | None) -> Iterator[Finding]:
    """What is wrong with it, and what will be from some day on, if it is told the day."""
    entries: list[tuple[str, Reaching]] = [("file", file)]
    entries += [(f'program "{program.name}"', program) for program in file.program]
    if file.unconfigured:
        entries.append(("unconfigured", file.unconfigured))
    for name, entry in entries:
        said, _ = _said(file, None if entry is file else entry)
        if entry.reach_from and said is not ScopeKind.EVERYTHING:
            yield _ALONE.of(name)
    # Of senders that no program names, some may be where others are.
    reaching: list[tuple[str, Reaching, Iterable[ProgramEntry]]] = [
        (f'program "{program.name}"', program, [program]) for program in file.program
    ]
    if file.unconfigured:
        reaching.append(("unconfigured", file.unconfigured, file.program))
    for name, entry, programs in reaching:
        if today and _said(file, entry)[0] is None:
            yield from _unsaid(name, programs, today)
    for program in file.program:
        if everything_from(file, program):
            yield from _names_one(file, program)


def _said(file: ProgramFile, program: Reaching | None) -> tuple[ScopeKind | None, date | None]:
    """A program that says how far it reaches says since when, too; else the file does, and the program
    may say another day."""
    if program is None:
        return file.reach, file.reach_from
    if program.reach is not None:
        return program.reach, program.reach_from
    return file.reach, program.reach_from or file.reach_from


def _unsaid(name: str, programs: Iterable[ProgramEntry], today: date) -> Iterator[Finding]:
    reached = frozenset(
        country for program in programs for sender in program.sender for country in _reached(sender)
    )
    for code, country in rules.countries().items():
        asked = country.revocation
        if asked is None or today < asked.day - timedelta(days=asked.days_before):
            continue
        if code in reached:
            yield Problem(
                UNSAID,
                f"from {asked.day} on, {asked.asks} in {country.name}, and nothing says how far an "
                "opt-out here reaches: it ends its list alone",
                f'Write reach = "everything" and reach_from = {asked.day}, for the program or at the '
                'top of the file, or reach = "list" to keep it so; docs/revocation.md says what is '
                "asked.",
                asked.source,
            ).of(name)


def _reached(entry: SenderEntry) -> frozenset[str | None]:
    """The countries of a sender, of what stands for it, and those that these are limited to."""
    found: set[str | None] = set()
    for sender in (entry, *entry.replacements):
        ruleset = rules.choose(sender.type, sender.place, sender.manager, sender.via)
        found |= {sender.place, *((ruleset and ruleset.reach) or ())}
    return frozenset(found)


def _names_one(file: ProgramFile, program: ProgramEntry) -> Iterator[Finding]:
    """A confirmation that names one program where all of them end; a name that all begin with is
    everybody's."""
    name = comparison_key(program.name)
    others = {each.name for each in file.program if each.list != program.list}
    if all(name in comparison_key(other) for other in others):
        return
    for text in texts.of(program):
        if text.name == "stop" and name in comparison_key(text.body) and not contents.says_all(text):
            yield Problem(
                "stop_names_one",
                f"the stop reply names “{program.name}” alone, and a STOP to it ends everything",
                "Say that all messages end, or name whom all of them come from: “You opted out of all "
                "messages from …”.",
            ).of(text.entry)


_ALONE = Problem(
    "reach_from_alone",
    'a reach_from without reach = "everything": nothing would change on that day',
    'Add reach = "everything" beside it, or remove it.',
)
