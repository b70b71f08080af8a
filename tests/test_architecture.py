"""Imports point one way: what decides knows nothing of what stores, sends or serves."""

import ast
from pathlib import Path

import pytest

from optout import settings

LAYERS = (
    {"ids"},
    {"domain"},
    {"numbers", "normalise", "segments"},
    {"rules", "consent", "log"},
    {"wording", "program_file", "events", "dead_letters"},
    {"classify"},
    {"programs", "settings"},
    {"answering"},
    {"decide"},
    {"store", "replies", "announce"},
    {"record"},
    {"handle", "suppressions", "replay"},
    {"reviews", "standing"},
    {"lists"},
    {"service"},
    {"http"},
    {"api", "demo", "doctor", "recovery"},
    {"local"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return sorted(settings.ROOT.glob("optout/**/*.py"))


def name_of(path: Path) -> str:
    """The module's name below the package: a folder counts as one."""
    return path.relative_to(settings.ROOT / "optout").parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only from layers below its own."""
    name = name_of(path)
    if name == "__init__":
        return
    for imported in imports(path):
        parts = imported.split(".")
        if parts[0] == "optout" and parts[1] in LAYER and parts[1] != name:
            assert LAYER[parts[1]] < LAYER[name], f"{name} imports {parts[1]}"


def test_one_importer_of_each_foreign_part() -> None:
    """The Functions SDK stays at the edge, the environment in settings, SDKs where they are used."""
    users = {
        "azure.functions": {"local"},
        "azure.communication": {"replies"},
        "azure.identity": {"replies", "announce", "store", "dead_letters", "doctor"},
        "azure.data": {"store"},
        "azure.eventgrid": {"announce"},
        "azure.storage": {"dead_letters"},
        "sqlite3": {"store"},
        "os": {"settings"},
    }
    for foreign, allowed in users.items():
        found = {
            name_of(path)
            for path in modules()
            if any(name == foreign or name.startswith(foreign + ".") for name in imports(path))
        }
        assert found <= allowed, foreign


def test_no_module_outgrows_its_purpose() -> None:
    """About 400 lines say that a module is several things."""
    long = {path.name for path in modules() if len(path.read_text("utf-8").splitlines()) > 400}
    assert not long
