"""The program file: reading it, and everything that is or may be wrong with it.

The start-up and `python -m optout check-programs` ask the same `check_file`. What the rules are and who
says so is data in `guidance.toml`; docs/programs.md explains every field and every rule.
"""

import codecs
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from optout.domain.enums import NumberType
from optout.domain.errors import ConfigurationError
from optout.programs import contents, keywords, lengths, reach, schema, senders, texts
from optout.programs.findings import Finding, Problem, Severity
from optout.programs.locator import Locator
from optout.programs.schema import ProgramEntry, ProgramFile
from optout.programs.texts import ReplyText


@dataclass(frozen=True, slots=True)
class Checked:
    """A program file and what was found; `file` is None if its fields could not be understood."""

    file: ProgramFile | None
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def texts(self) -> list[ReplyText]:
        """Every reply of the file."""
        return list(_texts(self.file)) if self.file else []


def check_file(path: Path, today: date | None = None, content: bytes | None = None) -> Checked:
    """Everything that can be found in a file, on a day; without one, nothing that depends on the day.
    With content, that is checked, and the path is only its name. Raises ConfigurationError if it is not
    TOML."""
    text = _text(path, _read(path) if content is None else content)
    try:
        document = tomllib.loads(text)
    except ValueError as problem:  # TOML, or a number of thousands of digits
        raise ConfigurationError(f"{path}: not valid TOML: {problem}{_once_only(text)}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deeply to be read") from None
    located = Locator(text)
    try:
        file = ProgramFile.model_validate(document)
    except ValidationError as problem:
        errors = tuple(
            located.finding(schema.finding(document, dict(error)), error["loc"])
            for error in problem.errors()
        )
        return Checked(None, errors, ())
    found = [
        *(item for program in file.program for item in _findings(file, program)),
        *_claimed_twice(file),
        *_former_names(file),
        *keywords.problems(file),
        *reach.problems(file, today),
        *(
            problem.of(text.entry)
            for text in _texts(file)
            for problem in (*contents.problems(text), *lengths.problems(text))
        ),
    ]
    if not file.program:
        found.append(_NO_PROGRAMS.of("file"))
    placed = [located.finding_of(file, finding) for finding in found]
    return Checked(
        file,
        tuple(finding for finding in placed if finding.severity is Severity.ERROR),
        tuple(finding for finding in placed if finding.severity is Severity.WARNING),
    )


_NO_PROGRAMS = Problem(
    "no_programs",
    "no program is in it: no sender is known, and nobody may be texted",
    "Begin a program with [[program]], and each of its senders with [[program.sender]].",
)
_SINGLE = re.compile(
    r"^[ \t]*\[[ \t]*(program(?:[ \t]*\.[ \t]*(?:sender|keyword))?)[ \t]*\]", re.MULTILINE
)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigurationError(
            f"{path}: cannot be read ({problem.strerror}). Set OPTOUT_PROGRAMS to your program file."
        ) from None


def _text(path: Path, content: bytes) -> str:
    """What a file says. Raises ConfigurationError where it is not in UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:4]:
        raise ConfigurationError(
            f"{path}: not valid TOML: it is saved as UTF-16, at position 0. Save it as UTF-8"
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        wrong = content[problem.start : problem.start + 1]
        raise ConfigurationError(
            f"{path}: not valid TOML: not in UTF-8, at line {line} (the byte 0x{wrong.hex().upper()}, "
            f"perhaps “{wrong.decode('latin-1')}” in Latin-1 or Windows-1252). Save it as UTF-8"
        ) from None


def _once_only(text: str) -> str:
    """What to write where a table that there may be many of stands in single brackets."""
    found = _SINGLE.search(text)
    if not found:
        return ""
    line = text.count("\n", 0, found.start()) + 1
    return (
        f". In line {line} write [[{found[1]}]], with two brackets: [{found[1]}] can be there only "
        "once, while each of several begins with [[…]]"
    )


def _findings(file: ProgramFile, program: ProgramEntry) -> Iterator[Finding]:
    for position, sender in enumerate(program.sender, start=1):
        entry = texts.sender_entry(program, position)
        for problem in (
            *senders.problems(sender),
            *senders.advice(sender, has_links=file.has_links(program, sender)),
            *contents.shortened(sender.opt_out_by or ""),
            *contents.missing_languages(program, sender),
            *contents.forbidden_way_out(sender, has_links=file.has_links(program, sender)),
        ):
            yield problem.of(entry)
    only_toll_free = {sender.type for sender in program.sender} == {NumberType.TOLL_FREE}
    if only_toll_free and any("start" in given for given in program.replies.given().values()):
        yield senders.carrier_text("start").of(f'program "{program.name}", replies')
    places = {sender.place for sender in program.sender}
    for country in program.probable.countries:
        if country and country not in places:
            yield Finding(
                f'program "{program.name}", probable.{country}',
                "probable_country",
                f"no sender of this program is in {country}",
                "Correct the country, or remove the table.",
            )


def _texts(file: ProgramFile) -> Iterator[ReplyText]:
    for program in file.program:
        yield from texts.of(program)
    if file.unconfigured:
        yield from texts.of_unconfigured(file.unconfigured)


def _claimed_twice(file: ProgramFile) -> Iterator[Finding]:
    claims: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for program in file.program:
        for position, sender in enumerate(program.sender, start=1):
            # A number that is itself wrong claims nothing.
            if not any(senders.problems(sender)):
                for claim in map(senders.claim, (sender, *sender.replacements)):
                    claims[claim].append(texts.sender_entry(program, position))
    for claimants in claims.values():
        for claimant in claimants[1:]:
            yield Problem(
                "claimed_twice",
                f"this sender is also claimed by {claimants[0]}",
                "A sender belongs to exactly one program: remove one of the two entries.",
            ).of(claimant)


def _former_names(file: ProgramFile) -> Iterator[Finding]:
    """A name that a list had before is nobody's now, and was one list's."""
    lists = file.lists
    claims: dict[str, ProgramEntry] = {}
    for program in file.program:
        entry = f'program "{program.name}", formerly'
        for name in dict.fromkeys(program.formerly):
            claimant = claims.setdefault(name, program)
            if name in lists:
                yield Problem(
                    "formerly_in_use",
                    f'"{name}" is still the list of a program',
                    "Only a name that no program has any more can stand here: remove it, or rename "
                    "that list, too.",
                ).of(entry)
            elif claimant.list != program.list:
                yield Problem(
                    "formerly_twice",
                    f'"{name}" is also claimed by program "{claimant.name}", for another list',
                    "The people of a list are meant by one list: remove one of the two entries.",
                ).of(entry)
