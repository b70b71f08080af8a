"""demo: play a conversation."""

import argparse
import logging

from optout.cli import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="play a conversation and show what happens",
        description="Play a conversation with the senders of programs.toml in a store of its own, and "
        "show what was understood, who answered and what the list says. Nothing is sent.",
    )
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import demo

    # The conversation says it all; warnings about its unknown sender would clutter it.
    logging.basicConfig(level=logging.ERROR)
    demo.play(print)
    return 0
