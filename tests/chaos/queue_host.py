"""The Functions host as the campaign plays it for the queue: it hands over each message and deletes it
once it is done, puts back what failed, and puts aside what failed too often."""

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Self

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueClient

from optout.azure import queue
from optout.settings import ROOT
from tests.chaos.fleet import Fleet
from tests.chaos.schedule import ask
from tests.chaos.worker import QUEUE_PATH

TRIES = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]["maxDequeueCount"]
AT_ONCE = 4
POLL_SECONDS = 0.1
# The host hides what it hands over; how long it waits after a failure is in host.json.
HIDDEN_SECONDS = 60
AGAIN_SECONDS = 1


class QueueHost:
    """Hands over messages while a `with` block lasts."""

    def __init__(self, connection_string: str, fleet: Fleet, chance: random.Random) -> None:
        self.finished = self.failed = 0
        self.put_aside: list[str] = []
        self._client = QueueClient.from_connection_string(connection_string, queue.QUEUE)
        self._fleet = fleet
        self._chance = chance
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._thread.join()
        self._client.close()

    @property
    def waiting(self) -> int:
        """How many messages there are, hidden ones among them."""
        try:
            return self._client.get_queue_properties().approximate_message_count or 0
        except AzureError:  # nobody has put anything yet
            return 0

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while not self._closing.is_set():
                found = self._receive()
                list(pool.map(self._hand_over, found))
                if not found:
                    time.sleep(POLL_SECONDS)

    def _receive(self) -> list[Any]:
        try:
            found = self._client.receive_messages(
                messages_per_page=AT_ONCE, visibility_timeout=HIDDEN_SECONDS
            )
            return list(next(found.by_page()))
        except (AzureError, StopIteration):
            return []

    def _hand_over(self, message: Any) -> None:
        given = json.dumps({"text": message.content, "tries": message.dequeue_count}).encode()
        status = ask(self._fleet.port(self._chance), "POST", QUEUE_PATH, given).status
        with suppress(AzureError):  # it took so long that the message is somebody else's again
            self._put_away(message, status)

    def _put_away(self, message: Any, status: int) -> None:
        if status == 200:
            self.finished += 1
            self._client.delete_message(message)
        elif message.dequeue_count >= TRIES:
            self.put_aside.append(message.content)
            self._client.delete_message(message)
        else:
            self.failed += 1
            self._client.update_message(message, visibility_timeout=AGAIN_SECONDS)
