"""A command on a terminal, for what it shows only there."""

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Mapping

from optout.settings import ROOT


def shown_on_a_terminal(arguments: list[str], environment: Mapping[str, str]) -> str:
    """What `python -m optout` writes to stderr where that is a terminal of 80 columns. Raises
    CalledProcessError where it fails."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 80))
    subprocess.run(
        [sys.executable, "-m", "optout", *arguments],
        cwd=ROOT, env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=its, timeout=60, check=True,
    )  # fmt: skip
    os.close(its)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    return shown
