"""The template in infra/, parsed, and what its parts say."""

from pathlib import Path
from typing import Any

from pycep import BicepParser

INFRA = Path(__file__).parents[2] / "infra"
PARSER = BicepParser()
TEMPLATES: dict[str, Any] = {
    path.relative_to(INFRA).as_posix(): PARSER.parse(text=path.read_text("utf-8"))
    for path in sorted(INFRA.rglob("*.bicep"))
}


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
