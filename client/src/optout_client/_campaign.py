"""What a guarded send does, step by step, without doing any of it: sync and aio walk through the same.

Each chunk is judged immediately before it is sent. Nobody gets the text twice in one call, however often and
in whatever spelling they are named.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from ._models import CheckResult, Link
from ._results import GuardedSmsResult, Reason, as_named, told, unsent

# What ACS takes in one request.
CHUNK = 100
# Of messages that differ, each is a request of its own, and the last of a chunk is sent this much later.
PERSONAL_CHUNK = 10
# Where a message has its recipient's link.
PLACE = "{link}"
# What may be about an opt-out. Generous: the app decides, by its own rule.
_ABOUT_OPT_OUT = re.compile(r"4007|block|opt(?:ed)?[ -]?out|unsubscri|\bstop\b", re.IGNORECASE)


class Campaign:
    """One call of `send`: whom it is for, what they get, and what has become of it so far.

    With `link` each message has its recipient's, in the place of PLACE or at the end. Raises ValueError for a
    message with that place and no links to put there.
    """

    def __init__(self, to: str | Sequence[str], message: str, *, link: bool = False) -> None:
        if PLACE in message and not link:
            raise ValueError(f"the message has {PLACE}, which nobody should read: say link=True")
        self._message = message
        self.is_personal = link
        self._links: dict[str, str] = {}
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

    def may_raise(self, problem: Exception) -> bool:
        """Whether an error of ACS's is the caller's to handle: nobody was texted, and it is not about one
        recipient alone."""
        of_one = self.is_personal and getattr(problem, "status_code", None) == 400
        return self.has_sent_nothing and is_certainly_unsent(problem) and not of_one

    @property
    def recipients(self) -> list[str]:
        """Everybody, each spelling once."""
        return list(dict.fromkeys(self._given))

    def take(self, links: Iterable[Link]) -> None:
        """The links of the recipients. Whoever has none is not texted."""
        self._links = {each.recipient: each.url for each in links if each.url}

    def chunks(self) -> Iterator[list[str]]:
        """The recipients to judge and to text next, until all were or the campaign is over."""
        each, size = self.recipients, PERSONAL_CHUNK if self.is_personal else CHUNK
        for first in range(0, len(each), size):
            if self._over is None:
                yield each[first : first + size]

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

    def requests(self, numbers: Sequence[str]) -> Iterator[tuple[list[str], str]]:
        """What to send to the numbers of a chunk, until the campaign is over: one text to all of them, or
        each one's own."""
        if numbers and not self.is_personal:
            yield list(numbers), self._message
        for number in numbers if self.is_personal else ():
            if self._over is not None:
                return
            if number in self._links:
                yield [number], _with_link(self._message, self._links[number])
            else:
                self._texted[number] = unsent(number, "not_sent", "the list has made no link for them")

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


def _with_link(message: str, url: str) -> str:
    return message.replace(PLACE, url) if PLACE in message else f"{message.rstrip()} {url}"


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
