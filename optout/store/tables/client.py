"""The official SDK as the store needs it: one table, its requests, and what their failures mean.

Knows nothing of what the rows say.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import (
    TableClient,
    TableEntity,
    TableTransactionError,
    UpdateMode,
)

from optout.domain.errors import ConfigurationError, StoreAway, in_short
from optout.store.tables.rows import NO_ROW, Row

# One retry after a time-out, two after a refusal: an operation fails within about five seconds.
CONNECT_SECONDS = 2
READ_SECONDS = 2
RETRIES = {
    **{"retry_total": 2, "retry_connect": 1, "retry_read": 1, "retry_backoff_factor": 0.2},
    # A process that was put to sleep under way does not try again: whoever reads the feed counts on
    # it that a change is made soon after it was named, or never.
    "timeout": 20,
}
LONGEST_WAIT_SECONDS = 1.0
# Every write is conditional or may be repeated, so a POST may be retried like the rest.
RETRIED_METHODS = frozenset({"GET", "PUT", "PATCH", "POST", "DELETE"})

IN_FLIGHT = 32
# What takes many requests must end within this time.
DEADLINE_SECONDS = 20.0
PAGE_ROWS = 1_000


# How long the account's time is carried on from its newest answer, by our own timer.
CARRIED_SECONDS = 30.0


class Conflict(Exception):
    """A row that a transaction was to create already exists: somebody else was faster."""


Operation = tuple[str, Row] | tuple[str, Row, dict[str, Any]]
Result = TypeVar("Result")
Item = TypeVar("Item")


class Table:
    """One table. Every method is one request, and raises StoreAway if the storage cannot answer.

    A table that is not there yet reads as empty and is made by the first write.
    """

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def pages(
        self, condition: str, rows: int = PAGE_ROWS, select: Sequence[str] | None = None
    ) -> Iterator[list[TableEntity]]:
        """The rows that meet a condition in the order of their keys; one request for each page."""
        found = self._client.query_entities(
            condition, results_per_page=rows, select=None if select is None else list(select)
        ).by_page()
        while True:
            with _errors():
                try:
                    page = list(next(found))
                except (StopIteration, ResourceNotFoundError):
                    return
            yield page

    def get(self, row: Row) -> TableEntity | None:
        """The row with the same keys, None if it does not exist."""
        with _errors():
            try:
                return self._client.get_entity(row["PartitionKey"], row["RowKey"])
            except ResourceNotFoundError:
                return None

    def replace(self, row: Row, etag: str) -> str | None:
        """Write a row in the place of what was read; its new tag, None if it has changed since."""
        with _errors():
            try:
                written = self._client.update_entity(
                    row,
                    mode=UpdateMode.REPLACE,
                    etag=etag,
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                return None
        return str(written["etag"])

    def merge(self, row: Row) -> bool:
        """Write some properties of a row; False if it does not exist."""
        with _errors():
            try:
                self._client.update_entity(row, mode=UpdateMode.MERGE, retry_on_methods=RETRIED_METHODS)
            except ResourceNotFoundError:
                return False
        return True

    def delete(self, row: Row) -> None:
        """Delete the row with the same keys, if it exists."""
        with _errors():
            self._client.delete_entity(row["PartitionKey"], row["RowKey"])

    def delete_together(self, rows: Sequence[Row]) -> bool:
        """Delete rows of one partition in one transaction; False, and all stay, if one is not there."""
        deleted = [("delete", row) for row in rows]
        with _errors():
            try:
                self._client.submit_transaction(deleted, retry_on_methods=RETRIED_METHODS)
            except HttpResponseError as problem:
                if problem.status_code != 404:
                    raise
                return False
        return True

    def write(self, operations: Iterable[Operation]) -> list[str]:
        """One transaction in one partition; the new tags. Raises Conflict if a row to create exists."""
        made: list[Any] = list(operations)
        written = self._try_twice(
            lambda: self._client.submit_transaction(made, retry_on_methods=RETRIED_METHODS)
        )
        return [str(row.get("etag")) for row in written]

    def _try_twice(self, operation: Callable[[], Result]) -> Result:
        with _errors():
            try:
                return operation()
            except HttpResponseError as problem:
                if problem.status_code != 404:
                    raise
            with suppress(ResourceExistsError):  # another process was faster
                self._client.create_table()
            return operation()


class AccountClock(SansIOHTTPPolicy[Any, Any]):
    """The account's time, the same for all who use it: the `Date` of its newest answer, carried on by a
    timer of ours, whatever the clock of this machine says. It is late by the answer's way and by up to
    a second, never early."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._newest: tuple[datetime, float] | None = None

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        with suppress(TypeError, ValueError):
            said = parsedate_to_datetime(response.http_response.headers.get("Date"))
            self._newest = said.astimezone(UTC), self._timer()

    def now(self) -> datetime | None:
        """The account's time; None where its newest answer is too old or had none."""
        if self._newest is None:
            return None
        said, heard = self._newest
        passed = self._timer() - heard
        return said + timedelta(seconds=passed) if passed <= CARRIED_SECONDS else None


