"""What a guarded send does, step by step, without doing any of it: sync and aio walk through the same.

Each chunk is judged immediately before it is sent. Nobody gets the text twice in one call, however often and
in whatever spelling they are named.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from ._models import CheckResult
from ._results import GuardedSmsResult, Reason, as_named, told, unsent

# What ACS takes in one request.
CHUNK = 100
# What may be about an opt-out. Generous: the app decides, by its own rule.
_ABOUT_OPT_OUT = re.compile(r"4007|block|opt(?:ed)?[ -]?out|unsubscri|\bstop\b", re.IGNORECASE)


class Campaign:
    """One call of `send`: whom it is for, and what has become of it so far."""

    def __init__(self, to: str | Sequence[str]) -> None:
        self._given = [to] if isinstance(to, str) else list(to)
        # Of each spelling: the number to text, or why there is none.
        self._numbers: dict[str, str] = {}
        self._refused: dict[str, GuardedSmsResult] = {}
        # Of each number that ACS was asked to text.
        self._texted: dict[str, GuardedSmsResult] = {}
        self._over: str | None = None

    @property
    def has_sent_nothing(self) -> bool:
        """Whether an error may still be raised: nobody has got a text, so that calling again is right."""
        return not self._texted

    def chunks(self) -> Iterator[list[str]]:
        """The recipients to judge and to text next, until all were or the campaign is over."""
        each = list(dict.fromkeys(self._given))
        for first in range(0, len(each), CHUNK):
            if self._over is None:
                yield each[first : first + CHUNK]

    def judge(self, chunk: Sequence[str], results: Sequence[CheckResult]) -> list[str]:
        """The numbers of a chunk to text, each once, by what the list says of its recipients."""
        for recipient, result in zip(chunk, results, strict=True):
            if result.suppressed:
                reason: Reason = "not_a_number" if result.error else "opted_out"
                self._refused[recipient] = unsent(recipient, reason, result.explanation or "opted out")
            else:
                self._numbers[recipient] = result.recipient
        free = dict.fromkeys(self._numbers[each] for each in chunk if each in self._numbers)
        return [number for number in free if number not in self._texted]

    def settle(self, numbers: Sequence[str], answers: Sequence[Any]) -> None:
        """What ACS said of each number. About whom it said nothing, nothing is known."""
        said = {answer.to.lstrip("+"): answer for answer in answers}
        for number in numbers:
            answer = said.get(number.lstrip("+"))
            self._texted[number] = (
                told(answer) if answer else unsent(number, "unknown", "ACS has said nothing about it")
            )

    def fail(self, numbers: Sequence[str], problem: Exception) -> None:
        """ACS has not taken a chunk, or has not said so."""
        message = f"ACS: {_in_words(problem)}"
        status = getattr(problem, "status_code", None)
        reason: Reason = "unknown"
        if is_certainly_unsent(problem):
            reason = "refused" if status == 400 else "not_sent"
        for number in numbers:
            self._texted[number] = unsent(number, reason, message, status)
        # A request that is wrong says nothing about the next one; anything else the next would meet, too.
        if status != 400:
            self._over = message

    def stop(self, problem: Exception) -> None:
        """The list has stopped answering: nobody else may be texted."""
        self._over = f"the list: {_in_words(problem)}"

    def opt_outs(self, numbers: Sequence[str]) -> list[tuple[str, str]]:
        """Who of a chunk has opted out by what ACS says, and its words."""
        answered = [self._texted[number] for number in numbers]
        return [
            (each.to, str(each.error_message))
            for each in answered
            if each.reason == "refused" and _ABOUT_OPT_OUT.search(each.error_message or "")
        ]

    def results(self) -> list[GuardedSmsResult]:
        """One for each recipient, in the order given, by the name that was given."""
        return [as_named(recipient, self._result(recipient)) for recipient in self._given]

    def _result(self, recipient: str) -> GuardedSmsResult:
        if recipient in self._refused:
            return self._refused[recipient]
        texted = self._texted.get(self._numbers.get(recipient, ""))
        return texted or unsent(recipient, "not_sent", self._over or "not sent")


def is_certainly_unsent(problem: Exception) -> bool:
    """Whether ACS has taken no message of a request that failed so."""
    if isinstance(problem, HttpResponseError):
        return 400 <= (problem.status_code or 0) < 500 and problem.status_code != 408
    if isinstance(problem, ServiceRequestError):
        return not _may_have_arrived(problem)
    return not isinstance(problem, AzureError) and not _is_unread(problem)


def _may_have_arrived(problem: ServiceRequestError) -> bool:
    """azure-core calls whatever befalls aiohttp's connection a request that was not sent, also a connection
    that was closed while its answer was waited for. Only one that was never made is certain."""
    kinds = {kind.__name__ for kind in type(problem.inner_exception).__mro__}
    return (
        not kinds.isdisjoint({"ServerConnectionError", "ClientOSError"})
        and "ClientConnectorError" not in kinds
    )


def _is_unread(problem: Exception) -> bool:
    """An answer that azure-communication-sms 1.1 could not read: msrest's errors are no AzureError."""
    return type(problem).__name__ == "DeserializationError"


def _in_words(problem: Exception) -> str:
    return str(getattr(problem, "message", None) or type(problem).__name__)
