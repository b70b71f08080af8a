"""The target that several commands share: a list, a sender, or everything."""

import argparse


def add_target(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    """Add the options for the target; exactly one is required."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--list", metavar="NAME", help="a list of the program file")
    target.add_argument("--sender", metavar="NUMBER", help="a sender, and the list it belongs to")
    target.add_argument("--everything", action="store_true", help="everything that the company sends")
    parser.add_argument(
        "--allow-unconfigured",
        action="store_true",
        help="accept a sender that no program names; otherwise it is refused, as it may be mistyped",
    )
    return target