class Account:
    """Connections to one account, threads for requests that are made side by side, and how time passes
    while they are."""

    def __init__(
        self,
        client: Callable[[str], TableClient],
        transport: RequestsTransport,
        threads: Executor,
        clock: AccountClock,
        credential: Any = None,
        *,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._transport = transport
        self._threads = threads
        self._clock = clock
        self._credential = credential
        self._timer = timer
        self._sleep = sleep
        self._uniform = uniform

    def table(self, name: str) -> Table:
        return Table(self._client(name))

    def each(
        self, work: Callable[[Item], Result], items: Sequence[Item], until: float | None = None
    ) -> list[Result]:
        """The result for every item, in order; many are worked on side by side, but never by `work`
        itself. Raises StoreAway past the deadline."""
        if len(items) == 1:
            return [work(items[0])]
        left = DEADLINE_SECONDS if until is None else until - self._timer()
        try:
            return list(self._threads.map(work, items, timeout=left))
        except TimeoutError:
            raise StoreAway("Table Storage: too slow for all that was asked at once") from None

    def now(self, table: Table) -> datetime:
        """The account's time. Raises StoreAway where it cannot be known: changes have their order by
        it."""
        if (known := self._clock.now()) is None:
            table.get(NO_ROW)
            known = self._clock.now()
        if known is None:
            raise StoreAway("Table Storage: its answers say no Date, by which changes are ordered")
        return known

    def deadline(self, seconds: float) -> float:
        """The moment, by the timer, that is some seconds away."""
        return self._timer() + seconds

    def is_over(self, deadline: float) -> bool:
        return self._timer() > deadline

    def pause(self, longest: float) -> None:
        """Wait for a random time, at most some seconds."""
        self._sleep(self._uniform(0, longest))

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._transport.close()
        if self._credential is not None:
            self._credential.close()


def connect(
    endpoint: str | None, connection_string: str | None, policies: Sequence[Any] = ()
) -> Account:
    """An account by identity or by connection string; `policies` see every request on the wire.

    Raises ConfigurationError.
    """
    clock = AccountClock()
    options: dict[str, Any] = {**RETRIES, "per_retry_policies": [NoLongWaits(), clock, *policies]}
    # The SDK logs every URL, and with it a person's number.
    options["logger"] = logging.getLogger(__name__)
    options["logger"].setLevel(logging.WARNING)
    threads = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="tables")
    # A client for each table: those that a service client gives leave the policies out.
    if connection_string:
        text = connection_string
        try:
            url = TableClient.from_connection_string(text, "any").url
        except ValueError as problem:
            raise ConfigurationError(
                f"OPTOUT_TABLES_CONNECTION_STRING: {str(problem).rstrip('.')}. Copy it whole from the "
                "Access keys page of the storage account."
            ) from None
        options["transport"] = _transport(url)
        return Account(
            lambda name: TableClient.from_connection_string(text, name, **options),
            options["transport"],
            threads,
            clock,
        )
    from azure.identity import DefaultAzureCredential

    url = str(endpoint)
    options["transport"] = _transport(url)
    options["credential"] = DefaultAzureCredential()
    return Account(
        lambda name: TableClient(url, name, **options),
        options["transport"],
        threads,
        clock,
        options["credential"],
    )


class NoLongWaits(SansIOHTTPPolicy[Any, Any]):
    """Removes a long `Retry-After`, which the SDK would sleep through: Event Grid waits better."""

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        headers = response.http_response.headers
        for name in ("Retry-After", "retry-after-ms", "x-ms-retry-after-ms"):
            if name in headers and not _is_short(headers[name], in_ms=name.endswith("-ms")):
                del headers[name]


def _is_short(wait: str, in_ms: bool) -> bool:
    try:
        return float(wait) / (1000 if in_ms else 1) <= LONGEST_WAIT_SECONDS
    except ValueError:
        return False


def _transport(url: str) -> RequestsTransport:
    """Connections for all threads, and proxies looked up once instead of for every request."""
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=2 * IN_FLIGHT)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    around = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies = around["proxies"]
    session.trust_env = False
    return RequestsTransport(
        session=session,
        connection_verify=around["verify"],
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )


@contextmanager
def _errors() -> Iterator[None]:
    """Raises StoreAway in place of the SDK's errors, which may contain a URL with a person's number."""
    try:
        yield
    except AzureError as problem:
        if isinstance(problem, TableTransactionError) and problem.status_code == 409:
            raise Conflict("the row already exists") from None
        raise StoreAway(f"Table Storage: {in_short(problem)}") from None
