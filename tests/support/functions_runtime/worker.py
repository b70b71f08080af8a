"""The worker process: connects Microsoft's Python runtime to the host's gRPC stream.

Plays the part of Microsoft's proxy worker, which is not published. It decides nothing: each
request of the host is handed to the function of the same name in `azure_functions_runtime`, and
Python's log records go to the host as RpcLog.

Run as a script, `python -P worker.py ADDRESS REQUEST_ID`, in the app's directory. With -P neither
this directory nor the project is importable by accident: the app sees what it would see in Azure.
"""

import asyncio
import logging
import os
import runpy
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime  # type: ignore[import-untyped]  # it ships no types
import grpc  # type: ignore[import-untyped]  # it ships no types

protos: Any = runpy.run_path(str(Path(__file__).with_name("protos.py")))["load_protos"]()

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
RESPONSES = {
    "worker_init_request": "worker_init_response",
    "functions_metadata_request": "function_metadata_response",
    "function_load_request": "function_load_response",
    "invocation_request": "invocation_response",
}


class ForwardLogs(logging.Handler):
    """Sends log records to the host."""

    def __init__(self, loop: asyncio.AbstractEventLoop, outgoing: asyncio.Queue[Any]) -> None:
        super().__init__()
        self._loop = loop
        self._outgoing = outgoing

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log = protos.RpcLog(
                level=log_level(record.levelno), category=record.name, message=self.format(record)
            )
            message = protos.StreamingMessage(rpc_log=log)
            # Sync functions log from the thread pool, and the queue belongs to the loop.
            self._loop.call_soon_threadsafe(self._outgoing.put_nowait, message)
        except Exception:
            self.handleError(record)


def log_level(number: int) -> Any:
    """Python's log level in the host's terms."""
    if number >= logging.CRITICAL:
        return protos.RpcLog.Critical
    if number >= logging.ERROR:
        return protos.RpcLog.Error
    if number >= logging.WARNING:
        return protos.RpcLog.Warning
    if number >= logging.INFO:
        return protos.RpcLog.Information
    return protos.RpcLog.Debug


async def respond(message: Any, outgoing: asyncio.Queue[Any]) -> None:
    """Have the runtime carry out one request, and queue its response."""
    kind = message.WhichOneof("content")
    request = SimpleNamespace(request=message, properties={"host": "127.0.0.1", "protos": protos})
    response = await getattr(azure_functions_runtime, kind)(request)
    outgoing.put_nowait(
        protos.StreamingMessage(request_id=message.request_id, **{RESPONSES[kind]: response})
    )


async def outgoing_messages(request_id: str, outgoing: asyncio.Queue[Any]) -> AsyncIterator[Any]:
    """All that the worker says to the host, its introduction first."""
    yield protos.StreamingMessage(request_id=request_id, start_stream=protos.StartStream())
    while True:
        yield await outgoing.get()


async def serve(address: str, request_id: str) -> None:
    """Answer the host's requests, each in a task of its own, until it says to terminate."""
    outgoing: asyncio.Queue[Any] = asyncio.Queue()
    logging.getLogger().addHandler(ForwardLogs(asyncio.get_running_loop(), outgoing))
    logging.getLogger().setLevel(logging.INFO)
    async with (
        grpc.aio.insecure_channel(address, options=UNLIMITED) as channel,
        asyncio.TaskGroup() as tasks,
    ):
        stream = protos.FunctionRpcStub(channel).EventStream(outgoing_messages(request_id, outgoing))
        try:
            async for message in stream:
                if message.WhichOneof("content") == "worker_terminate":
                    return
                tasks.create_task(respond(message, outgoing))
        except grpc.aio.AioRpcError as error:
            print("The stream to the host broke:", error.details(), file=sys.stderr, flush=True)
        # The host is gone without a goodbye. A function that hangs must not outlive it.
        os._exit(1)


def main() -> None:
    address, request_id = sys.argv[1:]
    # Only now: no module of the app's can take the place of what was imported above.
    sys.path.insert(0, os.getcwd())
    azure_functions_runtime.start_threadpool_executor()
    try:
        asyncio.run(serve(address, request_id))
    finally:
        azure_functions_runtime.stop_threadpool_executor()


if __name__ == "__main__":
    main()
