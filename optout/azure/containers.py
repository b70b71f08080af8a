"""Blob containers and what is in them, as the command line reaches them: by address, with an identity
or a signature in the address; or by name, with a connection string."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optout.azure import addresses
from optout.domain.errors import ConfigurationError, OptoutError, in_short

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

# For a command that somebody waits for: a few tries, not minutes of silence.
PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30, "retry_total": 2}
_CONTAINER = "https://ACCOUNT.blob.core.windows.net/CONTAINER"


def is_address(where: str) -> bool:
    """Whether it is meant as an address, and not as a name or a file."""
    return where.startswith(("https://", "http://"))


def by_address(address: str) -> "ContainerClient":
    """A container. Raises ConfigurationError."""
    from azure.storage.blob import ContainerClient

    credential = _credential(address, _CONTAINER)
    try:
        return ContainerClient.from_container_url(address, credential, **PATIENCE)
    except ValueError:
        raise ConfigurationError(
            f"this is not the address of a container: write {_CONTAINER}"
        ) from None


def blob_by_address(address: str) -> "BlobClient":
    """A blob. Raises ConfigurationError."""
    from azure.storage.blob import BlobClient

    credential = _credential(address, f"{_CONTAINER}/BLOB")
    try:
        return BlobClient.from_blob_url(address, credential, **PATIENCE)
    except ValueError:
        raise ConfigurationError(
            f"this is not the address of a blob: write {_CONTAINER}/BLOB"
        ) from None


def by_name(name: str, connection_string: str) -> "ContainerClient":
    """A container. Raises ConfigurationError."""
    from azure.storage.blob import ContainerClient

    try:
        return ContainerClient.from_connection_string(connection_string, name, **PATIENCE)
    except ValueError:
        raise ConfigurationError(
            "AZURE_STORAGE_CONNECTION_STRING: copy it whole from the Access keys page of the storage "
            "account"
        ) from None


def _credential(address: str, example: str) -> Any:
    """None where the address has a signature. An identity's token goes to Azure's addresses only, and
    never in the open."""
    is_signed = "sig=" in address.partition("?")[2]
    if not is_signed and not address.startswith("https:"):
        raise ConfigurationError("signing in with an identity needs https: write https://")
    if not addresses.is_of_azure("blob", address):
        raise ConfigurationError(
            "this is not an address of Azure Blob Storage, and nobody else gets an identity's token: "
            f"write {example}"
        )
    if is_signed:
        return None
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()


@contextmanager
def errors(raised: type[OptoutError]) -> Iterator[None]:
    """Raises an error of ours in place of the SDK's, which may contain an address with a signature."""
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
        raise raised(f"Blob Storage: {what}") from None
