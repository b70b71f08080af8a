"""GuardedSmsClient for asyncio: as the one without, with await."""

import logging
from collections.abc import Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Protocol

from azure.core.exceptions import AzureError

from .._campaign import Campaign
from .._results import GuardedSmsResult
from ._client import OptoutClient

_log = logging.getLogger(__name__)


class Sends(Protocol):
    """What is needed of azure.communication.sms.aio.SmsClient."""

    async def send(self, from_: str, to: list[str], message: str, **kwargs: Any) -> Sequence[Any]: ...


class GuardedSmsClient:
    """An SmsClient that asks the list before each request.

    :param sms: An azure.communication.sms.aio.SmsClient.
    :param OptoutClient optout: The list, with a key of the role guard.
    """

    def __init__(self, sms: Sends, optout: OptoutClient) -> None:
        self._sms = sms
        self._optout = optout

    async def send(
        self, from_: str, to: str | Sequence[str], message: str, *, link: bool = False, **kwargs: Any
    ) -> list[GuardedSmsResult]:
        """SmsClient.send, but for those who may not be texted.

        Recipients go to ACS in chunks of at most 100, and each chunk is checked immediately before, so that a
        STOP that was recorded in the middle of a campaign counts. Nobody is texted twice in one call. What
        ACS says of an opt-out is reported to the list.

        :param str from_: One of your numbers or sender IDs.
        :param to: One recipient or any number of them; best in E.164. ACS gets the numbers in E.164.
        :param str message: The text.
        :keyword bool link: Put each recipient's link, by which they opt out with one tap, in the place of
         {link} in the text, or at its end. Each then gets a request of their own, ten after each check. All
         links are made first; nobody is texted without one.
        :return: One result for each recipient, in the order given, duplicates included.
        :raises UnknownSender: if no program names the sender.
        :raises OptoutUnavailable: if the list does not answer.
        :raises ValueError: if the text has {link}, and `link` is not said.
        :raises ~azure.core.exceptions.HttpResponseError: 409, if the app has no keys for links.
        :raises ~azure.core.exceptions.AzureError: what SmsClient.send raises.

        Whatever is raised, nobody was texted. After that nothing is raised any more: the remaining recipients
        get results whose `reason` says whether they may be tried again.
        """
        campaign = Campaign(to, message, link=link)
        if link:
            campaign.take([each async for each in self._optout.links(from_, campaign.recipients)])
        for chunk in campaign.chunks():
            try:
                numbers = campaign.judge(chunk, [each async for each in self._optout.check(from_, chunk)])
            except AzureError as problem:
                if campaign.has_sent_nothing:
                    raise
                campaign.stop(problem)
                continue
            for asked, text in campaign.requests(numbers):
                try:
                    campaign.settle(asked, await self._sms.send(from_, asked, text, **kwargs))
                except Exception as problem:
                    if campaign.may_raise(problem):
                        raise
                    campaign.fail(asked, problem)
                await self._report(from_, campaign.opt_outs(asked))
        return campaign.results()

    async def close(self) -> None:
        """Close both clients, as far as they can be closed."""
        for client in (self._sms, self._optout):
            if callable(close := getattr(client, "close", None)):
                await close()

    async def __aenter__(self) -> "GuardedSmsClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _report(self, sender: str, opt_outs: Sequence[tuple[str, str]]) -> None:
        """Tell the list. What is not told now comes with the delivery report, if reports are subscribed."""
        now = datetime.now(timezone.utc)
        for recipient, details in opt_outs:
            try:
                await self._optout.report(sender, recipient, at=now, details=details)
            except AzureError as problem:
                _log.warning("opt-outs that ACS told of are not reported: %s", type(problem).__name__)
                return
