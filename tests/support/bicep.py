"""The template in infra/, parsed, and what its parts say."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

INFRA = Path(__file__).parents[2] / "infra"


@cache
def _parser() -> Any:
    from pycep import BicepParser  # takes half a second, in every process that collects tests

    return BicepParser()


def parsed(text: str) -> dict[str, Any]:
    return dict(_parser().parse(text=text))


@cache
def _template(file: str) -> dict[str, Any]:
    return parsed((INFRA / file).read_text("utf-8"))


class _Templates(Mapping[str, dict[str, Any]]):
    """Every file of the template by its path, parsed when somebody asks for it."""

    def __init__(self) -> None:
        self._files = [path.relative_to(INFRA).as_posix() for path in sorted(INFRA.rglob("*.bicep"))]

    def __getitem__(self, file: str) -> dict[str, Any]:
        if file not in self._files:
            raise KeyError(file)
        return _template(file)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


TEMPLATES = _Templates()


def config(declared: dict[str, Any]) -> dict[str, Any]:
    """What a resource or module says, also where it has a condition or is one of many."""
    said: dict[str, Any] = declared["config"]
    while "config" in said:
        said = said["config"]
    return said


def resource(file: str, name: str) -> dict[str, Any]:
    return config(TEMPLATES[file]["resources"][name])


def variable(file: str, name: str) -> Any:
    return TEMPLATES[file]["variables"][name]["value"]


def literals(value: object) -> set[str]:
    """Every text in a part of a template."""
    if isinstance(value, dict):
        return set().union(*(literals(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(literals(item) for item in value))
    return {value} if isinstance(value, str) else set()


def is_computed(value: object) -> bool:
    """Whether Azure computes it: a function, an operator, a loop. A property may be named so, too."""
    if not isinstance(value, dict):
        return False
    return "loop_type" in value or any(isinstance(value.get(k), dict) for k in ("function", "operator"))


def paths(value: object) -> set[str]:
    """The dotted names of all properties that a part of a template says."""
    if not isinstance(value, dict) or is_computed(value):
        return set()
    return {
        path for name, said in value.items() for path in (name, *(f"{name}.{p}" for p in paths(said)))
    }
