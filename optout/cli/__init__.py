"""The commands, one module each: `add` adds its parser to the command line, `run` runs it.

What is slow to import is imported when the command runs, so that the others need not wait.
"""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
