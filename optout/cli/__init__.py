"""The commands, a module for each: `add` describes it to the command line, `run` does it.

What takes long to import is imported when the command runs: the others need not wait.
"""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
