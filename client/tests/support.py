"""The app as a process of its own, which can be killed and started again."""

import json
import os
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
    "/providers/Microsoft.Communication/CommunicationServices/contoso"
)
# So many numbers that nobody has had before.
People = Callable[[int], list[str]]
WHO = {"reason": "asked by phone", "actor": "pat"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def national(number: str) -> str:
    """A US number as people write it."""
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}"


class App:
    """`python -m optout serve`, by the interpreter that OPTOUT_PYTHON names."""

    def __init__(self, database: Path, **settings: str) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OPTOUT_")},
            "OPTOUT_STORE": f"sqlite:{database}",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self._process = subprocess.Popen(
            [os.environ["OPTOUT_PYTHON"], "-m", "optout", "serve", "--port", str(self.port)],
            cwd=REPOSITORY, env=self._environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the app has ended"
            try:
                urllib.request.urlopen(f"{self.endpoint}/api/health", timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the app does not answer")

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def kill(self) -> None:
        """SIGKILL: nothing is finished."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def set(self, name: str, value: str) -> None:
        """Another setting, from the next start on."""
        self._environment[name] = value

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """A command of the app's, in its environment."""
        return subprocess.run(
            [os.environ["OPTOUT_PYTHON"], "-m", "optout", *command],
            cwd=REPOSITORY, env=self._environment, capture_output=True, text=True,
        )  # fmt: skip

    def __enter__(self) -> "App":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.endpoint}/{path}", json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def text(self, recipient: str, says: str, sender: str = "12345") -> None:
        """Somebody texts, and Event Grid delivers it; recorded when this returns."""
        now = datetime.now(timezone.utc).isoformat()
        data = {
            "messageId": str(uuid.uuid4()), "from": recipient, "to": sender, "message": says,
            "receivedTimestamp": now,
        }  # fmt: skip
        event = {
            "id": data["messageId"], "topic": SOURCE, "subject": f"/phonenumber/{sender}",
            "eventType": "Microsoft.Communication.SMSReceived", "eventTime": now, "dataVersion": "1.0",
            "metadataVersion": "1", "data": data,
        }  # fmt: skip
        self.post(
            "runtime/webhooks/EventGrid?functionName=sms_events", [event], {"aeg-event-type": "Notification"}
        )

    def history(self, recipient: str) -> list[dict[str, Any]]:
        """Everything about a recipient, newest first."""
        items: list[dict[str, Any]] = self.post("api/suppressions/history", {"recipient": recipient})["items"]
        return items
