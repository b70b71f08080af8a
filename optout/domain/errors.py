"""The errors that this project raises on purpose."""


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


class BadRequest(OptoutError):
    """What was asked cannot be right; the message says what to change."""


class NotFound(OptoutError):
    """What was asked for is not there."""


class NotNow(OptoutError):
    """What was asked does not agree with what holds by now; the message says why."""
