"""What the package needs, read where it is written: requirements.in for the app, and
requirements-command.in for the command. The versions are those that the tests run with."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LISTS = ("requirements.in", "requirements-command.in")


class Requirements(MetadataHookInterface):
    """Fills in `dependencies`."""

    def update(self, metadata: dict[str, Any]) -> None:
        lines = [
            line for name in _LISTS for line in Path(self.root, name).read_text("utf-8").splitlines()
        ]
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]
