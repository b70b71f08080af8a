"""`python -m optout serve` as a process of its own, as a newcomer runs it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optout import settings


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[int]:
    """Serve with a database in a folder; the port. The process is ended at the end."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "optout", "serve", "--port", str(port)],
        cwd=settings.ROOT,
        env=os.environ | {"OPTOUT_STORE": f"sqlite:{folder}/optout.db"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the port listens; an error with the output if the process ends first."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            output, _ = process.communicate()
            raise AssertionError(f"serve ended with {process.returncode}:\n{output.decode()}")
        time.sleep(0.05)
    raise AssertionError("serve did not listen within 20 s")
