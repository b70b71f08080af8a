"""What several commands are about: a list, a sender, or everything."""

import argparse


def add_target(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """The options that say it, of which one is needed."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--list", metavar="NAME", help="a list of the program file")
    target.add_argument("--sender", metavar="NUMBER", help="a sender, and the list it belongs to")
    target.add_argument("--everything", action="store_true", help="whatever the company sends")
    parser.add_argument(
        "--allow-unconfigured",
        action="store_true",
        help="take a sender that no program names; else it is refused, because it may be mistyped",
    )
    return target
