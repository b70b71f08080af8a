"""What a campaign left behind, beside what was planned: all that the oracle's checks look at."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from optout.domain.model import Consents, Evidence
from optout.operations.reply_delivery import REPLY_TAG
from tests.chaos.acts import Act
from tests.chaos.expected import Message, Said, State, by_time
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
    announced: Sequence[Mapping[str, Any]]
    log: Sequence[Line]
    is_in_tables: bool = False

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
    def acts(self) -> dict[str, Act]:
        """The changes and imports, by what their evidence has for a reason."""
        return {act.id: act for act in self.plan.acts}

    @cached_property
    def said(self) -> dict[str, Said]:
        """What each piece of evidence says, of those that say anything. That it is dated as it should
        be, and lifts what it may, is for the checks."""
        found = (self._said(each) for history in self.histories.values() for each in history)
        return {each.id: each for each in found if each is not None}

    def said_in(self, history: Sequence[Evidence]) -> list[Said]:
        return [self.said[each.id] for each in history if each.id in self.said]

    @cached_property
    def states(self) -> dict[str, dict[str, State]]:
        """What the consents of each person should be."""
        return {person: by_time(self.said_in(history)) for person, history in self.histories.items()}

    @cached_property
    def imported(self) -> frozenset[str]:
        """Whom an import was about."""
        return frozenset(
            person
            for person, history in self.histories.items()
            if any(each.kind == "import" for each in history)
        )

    def _said(self, evidence: Evidence) -> Said | None:
        if evidence.id in self.by_id:
            said = self.by_id[evidence.id][1].said
            return None if said is None else replace(said, id=evidence.id)
        if evidence.about in self.by_id and evidence.verdict is not None:
            request = self.by_id[evidence.about][1]
            if evidence.verdict == "confirm":
                return Said(evidence.id, request.at, True, request.asked)
            lifted = tuple(map(str, evidence.scopes))
            return Said(evidence.id, evidence.at, False, lifted, lifts=evidence.about)
        act = self.acts.get(str(evidence.reason))
        return None if act is None else act.said(evidence.id, evidence.at)

    def lines(self, what: str) -> Sequence[Line]:
        """What was written down of a kind."""
        return self._lines[what]

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
