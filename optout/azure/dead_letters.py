"""The events that Event Grid gave up on, as it leaves them: files in a blob container, or in a folder
to which somebody downloaded them.

Each is JSON, an array of events or one, whose name ends in .json. Beside what was published, an event
says why it was given up: `deadLetterReason`, `deliveryAttempts`, `lastDeliveryOutcome`, `publishTime`,
`lastDeliveryAttemptTime`, in lower case in CloudEvents. Source: Azure Event Grid delivery and retry.
Nothing here may know what an event means.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from optout.azure import addresses
from optout.domain.errors import ConfigurationError, OptoutError, in_short

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

ENDING = ".json"
# For a command that somebody waits for: a few tries, not minutes of silence.
PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30, "retry_total": 2}


class Unreadable(OptoutError):
    """Dead letters cannot be read or deleted; the message says why."""


class Place(Protocol):
    """Where dead letters are."""

    def names(self) -> Sequence[str]:
        """The files, sorted by name. Raises Unreadable, as all methods do."""

    def read(self, name: str) -> bytes:
        """The contents of a file."""

    def delete(self, name: str) -> None:
        """Remove a file."""


class Folder:
    """Dead letters on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> Sequence[str]:
        found = (path for path in self._path.rglob(f"*{ENDING}") if path.is_file())
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    def read(self, name: str) -> bytes:
        with _file_errors():
            return (self._path / name).read_bytes()

    def delete(self, name: str) -> None:
        with _file_errors():
            (self._path / name).unlink()


class Container:
    """Dead letters where Event Grid left them."""

    def __init__(self, client: "ContainerClient") -> None:
        self._client = client

    def names(self) -> Sequence[str]:
        with _blob_errors():
            return [name for name in self._client.list_blob_names() if name.endswith(ENDING)]

    def read(self, name: str) -> bytes:
        with _blob_errors():
            content: bytes = self._client.download_blob(name).readall()
        return content

    def delete(self, name: str) -> None:
        with _blob_errors():
            self._client.delete_blob(name)


def place(where: str, connection_string: str | None) -> Place:
    """A folder; a container by its address, read with an identity or a signature in it; or a container
    by its name, if there is a connection string. Raises ConfigurationError."""
    if where.startswith(("https://", "http://")):
        return _by_address(where)
    if Path(where).is_dir():
        return Folder(Path(where))
    if connection_string:
        return _by_name(where, connection_string)
    raise ConfigurationError(
        f"{where}: there is no such folder. Name one, or a container by its address, for example "
        "https://ACCOUNT.blob.core.windows.net/CONTAINER; a container's name alone needs "
        "AZURE_STORAGE_CONNECTION_STRING."
    )


def events(content: bytes) -> Sequence[str]:
    """The events of a file, as they would have been delivered. Raises Unreadable."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
        return [json.dumps(event) for event in (found if isinstance(found, list) else [found])]
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON") from None


def _by_address(address: str) -> Container:
    from azure.storage.blob import ContainerClient

    is_signed = "sig=" in address.partition("?")[2]
    if not is_signed and not address.startswith("https:"):
        raise ConfigurationError("signing in with an identity needs https: write https://")
    if not addresses.is_of_azure("blob", address):
        raise ConfigurationError(
            "this is not an address of Azure Blob Storage, and nobody else gets an identity's token: "
            "write https://ACCOUNT.blob.core.windows.net/CONTAINER"
        )
    try:
        return Container(
            ContainerClient.from_container_url(address, None if is_signed else _identity(), **PATIENCE)
        )
    except ValueError:
        raise ConfigurationError(
            "this is not the address of a container: write https://ACCOUNT.blob.core.windows.net/CONTAINER"
        ) from None


def _identity() -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


def _by_name(name: str, connection_string: str) -> Container:
    from azure.storage.blob import ContainerClient

    try:
        return Container(ContainerClient.from_connection_string(connection_string, name, **PATIENCE))
    except ValueError:
        raise ConfigurationError(
            "AZURE_STORAGE_CONNECTION_STRING: copy it whole from the Access keys page of the storage "
            "account"
        ) from None


@contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise Unreadable(str(problem.strerror)) from None


@contextmanager
def _blob_errors() -> Iterator[None]:
    """Raises Unreadable in place of the SDK's errors, which may contain an address with a signature."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError

    try:
        yield
    except AzureError as problem:
        what = in_short(problem)
        status = getattr(problem, "status_code", None)
        if status == 403 or isinstance(problem, ClientAuthenticationError):
            what += (
                ". Sign in with az login, as somebody who has the role Storage Blob Data Contributor "
                "on the container"
            )
        raise Unreadable(f"Blob Storage: {what}") from None
