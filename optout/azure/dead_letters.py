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
from typing import TYPE_CHECKING, Protocol

from optout.azure import containers
from optout.domain.errors import ConfigurationError, OptoutError

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

ENDING = ".json"


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
        with containers.errors(Unreadable):
            return [name for name in self._client.list_blob_names() if name.endswith(ENDING)]

    def read(self, name: str) -> bytes:
        with containers.errors(Unreadable):
            content: bytes = self._client.download_blob(name).readall()
        return content

    def delete(self, name: str) -> None:
        with containers.errors(Unreadable):
            self._client.delete_blob(name)


def place(where: str, connection_string: str | None) -> Place:
    """A folder; a container by its address, read with an identity or a signature in it; or a container
    by its name, if there is a connection string. Raises ConfigurationError."""
    if containers.is_address(where):
        return Container(containers.by_address(where))
    if Path(where).is_dir():
        return Folder(Path(where))
    if connection_string:
        return Container(containers.by_name(where, connection_string))
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


@contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise Unreadable(str(problem.strerror)) from None
