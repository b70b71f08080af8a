"""The target of an opt-out or opt-in that somebody else enters: a sender, a list or everything."""

from dataclasses import dataclass, replace
from datetime import datetime

from optout.decisions import consent
from optout.decisions.evidence import requested_scopes
from optout.domain.enums import Certainty, EvidenceKind, Intent, Party, ScopeKind
from optout.domain.model import EVERYTHING, Evidence, Scope
from optout.programs.directory import Sender


@dataclass(frozen=True, slots=True)
class Target:
    """What a manual change is about: a sender (and its list, as the person's own word would be), a
    list, or everything."""

    sender: Sender | None = None
    list: str | None = None
    everything: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The consents that it names."""
        if self.sender:
            return consent.word_scopes(self.sender)
        return (EVERYTHING,) if self.everything else (Scope(ScopeKind.LIST, self.list or ""),)

    def about(self, recipient: str) -> "Target":
        """The target of a change about one recipient: of several senders with the same digits, the one
        that can reach it."""
        if self.sender is None or not self.sender.alike:
            return self
        return replace(self, sender=self.sender.for_recipient(recipient))

    def evidence(
        self, kind: EvidenceKind, *, out: bool, now: datetime, at: datetime | None = None
    ) -> Evidence:
        """The evidence of an opt-out or opt-in that somebody else enters, of now or another time; whom
        it is about, its id and who enters it are still to be said.

        By hand and by a link, an opt-out of a sender reaches as far as the person's own word would. A
        list from elsewhere says nothing of that.
        """
        opted_out = Intent.STOP_ALL if self.everything else Intent.STOP
        intent, at = opted_out if out else Intent.START, at or now
        scopes = self.scopes
        if self.sender and kind in (EvidenceKind.MANUAL, EvidenceKind.LINK):
            scopes = requested_scopes(intent, self.sender, at)
        return Evidence(
            id="",
            number=0,
            kind=kind,
            recipient="",
            at=at,
            received_at=now,
            sender=self.sender.id if self.sender else None,
            list=self.sender.list if self.sender else self.list,
            scopes=scopes,
            intent=intent,
            certainty=Certainty.CERTAIN,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """An opt-out from one sender that a change leaves in place, and what would lift it."""

    sender: Sender
    blocked_by: Party

    @property
    def remedy(self) -> str:
        if not self.blocked_by.is_external:
            return (
                f"The person opted out of {self.sender.name} itself: opt them in with that sender, "
                "too, if that is what they ask for."
            )
        opt_ins = [
            keyword for keyword in self.sender.rules.keywords.values() if keyword.intent is Intent.START
        ]
        answered = [keyword for keyword in opt_ins if keyword.answered_by is self.blocked_by]
        words = " or ".join(keyword.word for keyword in answered or opt_ins)
        whom = "The carrier" if self.blocked_by is Party.CARRIER else "ACS"
        return (
            f"{whom} blocks messages from {self.sender.name} to this person, and only the person can "
            f"lift that: ask them to text {words or 'START'} to {self.sender.name}."
        )
