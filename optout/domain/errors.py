"""The errors that this project raises on purpose."""


class OptoutError(Exception):
    """Base of the errors that this project raises on purpose."""


class ConfigurationError(OptoutError):
    """A setting or the program file cannot be right; the message says what to change."""


class Retryable(OptoutError):
    """Not done, and trying again later may help: Event Grid must deliver the event again."""


class StoreAway(Retryable):
    """The store cannot answer now."""


class Refusal(OptoutError):
    """What a caller asks for is not done, and trying again changes nothing."""


class BadRequest(Refusal):
    """What was asked cannot be right; the message says what to change."""


class NotFound(Refusal):
    """What was asked for is not there."""


class KeyReused(Refusal):
    """A key that stands for one change is given to another; the message says what to do."""


class NotNow(Refusal):
    """What was asked does not agree with what holds by now; the message says why."""
