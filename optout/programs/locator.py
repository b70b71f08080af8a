"""Where in a program file a finding is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from optout.programs import texts
from optout.programs.findings import Finding
from optout.programs.positions import Path, Place, places
from optout.programs.schema import ProgramFile


class Locator:
    """The places of a file, which are looked for when something is found."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _places(self) -> Mapping[Path, Place]:
        try:
            return places(self._text)
        except RecursionError:  # nested as deeply as can be read
            return {}

    def finding(self, finding: Finding, path: Sequence[str | int]) -> Finding:
        """A finding with its place: that of the path, or of the innermost table around it that is
        written."""
        written = tuple(part for part in path if part not in ("languages", "countries", ""))
        for end in range(len(written), 0, -1):
            if place := self._places.get(written[:end]):
                return replace(finding, place=place)
        return finding

    def finding_of(self, file: ProgramFile, finding: Finding) -> Finding:
        """A finding about a file whose fields are understood, with the place of the entry that it
        names."""
        entry, path = max(
            ((name, path) for name, path in _entries(file) if finding.entry.startswith(name)),
            key=lambda found: len(found[0]),
            default=("", ()),
        )
        field = finding.entry[len(entry) :].removeprefix(", ").split(".")
        inner = [part for part in field if part not in ("program", "sender")]
        return self.finding(finding, (*path, *inner)) if path else finding


def _entries(file: ProgramFile) -> Iterator[tuple[str, Path]]:
    """How findings name each entry, and where it is. Of programs of one name the first is meant."""
    if file.unconfigured:
        yield "unconfigured", ("unconfigured",)
    for number, program in enumerate(file.program):
        yield f'program "{program.name}"', ("program", number)
        for position in range(len(program.sender)):
            yield texts.sender_entry(program, position + 1), ("program", number, "sender", position)
        for position in range(len(program.keyword)):
            yield texts.keyword_entry(program, position + 1), ("program", number, "keyword", position)
