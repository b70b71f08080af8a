"""The worker process as the host sees it: started, asked over gRPC, stopped or killed."""

import os
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc  # type: ignore[import-untyped]  # it ships no types

from .protos import load_protos

protos = load_protos()

WORKER_SCRIPT = Path(__file__).with_name("worker.py")
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
OUTPUT_TAIL_LINES = 40
SECONDS_TO_STOP = 5.0


class WorkerError(RuntimeError):
    """The worker did not start, died, answered too late, or could not load the app."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the app's or the runtime's log, as the host receives it."""

    level: str
    """The host's name: Debug, Information, Warning, Error or Critical."""
    category: str
    """The name of the Python logger."""
    message: str
    """The formatted message, with the traceback if there is one."""


class WorkerProcess:
    """One worker process and the gRPC stream to it.

    gRPC calls EventStream when the worker connects. From then on two threads serve the stream:
    gRPC's sends what is put into the outgoing queue, ours receives. Requests and responses are
    matched by their request id. A third thread waits for the process to end, and fails whatever
    is still unanswered when it does.
    """

    def __init__(self) -> None:
        self.logs: list[LogRecord] = []
        self._pending: dict[str, Future[Any]] = {}
        self._death: str | None = None
        self._lock = threading.Lock()  # guards the two above
        self._outgoing: SimpleQueue[Any] = SimpleQueue()
        self._stream_ended = threading.Event()
        self._stream_ended.set()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # stop() closes it
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="functions-send")
        self._server = grpc.server(self._sender, options=UNLIMITED)
        protos.add_FunctionRpcServicer_to_server(self, self._server)

    def start(
        self, python: str, app_directory: Path, environment: Mapping[str, str], timeout: float
    ) -> None:
        """Start the worker and wait until it has connected."""
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        request_id, connected = self._expect()
        try:
            self._process = subprocess.Popen(
                [python, "-P", str(WORKER_SCRIPT), f"127.0.0.1:{port}", request_id],
                cwd=app_directory,
                env=worker_environment(app_directory, environment),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                start_new_session=True,  # Ctrl-C is for the test run, which then stops the worker
            )
        except OSError as error:
            raise WorkerError(f"The worker could not be started: {error}") from error
        self._watcher = threading.Thread(target=self._watch, args=(self._process,), daemon=True)
        self._watcher.start()
        self.wait(connected, timeout, f"The worker took more than {timeout:g} s to connect.")

    def send(self, **content: Any) -> Future[Any]:
        """Send a request; the future holds the content of its response."""
        request_id, response = self._expect()
        self._outgoing.put(protos.StreamingMessage(request_id=request_id, **content))
        return response

    def wait(self, response: Future[Any], timeout: float, late: str) -> Any:
        """Wait for a response; raise a WorkerError that says `late` if it takes too long."""
        try:
            return response.result(timeout)
        except TimeoutError as error:
            raise WorkerError(late + self._output_tail()) from error

    def kill(self) -> None:
        """Kill the worker, as a crash would."""
        if self._process is not None and self._watcher is not None:
            self._process.kill()
            self._watcher.join()

    def stop(self) -> None:
        """Let the worker finish, or kill it, then release all that belongs to it."""
        if self._process is not None and self._process.poll() is None:
            goodbye = protos.StreamingMessage()
            goodbye.worker_terminate.SetInParent()
            self._outgoing.put(goodbye)
            try:
                self._process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._watcher is not None:
            self._watcher.join()
        self._server.stop(grace=None).wait()
        self._sender.shutdown()
        self._output.close()

    def EventStream(self, messages: Iterator[Any], context: Any) -> Iterator[Any]:
        """The protocol's one call: yields to the worker, and receives from it in a thread."""
        self._stream_ended.clear()
        threading.Thread(target=self._receive_all, args=(messages,), daemon=True).start()
        yield from iter(self._outgoing.get, None)

    def _receive_all(self, messages: Iterator[Any]) -> None:
        try:
            with suppress(grpc.RpcError):  # the worker went away; the watcher says so
                for message in messages:
                    self._receive(message)
        finally:
            self._outgoing.put(None)
            self._stream_ended.set()

    def _receive(self, message: Any) -> None:
        kind = message.WhichOneof("content")
        if kind == "rpc_log":
            log = message.rpc_log
            level = protos.RpcLog.Level.Name(log.level)
            self.logs.append(LogRecord(level, log.category, log.message))
            return
        with self._lock:
            response = self._pending.pop(message.request_id, None)
        if response is not None:
            response.set_result(getattr(message, kind))

    def _expect(self) -> tuple[str, Future[Any]]:
        request_id = str(uuid.uuid4())
        response: Future[Any] = Future()
        with self._lock:
            if self._death is not None:
                raise WorkerError(self._death)
            self._pending[request_id] = response
        return request_id, response

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        exit_code = process.wait()
        # What the worker said before it ended still counts: read that first.
        self._stream_ended.wait(SECONDS_TO_STOP)
        death = f"The worker ended with exit code {exit_code}.{self._output_tail()}"
        with self._lock:
            self._death = death
            unanswered = list(self._pending.values())
            self._pending.clear()
        for response in unanswered:
            response.set_exception(WorkerError(death))

    def _output_tail(self) -> str:
        # pread leaves the file's position alone, which the worker's own writes share.
        size = os.fstat(self._output.fileno()).st_size
        text = os.pread(self._output.fileno(), size, 0).decode(errors="replace")
        lines = text.splitlines()[-OUTPUT_TAIL_LINES:]
        return " Its last output:\n" + "\n".join(lines) if lines else " It printed nothing."


def worker_environment(app_directory: Path, added: Mapping[str, str]) -> dict[str, str]:
    """What a worker gets: a minimum, so that a test does not depend on who runs it."""
    minimum = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **minimum,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsScriptRoot": str(app_directory),
        **added,
    }
