"""The words of the project, as frozen values without behaviour beyond their own consistency.

All times are timezone-aware; a naive one is refused by `aware`. Nothing here may know how a value
arrives, where it is stored or how it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from optout.ids import derived_id


class Intent(StrEnum):
    """What a message asks for."""

    STOP = "stop"
    STOP_ALL = "stop_all"
    START = "start"
    HELP = "help"
    NONE = "none"

    @property
    def opts_out(self) -> bool:
        return self in (Intent.STOP, Intent.STOP_ALL)

    @property
    def changes_consent(self) -> bool:
        return self.opts_out or self is Intent.START


class Certainty(StrEnum):
    """How sure the classifier is of an intent."""

    CERTAIN = "certain"
    PROBABLE = "probable"


class ProbablePolicy(StrEnum):
    """What a probable request does: it suppresses at once, waits for a person, or does nothing."""

    SUPPRESS = "suppress"
    REVIEW = "review"
    IGNORE = "ignore"

    @property
    def is_reviewed(self) -> bool:
        return self is not ProbablePolicy.IGNORE


class ReviewVerdict(StrEnum):
    """What a person says of a probable request: it was one, or it was none."""

    CONFIRM = "confirm"
    LIFT = "lift"


class NumberType(StrEnum):
    """What kind of sender a number or sender ID is."""

    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"
    LONG_CODE = "long_code"
    ALPHANUMERIC = "alphanumeric"


class Party(StrEnum):
    """Who blocks messages or who answers: the carrier, ACS, this service, or nobody."""

    CARRIER = "carrier"
    PLATFORM = "platform"
    SERVICE = "service"
    NOBODY = "nobody"

    @property
    def is_external(self) -> bool:
        """Whether this service can neither lift this party's block nor replace its answer."""
        return self in (Party.CARRIER, Party.PLATFORM)


class ScopeKind(StrEnum):
    """How far a consent reaches."""

    SENDER = "sender"
    LIST = "list"
    EVERYTHING = "everything"


class EvidenceKind(StrEnum):
    """What a piece of evidence records; also the `source` of the consent it gave."""

    MESSAGE = "message"
    DELIVERY_REPORT = "delivery_report"
    MANUAL = "manual"
    IMPORT = "import"


class Effect(StrEnum):
    """What a piece of evidence did to the consents it speaks about."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    CONFIRMED = "confirmed"
    NONE = "none"
    OUTDATED = "outdated"

    @property
    def is_change(self) -> bool:
        return self in (Effect.OPTED_OUT, Effect.OPTED_IN)


class Activity(StrEnum):
    """What a piece of evidence counts as, by day and sender."""

    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    HELP = "help"
    OTHER = "other"


class ReplyStatus(StrEnum):
    """What became of the answer to a message. Only PENDING may still change."""

    PENDING = "pending"
    SENT = "sent"
    PRINTED = "printed"
    BY_CARRIER = "by_carrier"
    BY_PLATFORM = "by_platform"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    GUARDED = "guarded"
    BLOCKED = "blocked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NONE = "none"

    @property
    def may_have_been_sent(self) -> bool:
        """Whether the phone has, or may have, an automatic reply of ours."""
        return self in (
            ReplyStatus.PENDING,
            ReplyStatus.SENT,
            ReplyStatus.PRINTED,
            ReplyStatus.UNKNOWN,
        )


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

    `keyword` is a documented one that the whole message is, so that a carrier and ACS understand it,
    too; `matched` are the words of the text that the rule found.
    """

    intent: Intent
    certainty: Certainty | None = None
    rule: str | None = None
    keyword: str | None = None
    language: str | None = None
    matched: str | None = None


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
    """Who called, as the platform verified it: the identity provider's id, and a name for people, which
    the provider may change or give to somebody else."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """The changes of consent that other services are told of: their scopes, and when that was done.

    Without `published_at` it is still pending.
    """

    scopes: tuple[Scope, ...]
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One message, delivery report, manual change or imported entry about one recipient.

    Append-only: after it is written, only `reply` and `announcement` move on, and `text` may be
    forgotten.
    `number` counts a recipient's evidence from 1; two writers that take the same number conflict.
    `at` is when it happened, `received_at` when it was taken in, later for each number.
    `scopes` are the consents it speaks about; none: it changes nothing. `policy` is that for a probable
    request. `about` is the id of the request that a verdict is about. `actor` is who a caller says it
    is, `principal` who the platform says it was.
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

    @property
    def is_for_review(self) -> bool:
        """Whether a person should say what the message was."""
        return self.policy is not None and self.policy.is_reviewed

    @property
    def activity(self) -> Activity | None:
        """What it counts as; an imported entry is no event of its day and counts as nothing."""
        if self.kind is EvidenceKind.IMPORT:
            return None
        if self.effect.is_change:
            return Activity(self.effect)
        return Activity.HELP if self.intent is Intent.HELP else Activity.OTHER


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows about a recipient when a decision is made.

    `evidence` is the record of the same message, if it was handled before. `recent` are the newest
    keyword messages of the same recipient and sender within the last hour, newest first.
    `timeline` is all evidence of the recipient; it is read only when a message comes late.
    """

    evidence: Evidence | None = None
    last_number: int = 0
    last_received_at: datetime | None = None
    consents: Consents = field(default_factory=dict)
    recent: tuple[Evidence, ...] = ()
    timeline: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write for one piece of evidence: itself, and the consents that it changes."""

    evidence: Evidence
    consents: Consents = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An event that could not be understood, kept whole until it is replayed."""

    id: str
    received_at: datetime
    reason: str
    body: str


class OptoutError(Exception):
    """Base of the errors that this project raises on purpose."""


class ConfigurationError(OptoutError):
    """A setting or the program file cannot be right; the message says what to change."""


class Retryable(OptoutError):
    """Not done, and trying again later may help: Event Grid must deliver the event again."""


class StoreAway(Retryable):
    """The store cannot answer now."""


class Conflict(Retryable):
    """Somebody else wrote about the same recipient since it was read: read again and decide anew."""


# Before Azure Communication Services existed: a serialiser's default value or a slip, not a time.
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)


def aware(moment: datetime) -> datetime:
    """The moment in UTC; a naive one is a bug and raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return moment.astimezone(UTC)


def evidence_id(kind: EvidenceKind, message_id: str, recipient: str) -> str:
    """The same id for every delivery of the same message: derived, and safe as a key anywhere."""
    return derived_id(f"{kind}\n{message_id}\n{recipient}")


def verdict_id(evidence: str, recipient: str) -> str:
    """The id of the one verdict on a probable request."""
    return evidence_id(EvidenceKind.MANUAL, f"verdict\n{evidence}", recipient)


def announcement_id(evidence: str, scope: Scope) -> str:
    """The id of the announcement of one change, the same however often it is published."""
    return derived_id(f"announcement\n{evidence}\n{scope}")


def reply_send_id(evidence: str) -> str:
    """The repeatability id of the reply to a piece of evidence."""
    return derived_id(f"reply\n{evidence}")
