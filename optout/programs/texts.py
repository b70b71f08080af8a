"""The reply texts of a program file, each with the senders that it answers for."""

from collections.abc import Iterator
from dataclasses import dataclass

from optout.domain.enums import NumberType
from optout.language import rules
from optout.language.rules import ReplyDemands
from optout.programs.schema import ProgramEntry, Replies, SenderEntry, UnconfiguredEntry


@dataclass(frozen=True, slots=True)
class ReplyText:
    """One reply as it is written. `language` is empty for the program's own language."""

    entry: str
    program: str
    name: str
    language: str
    body: str
    senders: tuple[SenderEntry, ...]

    @property
    def demands(self) -> list[tuple[SenderEntry, ReplyDemands]]:
        """What carriers ask of it, each with the first sender that it applies to."""
        found: dict[tuple[NumberType, str | None], tuple[SenderEntry, ReplyDemands]] = {}
        for sender in self.senders:
            demands = rules.reply_demands(sender.place, sender.type)
            if demands:
                found.setdefault((sender.type, sender.place), (sender, demands))
        return list(found.values())


def sender_entry(program: ProgramEntry, position: int) -> str:
    """How findings name a sender; positions count from 1."""
    return f'program "{program.name}", sender {position} ({program.sender[position - 1].number})'


def keyword_entry(program: ProgramEntry, position: int) -> str:
    """How findings name a program's own words; positions count from 1."""
    words = ", ".join(program.keyword[position - 1].words)
    return f'program "{program.name}", keyword {position} ({words})'


def of_unconfigured(entry: UnconfiguredEntry) -> Iterator[ReplyText]:
    """Every reply to those who text a sender that no program names."""
    for language, name, body in _each(entry.replies.given()):
        yield ReplyText(
            f"unconfigured, {_field('replies', language, name)}", entry.name, name, language, body, ()
        )


def of(program: ProgramEntry) -> Iterator[ReplyText]:
    """Every reply of a program, of its words and of its senders."""
    for language, name, body in _each(program.replies.given()):
        answering = tuple(
            sender for sender in program.sender if name not in sender.replies.given().get(language, {})
        )
        entry = f'program "{program.name}", {_field("program.replies", language, name)}'
        yield ReplyText(entry, program.name, name, language, body, answering)
    for position, keyword in enumerate(program.keyword, start=1):
        if keyword.reply is not None:
            entry = f"{keyword_entry(program, position)}, reply"
            yield ReplyText(
                entry, program.name, keyword.intent, "", keyword.reply, tuple(program.sender)
            )
    for position, sender in enumerate(program.sender, start=1):
        for language, name, body in _each(sender.replies.given()):
            field = _field("program.sender.replies", language, name)
            entry = f"{sender_entry(program, position)}, {field}"
            yield ReplyText(entry, program.name, name, language, body, (sender,))


def _each(replies: Replies) -> Iterator[tuple[str, str, str]]:
    for language, given in replies.items():
        for name, body in given.items():
            yield language, name, body


def _field(table: str, language: str, name: str) -> str:
    return ".".join(part for part in (table, language, name) if part)
