"""The words of the project, as frozen values without behaviour beyond their own consistency.

Nothing here may know how a value arrives, where it is stored or how it is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from optout.domain.enums import (
    Activity,
    Certainty,
    Effect,
    EvidenceKind,
    Intent,
    Party,
    ProbablePolicy,
    ReplyStatus,
    ReviewVerdict,
    ScopeKind,
)
from optout.domain.text import is_bare_word


@dataclass(frozen=True, slots=True)
class Scope:
    """What a consent is about: one sender, one suppression list, or everything."""

    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)


EVERYTHING = Scope(ScopeKind.EVERYTHING)


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a recipient is out of or in a scope.

    `since` is the time of the first message of the present state, `at` that of the newest one that
    said the same. `source`, `keyword` and `evidence_id` belong to the first. `blocked_by` says, while
    out, who refuses messages: a carrier or ACS once it has done so, until the person opts in.
    """

    out: bool
    since: datetime
    at: datetime
    source: EvidenceKind
    keyword: str | None
    blocked_by: Party
    evidence_id: str


Consents = Mapping[Scope, Consent]


@dataclass(frozen=True, slots=True)
class Match:
    """What a text was understood as, and the rule and words that said so.

    `keyword` is the documented one that the whole message is once case, accents, punctuation and so on
    are set aside; `matched` are the words of the text that the rule found. `weighed` are the n-grams
    that spoke for a request where the rules alone refuse it; `unsure` says that no rule found it.
    """

    intent: Intent
    certainty: Certainty | None = None
    rule: str | None = None
    keyword: str | None = None
    language: str | None = None
    matched: str | None = None
    weighed: tuple[str, ...] = ()
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What ACS reported of a reply: whether it reached the phone, when, and why not."""

    delivered: bool
    at: datetime
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message: its frozen text, who gives it and what became of it.

    `send_id` is the repeatability id under which it is sent; together with `first_attempt_at` it
    makes every resend the same SMS to ACS. `in_doubt` is false only while it is certain that no
    attempt was taken. `resend` marks the latest delivery after the first that set out to send it,
    before it does: what an earlier one finds out is not the whole truth any more. After `expires_at` it
    is never sent.
    """

    answered_by: Party
    status: ReplyStatus
    text: str | None = None
    send_id: str | None = None
    first_attempt_at: datetime | None = None
    expires_at: datetime | None = None
    in_doubt: bool = False
    resend: str | None = None
    sent_at: datetime | None = None
    message_id: str | None = None
    error: str | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who called, as the platform verified it: the identity provider's id, and a display name, which
    the provider may change or give to somebody else."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """That other services are to be told of a recipient's standing, and when they were.

    Without `published_at` it is still pending. `version` is that of the standing that was published;
    earlier versions of optout announced something else, and have none.
    """

    published_at: datetime | None = None
    version: int | None = None

    @property
    def is_pending(self) -> bool:
        return self.published_at is None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Evidence whose reply or announcement is still pending, and which attempt to finish it comes next,
    counted from 1."""

    recipient: str
    evidence_id: str
    attempt: int = 1


