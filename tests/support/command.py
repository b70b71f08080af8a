"""The command line in this process: what starting one takes, half a second, is paid by few tests."""

import io
import logging
import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from unittest import mock

from optout import service
from optout.cli import main


def in_process(
    arguments: list[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """A command with these settings, and with a service and a log of its own, as its process would have
    them; what it prints and its exit code."""
    printed, told = io.BytesIO(), io.BytesIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    with ExitStack() as left:
        left.callback(_restore, *before)
        left.enter_context(mock.patch.object(service, "_current", None))
        left.callback(service.shutdown)
        left.enter_context(mock.patch.dict(os.environ, environment))
        left.enter_context(redirect_stdout(_text(printed)))
        left.enter_context(redirect_stderr(_text(told)))
        try:
            code = main.main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said, complained = (each.getvalue().decode() for each in (printed, told))
    return subprocess.CompletedProcess(arguments, code, said, complained)


def _text(written: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(written, "utf-8", write_through=True)


def _restore(handlers: list[logging.Handler], level: int) -> None:
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(level)
