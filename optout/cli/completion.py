"""completion: what makes a shell complete commands, options, senders and lists."""

import argparse
from collections.abc import Iterator
from typing import Any

from optout import settings
from optout.cli import Commands
from optout.domain.errors import OptoutError

SHELLS = ("bash", "zsh", "fish", "powershell")


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "completion",
        help="print what makes your shell complete optout's commands",
        description="Print what makes a shell complete commands, options, and the senders and lists of "
        "the program file.",
        epilog='bash and zsh: eval "$(optout completion bash)" in ~/.bashrc or ~/.zshrc; '
        "fish: optout completion fish > ~/.config/fish/completions/optout.fish",
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    try:
        from argcomplete.shell_integration import shellcode
    except ModuleNotFoundError:
        raise OptoutError("completion needs the package argcomplete: pip install argcomplete") from None

    # zsh takes bash's, which tells the two apart.
    shell = "bash" if asked.shell == "zsh" else asked.shell
    print(shellcode(["optout"], shell=shell))
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks, and end the process; or go on, where the package is not there."""
    try:
        import argcomplete
    except ModuleNotFoundError:
        return
    for action in _actions(parser):
        if action.dest in ("sender", "list"):
            action.completer = _names_of(action.dest)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _actions(each)


def _names_of(what: str) -> Any:
    def names(**_: Any) -> list[str]:
        from optout.programs.directory import Directory

        try:
            settings.adopt_local_settings()
            directory = Directory.load(settings.load().programs_path)
        except OptoutError:
            return []
        return (
            sorted(each.name for each in directory.every)
            if what == "sender"
            else sorted(directory.lists)
        )

    return names