# In the place of the recipient, where evidence is about no single person: an import as a whole.
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One message, delivery report, manual change, tap on a link or imported entry about one recipient.

    Append-only: after it is written, only `reply` and `announcement` move on, and `text` may be
    forgotten.
    `number` counts a recipient's evidence from 1; two writers that take the same number conflict.
    `at` is when it happened, `received_at` when it was received, later for each number.
    `scopes` are the consents it speaks about; none: it changes nothing. `policy` is that for a probable
    request. `about` is the id of the request that a verdict is about. `actor` is who a caller says it
    is, `principal` who the platform says it was. `asked` is the fingerprint of what was asked for,
    where the caller gave the change a key. `counts` says of an import as a whole how many of its rows
    had which effect.
    """

    id: str
    number: int
    kind: EvidenceKind
    recipient: str
    at: datetime
    received_at: datetime
    sender: str | None = None
    list: str | None = None
    scopes: tuple[Scope, ...] = ()
    message_id: str | None = None
    text: str | None = None
    intent: Intent = Intent.NONE
    certainty: Certainty | None = None
    rule: str | None = None
    keyword: str | None = None
    language: str | None = None
    matched: str | None = None
    policy: ProbablePolicy | None = None
    blocked_by: Party = Party.SERVICE
    effect: Effect = Effect.NONE
    flags: tuple[str, ...] = ()
    reply: Reply | None = None
    announcement: Announcement | None = None
    actor: str | None = None
    reason: str | None = None
    about: str | None = None
    verdict: ReviewVerdict | None = None
    principal: Principal | None = None
    asked: str | None = None
    counts: Mapping[str, int] | None = None

    @property
    def is_keyword(self) -> bool:
        """Whether it is a message that asked for something, or was answered without: what the guard
        against loops counts."""
        asks = self.intent is not Intent.NONE or self.reply is not None
        return self.kind is EvidenceKind.MESSAGE and asks

    @property
    def is_bare_keyword(self) -> bool:
        """Rule 15: whether it is a message that says a keyword and nothing else, so that a carrier and
        ACS act on it."""
        return (
            self.kind is EvidenceKind.MESSAGE
            and self.keyword is not None
            and is_bare_word(self.text or "", self.keyword, may_close=self.intent.opts_out)
        )

    @property
    def blocks_externally(self) -> bool:
        """Whether a carrier or ACS refuses messages after it."""
        understood = self.kind is not EvidenceKind.MESSAGE or self.is_bare_keyword
        return self.blocked_by.is_external and understood

    @property
    def needs_no_block(self) -> bool:
        """Rule 12: whether it is an opt-in that has no effect while a carrier or ACS blocks its sender:
        whatever is about that and is not the person's own bare word to it."""
        return (
            self.intent is Intent.START
            and any(scope.kind is ScopeKind.SENDER for scope in self.scopes)
            and self.verdict is None
            and not self.is_bare_keyword
        )

    @property
    def has_forgettable_text(self) -> bool:
        """Whether it holds a text that proves nothing and need not be kept."""
        return self.text is not None and self.intent is Intent.NONE

    @property
    def is_announcement_pending(self) -> bool:
        return self.announcement is not None and self.announcement.is_pending

    @property
    def is_reply_pending(self) -> bool:
        return self.reply is not None and self.reply.status is ReplyStatus.PENDING

    @property
    def is_pending(self) -> bool:
        """Whether something about it is still to be done."""
        return self.is_reply_pending or self.is_announcement_pending

    @property
    def is_for_review(self) -> bool:
        """Whether a person should say what the message was."""
        return self.policy is not None and self.policy.is_reviewed

    @property
    def activity(self) -> Activity | None:
        """What it counts as; an imported entry is not an event of its day and counts as nothing, unlike
        the import that it belongs to."""
        if self.kind is EvidenceKind.RULES:
            return None
        if self.kind is EvidenceKind.IMPORT:
            return Activity.OTHER if self.recipient == NOBODY else None
        if self.effect.is_change:
            return Activity(self.effect)
        return Activity.HELP if self.intent is Intent.HELP else Activity.OTHER


def no_evidence() -> tuple[Evidence, ...]:
    """The timeline of somebody about whom nothing is known."""
    return ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What must be known of a recipient to decide about one piece of evidence.

    Keyword messages to `sender` that were received since `recent_since` are recent; of those, the
    newest `recent_limit` are read.
    """

    recipient: str
    evidence_id: str
    sender: str | None = None
    recent_since: datetime | None = None
    recent_limit: int = 0


@dataclass(frozen=True, slots=True)
class RecipientState:
    """What is known of a recipient when a decision is made.

    `evidence` is the record of the same message, if it was recorded before. `consents` are all that the
    recipient has. `recent` are the newest
    keyword messages to the sender, newest first. `timeline` reads all evidence of the recipient, oldest
    first: hardly any decision needs it, and it may be long.
    """

    evidence: Evidence | None = None
    last_number: int = 0
    last_received_at: datetime | None = None
    consents: Consents = field(default_factory=dict)
    recent: tuple[Evidence, ...] = ()
    timeline: Callable[[], tuple[Evidence, ...]] = no_evidence


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write for one piece of evidence: itself, and the consents that it changes."""

    evidence: Evidence
    consents: Consents = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Evidence as it stands in the store, the consents of its recipient, and whether it was written now
    or found there."""

    evidence: Evidence
    consents: Consents
    is_new: bool


@dataclass(frozen=True, slots=True)
class ConsentSnapshot:
    """All consents of a recipient at one moment, and the number of the newest evidence then; 0 where
    there is none."""

    recipient: str
    number: int
    consents: Consents


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that could not be understood, kept whole until it is replayed."""

    id: str
    received_at: datetime
    reason: str
    body: str
