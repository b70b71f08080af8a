"""Load as figures: the app in a process of its own is asked for minutes by many at once, and its memory
must not grow."""

import json
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from tests.support.client import NOTIFICATION, WEBHOOK, Host, environment, serving
from tests.support.payloads import sms_event

CLIENTS = 6
PEOPLE = 5_000
# Of the time, before memory is looked at: caches fill, pages of the file are read.
WARM_UP = 0.3
# What memory may grow by after that: what leaks a kilobyte a request shows, what leaks a byte does not.
GROWTH = 1.10
WORDS = ("STOP", "START", "HELP", "hello", "stop please", "STOP ALL")
# Bodies of a check, and what each is answered: one that names nobody is a body all the same.
BAD = (
    (b"", 400),
    (b"{", 400),
    (b"[" * 50_000, 400),
    (b'{"sender": 7}', 400),
    (b"\xff" * 500, 400),
    (b'{"sender": "12345", "recipients": ["x"]}', 200),
)


@dataclass
class Held:
    """What was asked and answered, the memory of the process in MiB, and its exit code if it ended."""

    minutes: float
    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    before: float = 0.0
    after: float = 0.0
    ended: int | None = None

    @property
    def violations(self) -> list[str]:
        found = [f"load: {count:,} {what}" for what, count in self.failed.items()]
        if self.ended is not None:
            found.append(f"load: the app ended, with {self.ended}")
        if self.after > self.before * GROWTH > 0:
            found.append(f"load: memory grew from {self.before:.0f} to {self.after:.0f} MiB")
        return found

    def report(self) -> str:
        total, clients = self.asked.total(), f"{CLIENTS} clients"
        return "\n".join(
            (
                f"load: {self.minutes:g} minutes, {total:,} requests from {clients}, "
                f"{total / self.minutes / 60:.0f} a second, the longest {self.longest:.2f} s",
                *(f"  {count:>9,}  {what}" for what, count in self.asked.most_common()),
                f"memory {self.before:.0f} MiB after {WARM_UP:.0%} of it, {self.after:.0f} at the end",
                *(self.violations or ["nothing failed, and memory is flat"]),
            )
        )


def memory(process: int) -> float:
    """What a process has in memory now, in MiB."""
    (line,) = [
        line
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line[:6] == "VmRSS:"
    ]
    return int(line.split()[1]) / 1024


def requests(chance: random.Random) -> Iterator[tuple[str, str, bytes, int]]:
    """What is asked, without an end: a name, an address, a body, the status that is right."""
    while True:
        people = [f"+1425{555_0000 + chance.randrange(PEOPLE):07}" for _ in range(10)]
        check = json.dumps({"sender": "12345", "recipients": people}).encode()
        history = json.dumps({"recipient": people[0], "limit": 10}).encode()
        event = f"[{sms_event(chance.choice(WORDS), from_=people[0])}]".encode()
        bad, refused = chance.choice(BAD)
        yield from chance.sample(
            [
                ("events", WEBHOOK, event, 202),
                ("events", WEBHOOK, event, 202),
                ("checks", "/api/suppressions/check", check, 200),
                ("checks", "/api/suppressions/check", check, 200),
                ("histories", "/api/suppressions/history", history, 200),
                ("bad bodies", "/api/suppressions/check", bad, refused),
            ],
            6,
        )


def ask(host: Host, number: int, held: Held, is_over: threading.Event) -> None:
    """One client: a request after the other."""
    for name, target, body, right in requests(random.Random(number)):
        if is_over.is_set():
            return
        began = time.monotonic()
        try:
            status = host.request("POST", target, body, NOTIFICATION).status
        except (OSError, HTTPException) as problem:
            held.failed[f"{name}: {type(problem).__name__}"] += 1
            continue
        held.longest = max(held.longest, time.monotonic() - began)
        held.asked[name] += 1
        if status != right:
            held.failed[f"{name}: {status}"] += 1


def hold(folder: Path, minutes: float) -> Held:
    """Ask for that long, or until the app ends."""
    held, is_over = Held(minutes), threading.Event()
    with serving(environment(folder / "optout.db")) as served:
        clients = [
            threading.Thread(target=ask, args=(served.app.host, number, held, is_over))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        try:
            watch(served.process, held)
        finally:
            is_over.set()
            for client in clients:
                client.join()
    return held


def watch(process: "subprocess.Popen[str]", held: Held) -> None:
    """Note the memory of the app once it is warm and at the end, as long as it is there."""
    with suppress(KeyboardInterrupt):
        if not ends_within(process, held.minutes * 60 * WARM_UP):
            held.before = memory(process.pid)
            ends_within(process, held.minutes * 60 * (1 - WARM_UP))
    held.ended = process.poll()
    if held.ended is None:
        held.after = memory(process.pid)


def ends_within(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Wait for so long, or until the process ends; whether it did."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None
