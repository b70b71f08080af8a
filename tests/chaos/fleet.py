"""The workers as processes: started from a server that has imported all, killed, started again."""

import multiprocessing
import random
import threading
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Self

from tests.chaos.worker import Job, work

SECONDS_TO_START = 20
_CONTEXT = multiprocessing.get_context("forkserver")


class Worker:
    """One place in the fleet, and the process that has it now."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._port = 0

    @property
    def restarts(self) -> int:
        return self._job.life - 1

    def port(self) -> int:
        """Where it serves; it is started if it does not run."""
        with self._lock:
            if self._process is None or not self._process.is_alive():
                self._start()
            return self._port

    def kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()

    def _start(self) -> None:
        ready, child = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=work, args=(self._job, child), daemon=True)
        self._process.start()
        self._job = replace(self._job, life=self._job.life + 1)
        child.close()
        with ready:
            if not ready.poll(SECONDS_TO_START):
                raise AssertionError("a worker does not start")
            try:
                self._port = ready.recv()
            except EOFError:
                raise AssertionError(f"a worker died; see {self._job.folder}") from None


class Fleet:
    """Several workers that share one store."""

    def __init__(self, job: Job, workers: int) -> None:
        _CONTEXT.set_forkserver_preload(
            ["tests.chaos.worker", "azure.communication.sms", "azure.eventgrid", "azure.storage.queue"]
        )
        self._workers = [Worker(replace(job, number=number)) for number in range(workers)]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.port()
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.kill()

    def start_all(self) -> None:
        """Start again whoever was killed."""
        for worker in self._workers:
            worker.port()

    def port(self, chance: random.Random) -> int:
        return chance.choice(self._workers).port()

    def kill(self, chance: random.Random) -> None:
        chance.choice(self._workers).kill()

    @property
    def restarts(self) -> int:
        return sum(worker.restarts for worker in self._workers)
