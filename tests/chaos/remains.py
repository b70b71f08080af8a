"""What a campaign left behind, beside what was planned: all that the oracle's checks look at."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from optout.domain.model import Consents, Evidence
from optout.operations.reply_delivery import REPLY_TAG
from tests.chaos.expected import Message
from tests.chaos.plan import Plan
from tests.support.acs import Message as Sms

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One attempt to send: when it began, and when its sight of the store did."""

    evidence: str
    real: float
    clock: float
    read_at: float
    read_at_clock: float
    is_first: bool


@dataclass
class Remains:
    """What is in the store, on the phones and in the log."""

    plan: Plan
    histories: Mapping[str, Sequence[Evidence]]
    consents: Mapping[str, Consents]
    quarantined: Sequence[str]
    sms: Sequence[Sms]
    rejected: Sequence[str]
    log: Sequence[Line]

    @cached_property
    def of_person(self) -> dict[str, list[Message]]:
        """The messages that each person sent."""
        theirs = defaultdict(list)
        for message in self.plan.messages:
            theirs[message.person].append(message)
        return theirs

    @cached_property
    def by_id(self) -> dict[str, tuple[Evidence, Message]]:
        """The evidence of each message."""
        messages = {(message.person, message.id): message for message in self.plan.messages}
        return {
            evidence.id: (evidence, message)
            for person, history in self.histories.items()
            for evidence in history
            if (message := messages.get((person, str(evidence.message_id))))
        }

    @cached_property
    def phones(self) -> Counter[str]:
        """How many SMS there were for each piece of evidence."""
        return Counter(str(sms.tag).removeprefix(REPLY_TAG) for sms in self.sms)

    @cached_property
    def faults(self) -> Counter[str]:
        return Counter(line["kind"] for line in self._lines["fault"])

    @cached_property
    def attempts(self) -> list[Attempt]:
        """Those that belong to a message, in no order."""
        return [
            Attempt(line["id"], line["real"], line["clock"], line["basis"], line["seen"], line["first"])
            for line in self._lines["attempt"]
            if line["id"] in self.by_id
        ]

    @cached_property
    def attempts_of(self) -> dict[str, list[Attempt]]:
        """The attempts to answer each piece of evidence."""
        attempts = defaultdict(list)
        for attempt in self.attempts:
            attempts[attempt.evidence].append(attempt)
        return attempts

    @cached_property
    def began(self) -> dict[str, float]:
        """When each piece of evidence began to be written; missing where a kill kept it untold."""
        return {line["id"]: line["began"] for line in self._lines["record"]}

    @cached_property
    def committed(self) -> dict[str, float]:
        """When it was known to be written."""
        return {line["id"]: line["real"] for line in self._lines["record"]}

    @cached_property
    def settled(self) -> dict[str, float]:
        """When the last word about a reply was written, on the campaign's clock."""
        return {line["id"]: line["clock"] for line in self._lines["settle"]}

    @cached_property
    def slowest(self) -> float:
        """How long, on the campaign's clock, an SMS was on its way after its truth was last checked."""
        seen: dict[str, float] = {}
        slowest = 0.0
        for line in self.log:
            if line["what"] == "attempt":
                seen[line["id"]] = line["seen"]
            elif line["what"] == "answer" and line["sending"] == "TAKEN":
                slowest = max(slowest, line["clock"] - seen[line["id"]])
        return slowest

    @cached_property
    def _lines(self) -> dict[str, list[Line]]:
        lines = defaultdict(list)
        for line in self.log:
            lines[str(line["what"])].append(line)
        return lines
