"""The errors that this project raises on purpose."""

from collections.abc import Sequence


def in_short(problem: Exception) -> str:
    """What a failed request to a service of Azure says: the HTTP status, and the service's code or the
    error's class. Not its text, which may contain an address with a signature or a person's number."""
    status = getattr(problem, "status_code", None)
    code = getattr(problem, "error_code", None)
    return f"{status or ''} {getattr(code, 'value', code) or type(problem).__name__}".strip()


class OptoutError(Exception):
    """Base of the errors that this project raises on purpose."""


class ConfigurationError(OptoutError):
    """A setting or the program file is wrong; the message says what to change."""


class Retryable(OptoutError):
    """Not done, and trying again later may help: Event Grid must deliver the event again."""


class StoreAway(Retryable):
    """The store cannot answer now."""


class NotFinished(Retryable):
    """It is recorded, but its reply or its announcement is still pending, and nothing remembers
    that."""


class Refusal(OptoutError):
    """What a caller asks for is not done, and trying again does not help."""


class BadRequest(Refusal):
    """The request is not valid; the message says what to change."""


class NotFound(Refusal):
    """What was asked for does not exist."""


class UnknownSender(NotFound):
    """Rule 10: no program names the sender, so that it is perhaps mistyped; `nearest` are the names of
    those that are most like it."""

    def __init__(self, sender: str, nearest: Sequence[str]) -> None:
        meant = f"did you mean {' or '.join(nearest)}?" if nearest else "correct it."
        super().__init__(
            f"no program names the sender {sender}; {meant} If it is right all the same, say "
            "allow_unconfigured"
        )
        self.nearest = tuple(nearest)


class Gone(Refusal):
    """What a caller goes on from is not there any more; the message says why, and what to do."""


class KeyReused(Refusal):
    """A key that stands for one change is given to another; the message says what to do."""


class NotNow(Refusal):
    """The request conflicts with the present state; the message says why."""
