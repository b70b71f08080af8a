"""Folders are the layers: imports point one way, and what decides knows nothing of the outside."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from optout import settings

PACKAGE = settings.ROOT / "optout"
# From the ground up: what is named imports only from what is named before it.
LAYERS = (
    "domain",
    "language",
    "programs",
    "decisions",
    "files",
    "store",
    "azure",
    "log",
    "settings",
    "operations",
    "own_queue",
    "service",
    "doctor",  # before http: the deployed app examines itself, and answers what it found
    "http",
    "guard",
    "request_handler",
    "local",
    "trial_events",
    "story",
    "history_page",
    "demo",
    "cli",
    "__main__",
)
# Beyond the order of the layers.
NEVER = {"store": {"language", "programs", "decisions"}, "azure": {"store", "decisions", "language"}}
PURE = ("domain", "language", "programs", "decisions")
IMPURE_MODULES = ("time", "random", "os", "logging", "sqlite3", "azure", "threading", "socket", "uuid")
CLOCKS = re.compile(r"\b(?:datetime\.(?:now|utcnow|today)|date\.today)\(|\bopen\(|\buuid[14]\(")
# An id that is derived from a name is the same whoever derives it.
# And a lock keeps two threads from compiling the languages at once.
ALLOWED = {("domain/ids.py", "uuid"), ("language/grammar.py", "threading")}
FOREIGN = {
    "azure.functions": {"local"},
    "azure.communication": {"azure"},
    "azure.identity": {"azure", "store", "doctor"},
    "azure.data": {"store"},
    "azure.eventgrid": {"azure"},
    "azure.storage": {"azure"},
    "cryptography": {"operations"},
    "sqlite3": {"store"},
    "os": {"settings"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.glob("**/*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def layer_of(path: Path) -> str:
    """The folder or, at the top of the package, the module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, anywhere in it, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def layers_of(path: Path) -> set[str]:
    """The other layers that a module imports from."""
    found = {name.split(".")[1] for name in imports(path) if name.startswith("optout.")}
    return (found & set(LAYERS)) - {layer_of(path)}


def uses(path: Path, foreign: str) -> bool:
    return any(name == foreign or name.startswith(foreign + ".") for name in imports(path))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only from the layers below its own, and every module has a layer."""
    layer = layer_of(path)
    if layer == "__init__":
        assert not imports(path)
        return
    below = set(LAYERS[: LAYERS.index(layer)]) - NEVER.get(layer, set())
    assert layers_of(path) <= below


@pytest.mark.parametrize("path", [path for path in modules() if layer_of(path) in PURE], ids=name_of)
def test_what_decides_is_pure(path: Path) -> None:
    """No clock, chance, environment, log, thread or SDK where something is decided."""
    used = {name for name in IMPURE_MODULES if uses(path, name)}
    assert {(name_of(path), name) for name in used} <= ALLOWED
    assert not CLOCKS.search(path.read_text("utf-8"))


def test_one_importer_of_each_foreign_part() -> None:
    """The Functions SDK stays at the edge, the environment in settings, SDKs where they are used."""
    for foreign, allowed in FOREIGN.items():
        found = {layer_of(path) for path in modules() if uses(path, foreign)}
        assert found <= allowed, foreign


def test_no_module_outgrows_its_purpose() -> None:
    """About 400 lines say that a module is several things."""
    assert not [name_of(path) for path in modules() if len(path.read_text("utf-8").splitlines()) > 400]


def test_every_module_is_in_the_table() -> None:
    """docs/architecture.md says of each module what it is for, and names none that is not there."""
    document = (settings.ROOT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w/]+\.py)` \| \S.*\|$", document, flags=re.MULTILINE)
    assert sorted(rows) == sorted(name_of(path) for path in modules() if path.name[:2] != "__")


def is_private(node: ast.AST) -> bool:
    """A function or class for its own module, which nothing but a decorator calls by itself."""
    return (
        isinstance(node, ast.FunctionDef | ast.ClassDef)
        and bool(re.match(r"_[A-Za-z]", node.name))
        and not any("validator" in ast.dump(each) for each in node.decorator_list)
    )


def test_nothing_private_is_dead() -> None:
    """A private function or class is named once more in its module."""
    dead = [
        f"{name_of(path)}: {node.name}"
        for path in modules()
        for text in [path.read_text("utf-8")]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and is_private(node)
        if len(re.findall(rf"\b{node.name}\b", text)) < 2
    ]
    assert not dead


def test_nothing_public_is_dead() -> None:
    """A public function of a module is named somewhere else in the product."""
    sources = {path: path.read_text("utf-8") for path in modules()}
    everything = [*sources.values(), (settings.ROOT / "function_app.py").read_text("utf-8")]
    named = Counter(name for text in everything for name in re.findall(r"\w+", text))
    dead = [
        f"{name_of(path)}: {node.name}"
        for path, text in sources.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if named[node.name] < 2
    ]
    assert not dead
