"""The parser of all commands: argparse, which asks about what is mistyped."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from shutil import which
from typing import Any, NoReturn

from optout.domain.nearest import did_you_mean


def program_name() -> str:
    """The command as it was called, so that somebody can call it again."""
    called = PurePath(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m optout"
    is_found = called.name != "optout" or which("optout") == str(Path(called).absolute())
    return "optout" if is_found else str(called)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that names what somebody most likely meant.

    Python 3.14 can do the same for commands and choices, not for options.
    """

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """The arguments, understood. Ends the process where they cannot be."""
        understood, left = self.parse_known_args(args, namespace)
        if left:
            name = getattr(understood, "command", "")
            self.commands.get(name, self).refuse_arguments(left)
        return understood

    @property
    def commands(self) -> "dict[str, Parser]":
        """The parser of each command; of a command itself, nothing."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return dict(action.choices)
        return {}

    @property
    def options(self) -> list[str]:
        """Every option of this parser, as it is written."""
        return [name for action in self._actions for name in action.option_strings]

    def refuse_arguments(self, left: Sequence[str]) -> NoReturn:
        """End the process over arguments that this command does not take."""
        meant = next(
            (did_you_mean(each.partition("=")[0], self.options) for each in left if each[:1] == "-"), ""
        )
        self.error(f"not understood: {' '.join(left)}{meant}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError:
            known = [str(each) for each in action.choices or ()]
            meant = did_you_mean(str(value), known)
            raise argparse.ArgumentError(
                action, f"there is no {value!r}{meant}; there are {', '.join(known)}"
            ) from None
