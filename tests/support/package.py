"""The deployed package: made of the project as azd and Core Tools make it, and set up as Azure does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from pathspec import GitIgnoreSpec

# requirements.txt and nothing else, where Azure's build puts it.
_REQUIREMENTS = Path(sys.prefix) / "deployed"
_PACKAGES = ".python_packages/lib/site-packages"
# What the platform brings itself: Microsoft's runtime, and the protocol between host and worker.
_PLATFORM = ("azure_functions_runtime*", "azurefunctions", "google", "grpc", "tests")


def names(project: Path) -> Iterator[str]:
    """The files of a project that .funcignore leaves, as gitignore understands it."""
    ignored = GitIgnoreSpec.from_lines((project / ".funcignore").read_text("utf-8").splitlines())
    for folder, folders, files in os.walk(project):
        here = Path(folder).relative_to(project)
        folders[:] = [
            name for name in folders if not ignored.match_file(f"{(here / name).as_posix()}/")
        ]
        yield from (
            (here / name).as_posix()
            for name in files
            if not ignored.match_file((here / name).as_posix())
        )


def deploy(project: Path, folder: Path) -> Path:
    """The project zipped, unpacked into an empty folder, with its requirements beside it."""
    archive = folder / "package.zip"
    with ZipFile(archive, "w") as package:
        for name in names(project):
            package.write(project / name, name)
    deployed = folder / "wwwroot"
    with ZipFile(archive) as package:
        package.extractall(deployed)
    assert _REQUIREMENTS.exists(), "requirements.txt is not installed by itself: `make test` does it"
    (deployed / _PACKAGES).parent.mkdir(parents=True)
    (deployed / _PACKAGES).symlink_to(_REQUIREMENTS.resolve())
    return deployed


def python(deployed: Path) -> tuple[str, dict[str, str]]:
    """An interpreter that has the package's requirements and the platform's runtime, nothing else."""
    platform = deployed.parent / "platform"
    platform.mkdir()
    (installed,) = (path for path in map(Path, sys.path) if (path / "azure_functions_runtime").is_dir())
    for pattern in _PLATFORM:
        for path in installed.glob(pattern):
            (platform / path.name).symlink_to(path)
    environment = deployed.parent / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    # The app's own versions go before the platform's.
    return str(environment / "bin/python"), {"PYTHONPATH": f"{deployed / _PACKAGES}:{platform}"}
