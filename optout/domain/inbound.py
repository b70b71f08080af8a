"""What a person or ACS tells us: a text message, a delivery report."""

import re
from dataclasses import dataclass
from datetime import datetime

# Delivery codes of ACS; the FAQ quotes the words, samples show the number before them.
_OPTED_OUT = re.compile(r"\b4007\b|sender\s+blocked\s+for\s+given\s+recipient", re.IGNORECASE)
_UNVERIFIED = re.compile(r"\b4010\b")


@dataclass(frozen=True, slots=True)
class InboundSms:
    """One text message from a person (`recipient`) to one of our numbers (`sender`).

    `at` is when ACS received it, else the event's own time (`flags` says so), else None.
    """

    message_id: str
    recipient: str
    sender: str
    text: str
    at: datetime | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of one message from one of our numbers (`sender`) to a person (`recipient`).

    `at` is the time of the earliest attempt, else of the report, else of the event, else None.
    `details` is the reason as ACS writes it; `tag` what the sending service gave the message.
    """

    message_id: str
    recipient: str
    sender: str
    delivered: bool
    details: str
    tag: str
    at: datetime | None
    flags: tuple[str, ...]

    @property
    def says_opted_out(self) -> bool:
        """Whether the message failed because the recipient has opted out of the sender."""
        return not self.delivered and bool(_OPTED_OUT.search(self.details))

    @property
    def is_unverified(self) -> bool:
        """Whether the message failed because the toll-free number is not verified."""
        return not self.delivered and bool(_UNVERIFIED.search(self.details))
