"""The Azure CLI, for the scripts beside this file."""

import json
import shutil
import subprocess
from typing import Any


class CliError(Exception):
    """What the Azure CLI says about a command that failed."""


def az(*arguments: str, said: str | None = None) -> Any:
    """The output of a command; `said` is its standard input. Raises CliError."""
    program = shutil.which("az")
    if program is None:
        raise CliError("the Azure CLI is not installed: https://aka.ms/installazurecli")
    command = [program, *arguments, "--output", "json"]
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CliError(f"az {' '.join(arguments[:3])}: {done.stderr.strip()}")
    return json.loads(done.stdout or "null")
