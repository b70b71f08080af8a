"""The reply texts of a program file, each with the senders that it answers for."""

from collections.abc import Iterator
from dataclasses import dataclass

from optout.domain.enums import NumberType
from optout.programs.schema import ProgramEntry, Replies, SenderEntry


@dataclass(frozen=True, slots=True)
class Text:
    """One reply as it is written. `language` is empty for the program's own."""

    entry: str
    program: str
    name: str
    language: str
    body: str
    senders: tuple[SenderEntry, ...]

    @property
    def short_code_countries(self) -> set[str | None]:
        """The countries whose short codes it answers for."""
        return {sender.place for sender in self.senders if sender.type is NumberType.SHORT_CODE}


def sender_entry(program: ProgramEntry, position: int) -> str:
    """How findings name a sender; positions count from 1."""
    return f'program "{program.name}", sender {position} ({program.sender[position - 1].number})'


def of(program: ProgramEntry) -> Iterator[Text]:
    """Every reply of a program and of its senders."""
    for language, name, body in _each(program.replies.given()):
        answering = tuple(
            sender for sender in program.sender if name not in sender.replies.given().get(language, {})
        )
        entry = f'program "{program.name}", {_field("program.replies", language, name)}'
        yield Text(entry, program.name, name, language, body, answering)
    for position, sender in enumerate(program.sender, start=1):
        for language, name, body in _each(sender.replies.given()):
            field = _field("program.sender.replies", language, name)
            entry = f"{sender_entry(program, position)}, {field}"
            yield Text(entry, program.name, name, language, body, (sender,))


def _each(replies: Replies) -> Iterator[tuple[str, str, str]]:
    for language, given in replies.items():
        for name, body in given.items():
            yield language, name, body


def _field(table: str, language: str, name: str) -> str:
    return ".".join(part for part in (table, language, name) if part)
