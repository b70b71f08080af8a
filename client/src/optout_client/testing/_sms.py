"""ACS in memory."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from azure.communication.sms import SmsSendResult


@dataclass(frozen=True)
class Message:
    """A text that somebody got."""

    sender: str
    recipient: str
    text: str


class FakeSms:
    """ACS in memory. `client()` and `aio_client()` take the place of its SmsClient.

    `messages` are what people got, oldest first. `fail_next` lets the next request raise; `refuse` lets ACS
    turn a recipient down with an error message.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._failures: deque[Exception] = deque()
        self._refused: dict[str, str] = {}

    def fail_next(self, *problems: Exception) -> None:
        """The next requests fail with these, and nobody gets anything."""
        self._failures.extend(problems)

    def refuse(self, recipient: str, message: str) -> None:
        """This recipient's messages are turned down, for example with "4007"."""
        self._refused[recipient] = message

    def client(self) -> "_SmsClient":
        return _SmsClient(self)

    def aio_client(self) -> "_AsyncSmsClient":
        return _AsyncSmsClient(self)

    def send(self, sender: str, to: str | Sequence[str], text: str) -> list[SmsSendResult]:
        """What a client's `send` does."""
        if self._failures:
            raise self._failures.popleft()
        return [self._text(sender, each, text) for each in ([to] if isinstance(to, str) else to)]

    def _text(self, sender: str, recipient: str, text: str) -> SmsSendResult:
        if refusal := self._refused.get(recipient):
            return SmsSendResult(to=recipient, http_status_code=400, successful=False, error_message=refusal)
        self.messages.append(Message(sender, recipient, text))
        return SmsSendResult(to=recipient, message_id=str(uuid4()), http_status_code=202, successful=True)


class _SmsClient:
    def __init__(self, fake: FakeSms) -> None:
        self._fake = fake

    def send(self, from_: str, to: str | Sequence[str], message: str, **kwargs: Any) -> list[SmsSendResult]:
        return self._fake.send(from_, to, message)


class _AsyncSmsClient:
    def __init__(self, fake: FakeSms) -> None:
        self._fake = fake

    async def send(
        self, from_: str, to: str | Sequence[str], message: str, **kwargs: Any
    ) -> list[SmsSendResult]:
        return self._fake.send(from_, to, message)
