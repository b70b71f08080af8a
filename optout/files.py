"""Files with people's numbers: nobody but their owner reads them.

On Windows the rights of the folder decide, and these change nothing.
"""

from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600


def create(path: Path) -> None:
    """A new, empty file in the place of any other of that name."""
    path.unlink(missing_ok=True)
    path.touch(mode=OWNER_ONLY, exist_ok=False)


def keep_private(path: Path) -> None:
    """Take the rights of all others from a file, if it is there; where it is somebody else's, they are
    his to give."""
    with suppress(FileNotFoundError, PermissionError):
        if path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(OWNER_ONLY)
