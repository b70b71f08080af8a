"""Classify again what people have written, by today's rules, and find what would change.

Nothing is written: it shows what a change of the rules would mean before it goes live.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from optout.domain.enums import Certainty, EvidenceKind, Intent
from optout.language import classify
from optout.operations.evidence_pages import all_evidence
from optout.programs.directory import Directory
from optout.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What a text was or would be understood as."""

    intent: Intent
    certainty: Certainty | None
    rule: str | None

    def __str__(self) -> str:
        if self.intent is Intent.NONE:
            return "none"
        return f"{self.intent} ({self.certainty}, {self.rule})"

    def differs(self, other: "Interpretation") -> bool:
        """Whether it would be treated otherwise; another rule that says the same changes nothing, but
        what only the second reader finds has a policy of its own."""
        return (self.intent, self.certainty, self.is_unsure) != (
            other.intent,
            other.certainty,
            other.is_unsure,
        )

    @property
    def is_unsure(self) -> bool:
        """Whether only the second reader found it."""
        return self.rule == classify.UNSURE


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was understood when it arrived; without a text once that is forgotten."""

    sender: str
    text: str | None
    before: Interpretation
    at: datetime | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A message and what it would be understood as now."""

    message: Message
    after: Interpretation

    @property
    def changed(self) -> bool:
        return self.message.before.differs(self.after)


def messages(store: Store) -> Iterator[Message]:
    """Every message of the history, by recipient, in constant memory."""
    for item in all_evidence(store):
        if item.kind is EvidenceKind.MESSAGE:
            before = Interpretation(item.intent, item.certainty, item.rule)
            yield Message(item.sender or "", item.text, before, item.at, item.recipient)


def replayed(found: Iterable[Message], directory: Directory) -> Iterator[Replayed]:
    """What each message that still has its text would be understood as now."""
    for message in found:
        if message.text is not None:
            sender = directory.sender(message.sender, message.recipient)
            match = classify.classify(message.text, sender.rules)
            yield Replayed(message, Interpretation(match.intent, match.certainty, match.rule))
