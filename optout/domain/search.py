"""What somebody looks for in the journal, and whether a piece of evidence is that."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from optout.domain.enums import Activity, EvidenceKind, ScopeKind
from optout.domain.model import Evidence, Scope
from optout.domain.text import plain_text

_NO_DIGIT = re.compile(r"[\s().-]")
_DIGITS = re.compile(r"\+?[0-9]{3,}")


@dataclass(frozen=True)
class Search:
    """What is looked for: all that is said of it. None says nothing.

    `since` and `until` are about when it was received: from the first on, and before the second.
    `sender` is an id. A list is that of the evidence, or one that it changes. `actor` and `text` are
    parts of what was written, whatever their case and accents: of who did it; of the words of a
    message, a reason, or the person's number.
    """

    since: datetime | None = None
    until: datetime | None = None
    sender: str | None = None
    list: str | None = None
    kind: EvidenceKind | None = None
    activity: Activity | None = None
    actor: str | None = None
    text: str | None = None

    def takes(self, evidence: Evidence) -> bool:
        """Whether it is what is looked for."""
        return (
            (self.since is None or evidence.received_at >= self.since)
            and (self.until is None or evidence.received_at < self.until)
            and self.sender in (None, evidence.sender)
            and self.kind in (None, evidence.kind)
            and self.activity in (None, evidence.activity)
            and (self.list is None or self._is_about_list(evidence))
            and (self.actor is None or self._is_by_actor(evidence))
            and (self.text is None or self._has_text(evidence))
        )

    def may_take(self, sender: str | None, activity: str) -> bool:
        """Whether evidence with this sender can be what is looked for, and with this activity; an empty
        one is of evidence of which that is not known."""
        return self.sender in (None, sender) and (not activity or self.activity in (None, activity))

    def may_be_in(self, written: str) -> bool:
        """Whether evidence that is written like this, as JSON, can be what is looked for: a quick look
        that spares reading most of it."""
        if self.actor is not None and '"actor"' not in written and '"principal"' not in written:
            return False
        if self.text is None or not self._text.replace(" ", "").isalnum() or not written.isascii():
            return True
        return self._text in written.casefold() or bool(self._digits and self._digits in written)

    def _is_about_list(self, evidence: Evidence) -> bool:
        return evidence.list == self.list or Scope(ScopeKind.LIST, self.list or "") in evidence.scopes

    def _is_by_actor(self, evidence: Evidence) -> bool:
        who = evidence.principal
        names = [evidence.actor, *((who.id, who.name) if who else ())]
        return any(self._actor in _folded(name) for name in names if name)

    def _has_text(self, evidence: Evidence) -> bool:
        if self._digits and self._digits in evidence.recipient:
            return True
        return any(self._text in _folded(said) for said in (evidence.text, evidence.reason) if said)

    @cached_property
    def _actor(self) -> str:
        return _folded(self.actor or "")

    @cached_property
    def _text(self) -> str:
        return _folded(self.text or "")

    @cached_property
    def _digits(self) -> str:
        """The text as a part of a number; empty where it is none."""
        digits = _NO_DIGIT.sub("", self.text or "")
        return digits if _DIGITS.fullmatch(digits) else ""


def _folded(text: str) -> str:
    return plain_text(text).casefold()


ANYTHING = Search()
