"""What the campaign's processes share: a clock that the coordinator moves, and a log that survives a
kill."""

import ctypes
import json
import mmap
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)


class SharedClock:
    """The campaign's time, in a file that every process maps. Only the coordinator moves it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        # An aligned double: no reader sees half of a new time.
        self._seconds = ctypes.c_double.from_buffer(self._memory)

    @property
    def seconds(self) -> float:
        """Since the campaign began."""
        return self._seconds.value

    def advance(self, seconds: float) -> None:
        self._seconds.value = max(seconds, self._seconds.value)

    def __call__(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)


@dataclass
class Log:
    """Lines that several processes append; each is written at once, so a kill loses none of them."""

    path: Path

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, what: str, **said: Any) -> None:
        line = json.dumps({"what": what, "real": time.monotonic(), **said})
        os.write(self._file, line.encode() + b"\n")

    def read(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    def close(self) -> None:
        os.close(self._file)
