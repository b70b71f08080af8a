"""The enumerations of the project."""

from enum import StrEnum


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
    """What somebody decides about a probable request: it was a request, or it was not."""

    CONFIRM = "confirm"
    LIFT = "lift"


class NumberType(StrEnum):
    """What kind of sender a number or sender ID is."""

    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"
    LONG_CODE = "long_code"
    ALPHANUMERIC = "alphanumeric"


class Via(StrEnum):
    """How ACS has a number that is not its own."""

    MESSAGING_CONNECT = "messaging_connect"


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


class ConsentState(StrEnum):
    """What is on record about a recipient, for those who ask whether they may be texted."""

    OUT = "out"
    IN = "in"
    NONE = "none"


class EvidenceKind(StrEnum):
    """What a piece of evidence records; also the `source` of the consent it gave."""

    MESSAGE = "message"
    DELIVERY_REPORT = "delivery_report"
    MANUAL = "manual"
    IMPORT = "import"
    RULES = "rules"
    LINK = "link"


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
