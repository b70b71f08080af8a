"""python -m optout, and the command `optout` where it is installed."""

import sys

# Not a comparison of sys.version_info: tools take that for a branch that is never reached.
_OLDEST, _OLDEST_NAME = 0x030B0000, "3.11"


def main() -> int:
    """Run a command; returns the exit code. Where this Python cannot, say what to do instead."""
    if sys.hexversion < _OLDEST:
        return _refuse(
            f"this is Python {sys.version.split()[0]}; it needs {_OLDEST_NAME}, 3.12 or 3.13"
        )
    try:
        from optout.cli.main import main as run
    except ModuleNotFoundError as missing:
        if not missing.name or missing.name.partition(".")[0] == "optout":
            raise
        return _refuse(f"this Python has no package {missing.name!r}")
    return run()


def _refuse(reason: str) -> int:
    print(
        f"optout: {reason} ({sys.executable}).\n"
        "In the project's folder run `make setup`, then .venv/bin/optout; or install the command by\n"
        "`pipx install .` or `pip install .`; or run it by `uvx --from . optout`.",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
