"""OptoutClient for asyncio: as the one without, with await."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any

from azure.core import AsyncPipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncRetryPolicy
from azure.core.rest import HttpRequest

from .. import _pipeline, _requests
from .._errors import OptoutUnavailable, problem_of
from .._models import ChangeResult, ChangesPage, CheckResult, Json, Link, Sender, Standing


class OptoutClient:
    """A client of one app. Safe to share between tasks; close it, or use it in an `async with`.

    :param str endpoint: The app's address, for example "https://contoso-optout.azurewebsites.net".
     `http` is for this machine only.
    :param credential: A key of the role that is needed, as AzureKeyCredential; a token credential where App
     Service Authentication asks for one, with `credential_scopes`; None on this machine.
    :keyword credential_scopes: What to ask the token for, for example ("api://CLIENT_ID/.default",).
    :keyword int connection_timeout: Seconds to wait for a connection; 5.
    :keyword int read_timeout: Seconds to wait for an answer; 30.
    :keyword int retry_total: How often a request is tried again; 3. `Retry-After` is obeyed. These and
     the other options of azure-core's policies may be given to each method, too.
    :raises ValueError: if the endpoint is no https address.
    """

    def __init__(
        self,
        endpoint: str,
        credential: AzureKeyCredential | AsyncTokenCredential | None = None,
        *,
        credential_scopes: Iterable[str] = (),
        **kwargs: Any,
    ) -> None:
        self.endpoint = _pipeline.base_url(endpoint)
        options = _pipeline.options(kwargs)
        policies = _pipeline.around(
            credential,
            AsyncRetryPolicy,
            AsyncBearerTokenCredentialPolicy,
            tuple(credential_scopes),
            options,
        )
        self._client: AsyncPipelineClient[Any, Any] = AsyncPipelineClient(
            self.endpoint, policies=policies, **options
        )

    async def check(
        self,
        sender: str,
        recipients: str | Iterable[str],
        *,
        only_suppressed: bool = False,
        allow_unconfigured: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[CheckResult]:
        """May these people be texted from this sender?

        One result for each recipient, in the order given. Any number of them: they are read and asked about
        in pages of 10,000, as the results are taken. Needs a key of the role lookup, guard or support.

        :param str sender: One of your numbers, short codes or sender IDs.
        :param recipients: Numbers as people write them; best in E.164.
        :keyword bool only_suppressed: Leave out those who may be texted.
        :keyword bool allow_unconfigured: Also of a sender that no program names.
        :raises UnknownSender: if no program names the sender.
        :raises OptoutUnavailable: if the list does not answer: nobody may be texted.
        """
        for first, page in _requests.pages(recipients):
            request = _requests.check(sender, page, only_suppressed, allow_unconfigured)
            told = await self._send(request, **kwargs)
            for result in _requests.read_check(told, first, page, only_suppressed, allow_unconfigured):
                yield result

    async def links(
        self,
        sender: str,
        recipients: str | Iterable[str],
        *,
        allow_unconfigured: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[Link]:
        """A link for each recipient, with which they opt out of this sender's messages by one tap.

        One result for each recipient, in the order given, read and asked for in pages of 10,000. Nothing is
        recorded: the same person and sender always have the same link. Needs the role links or guard.

        :param str sender: One of your numbers, short codes or sender IDs.
        :param recipients: Numbers as people write them; best in E.164.
        :keyword bool allow_unconfigured: Also of a sender that no program names.
        :raises UnknownSender: if no program names the sender.
        :raises ~azure.core.exceptions.HttpResponseError: 409, if the app has no keys for links.
        :raises OptoutUnavailable: if the app does not answer.
        """
        for first, page in _requests.pages(recipients):
            told = await self._send(_requests.links(sender, page, allow_unconfigured), **kwargs)
            for link in _requests.read_links(told, first, page):
                yield link

    async def standing(self, recipient: str, **kwargs: Any) -> Standing:
        """All that one person's consents together say, as it is now. Needs the role support.

        :raises ~azure.core.exceptions.HttpResponseError: 400, if it is not certainly a number.
        :raises OptoutUnavailable: if the list does not answer.
        """
        return _requests.read_standing(await self._send(_requests.standing(recipient), **kwargs))

    async def opt_out(
        self,
        recipient: str,
        *,
        sender: str | None = None,
        list_name: str | None = None,
        everything: bool = False,
        reason: str,
        actor: str,
        at: datetime | None = None,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> ChangeResult:
        """Opt a person out of exactly one of a sender (and its list), a list, and everything. Needs the role
        support.

        :keyword str reason: Why, for the record.
        :keyword str actor: Who does it, for the record.
        :keyword ~datetime.datetime at: When the person asked, with a time zone; by default now.
        :keyword str idempotency_key: The same key is the same change, whenever it is repeated. By default
         each call has one of its own, so that a retry is not another change.
        :raises UnknownSender: if no program names the sender.
        :raises ~azure.core.exceptions.HttpResponseError: 400, if it is not certainly a number; 422, if the
         key was used for another change.
        :raises OptoutUnavailable: if the app does not answer; the change may have been made. Repeat it with
         the same key.
        """
        request = _requests.change(
            "opt-out",
            recipient,
            sender=sender,
            list_name=list_name,
            everything=everything,
            reason=reason,
            actor=actor,
            at=at,
            idempotency_key=idempotency_key,
        )
        return _requests.read_change(await self._send(request, **kwargs))

    async def opt_in(
        self,
        recipient: str,
        *,
        sender: str | None = None,
        list_name: str | None = None,
        everything: bool = False,
        reason: str,
        actor: str,
        at: datetime | None = None,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> ChangeResult:
        """Opt a person in again; otherwise as `opt_out`. A block of a carrier's or ACS's is not lifted: the
        result stays suppressed, and `remedy` says what the person must text."""
        request = _requests.change(
            "opt-in",
            recipient,
            sender=sender,
            list_name=list_name,
            everything=everything,
            reason=reason,
            actor=actor,
            at=at,
            idempotency_key=idempotency_key,
        )
        return _requests.read_change(await self._send(request, **kwargs))

    async def report(self, sender: str, recipient: str, *, at: datetime, details: str, **kwargs: Any) -> bool:
        """Tell the list what ACS said about an opt-out when a message was sent. Needs the role guard.

        :keyword ~datetime.datetime at: When ACS said it, with a time zone.
        :keyword str details: What ACS said, for example "4007".
        :return: Whether it says that the recipient has opted out, and is recorded.
        :raises UnknownSender: if no program names the sender.
        :raises OptoutUnavailable: if the app does not answer.
        """
        return _requests.read_report(
            await self._send(_requests.report(sender, recipient, at, details), **kwargs)
        )

    async def changes(
        self, since: str | None = None, *, limit: int = 500, **kwargs: Any
    ) -> AsyncIterator[ChangesPage]:
        """Everybody's standing, or whose has changed: page by page until there is no more now. Needs the role
        feed.

        Keep `next` of the last page, together with what the pages said, and go on from it later.

        :param str since: `next` of a page; None: from the beginning, everybody.
        :keyword int limit: How many a page has, up to 1,000.
        :raises FeedGone: if the place does not exist any more: forget the copy, and begin again.
        :raises OptoutUnavailable: if the app does not answer.
        """
        more = True
        while more:
            page = _requests.read_changes(await self._send(_requests.changes(since, limit), **kwargs))
            yield page
            since, more = page.next, page.more

    async def senders(self, **kwargs: Any) -> list[Sender]:
        """The senders of the program file, with their lists. Needs the role feed or support.

        :raises OptoutUnavailable: if the app does not answer.
        """
        return _requests.read_senders(await self._send(_requests.senders(), **kwargs))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def __aenter__(self) -> "OptoutClient":
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def _send(self, request: HttpRequest, **kwargs: Any) -> Json:
        request.url = self._client.format_url(request.url)
        try:
            response = await self._client.send_request(request, retry_on_methods=_pipeline.RETRIED, **kwargs)
            body = response.text()
        except AzureError as problem:
            raise OptoutUnavailable(f"the list has not answered: {type(problem).__name__}") from problem
        if response.status_code != 200:
            raise problem_of(response.status_code, body)
        return _requests.read_object(body)
