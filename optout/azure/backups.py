"""Copies of the tables as blobs. Nothing here may know what is in them."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from optout.azure import containers
from optout.domain.errors import ConfigurationError, OptoutError


class BlobFailed(OptoutError):
    """A blob cannot be written or read; the message says why."""


def name(begun: datetime) -> str:
    """The blob of a copy, by when it was begun: names sort as the times do."""
    return f"optout-{begun:%Y-%m-%dT%H-%M-%SZ}.ndjson.gz"


class Backups:
    """The container in which copies are kept."""

    def __init__(self, where: str, connection_string: str | None) -> None:
        """By its address or, with a connection string, by its name. Raises ConfigurationError."""
        if containers.is_address(where):
            self._client = containers.by_address(where)
        elif connection_string:
            self._client = containers.by_name(where, connection_string)
        else:
            raise ConfigurationError(
                f"--to {where}: write the address of a container, for example "
                "https://ACCOUNT.blob.core.windows.net/backups; its name alone needs "
                "AZURE_STORAGE_CONNECTION_STRING"
            )

    def write(self, blob: str, pieces: Iterable[bytes]) -> str:
        """Write a new blob, piece by piece as they come; its address. It is there once it is whole, and
        never in the place of another. Raises BlobFailed, and what the pieces raise."""
        with containers.errors(BlobFailed):
            client = self._client.upload_blob(blob, pieces, overwrite=False)
        return client.url.partition("?")[0]


class Blob:
    """A copy that is kept, by its address. Raises ConfigurationError for one that cannot be right."""

    def __init__(self, address: str) -> None:
        self._client = containers.blob_by_address(address)

    def size(self) -> int:
        """How many bytes it has. Raises BlobFailed, as `pieces` does."""
        with containers.errors(BlobFailed):
            return self._client.get_blob_properties().size

    def pieces(self) -> Iterator[bytes]:
        """What is in it, a piece in memory at a time."""
        with containers.errors(BlobFailed):
            yield from self._client.download_blob().chunks()
