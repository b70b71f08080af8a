"""Holds the resources of the template to Azure's own definitions, as tests/infra/types keeps them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.bicep import config, is_computed

KEPT = Path(__file__).parents[1] / "infra/types"
# What Bicep itself takes of every resource, whatever its type. A name is required; in Azure's
# definitions it is read-only or not there, because it is a part of the address.
OF_BICEP = {"name", "parent", "scope", "dependsOn"}
TEXTS = {"str", "iso-8601", "duration", "date", "rfc-1123"}
PARAMETERS = {"string": TEXTS, "int": {"int", "float", "long"}, "bool": {"bool"}}
ANYTHING = {"object", "{object}", "any"}

Types = dict[str, dict[str, Any]]


def kept_types() -> dict[str, tuple[str, Types]]:
    """For each resource type and version: the name of its definition, and those that it refers to."""
    found = {}
    for path in sorted(KEPT.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        for resource, name in document["resources"].items():
            found[resource] = (name, document["types"])
    return found


class Checker:
    """Checks the parts of one template against the definitions of one provider. `seen` are the
    definitions that were needed for it."""

    def __init__(self, template: dict[str, Any], types: Types) -> None:
        self._parameters = template.get("parameters", {})
        self._variables = template.get("variables", {})
        self._named = {*self._parameters, *self._variables}
        self._named |= {*template.get("resources", {}), *template.get("modules", {})}
        self._types = types
        self.seen: set[str] = set()

    def resource(self, declared: dict[str, Any], definition: str) -> Iterator[str]:
        """What is wrong with a resource, each as a sentence that names the property."""
        self._named |= set(loop_names(declared))
        said = config(declared)
        if "name" not in said:
            yield "name: is required"
        yield from self._object({k: v for k, v in said.items() if k not in OF_BICEP}, definition, "")

    def _value(self, value: Any, rule: dict[str, Any], path: str) -> Iterator[str]:
        kind = rule["type"]
        if kind in ANYTHING or value is None:
            return
        if is_computed(value):
            for branch in branches(value):
                yield from self._value(branch, rule | {"partly": "function" in value}, path)
        elif isinstance(value, str):
            yield from self._text(value, rule, path)
        elif isinstance(value, list):
            if not kind.startswith("["):
                yield f"{path}: is a list, and should be {kind}"
                return
            for item in value:
                yield from self._value(item, rule | {"type": kind[1:-1]}, f"{path}[]")
        elif isinstance(value, dict):
            yield from self._dict(value, rule, path)
        elif isinstance(value, bool):
            if kind != "bool":
                yield f"{path}: is a bool, and should be {kind}"
        elif kind not in PARAMETERS["int"]:
            yield f"{path}: is a number, and should be {kind}"
        elif not rule.get("minimum", value) <= value <= rule.get("maximum", value):
            yield f"{path}: {value} is not from {rule.get('minimum')} to {rule.get('maximum')}"

    def _text(self, value: str, rule: dict[str, Any], path: str) -> Iterator[str]:
        """A text, or the name of a parameter and the like, which the parser does not tell apart."""
        kind, values = rule["type"], rule.get("values", [])
        if value in self._parameters:
            about = self._parameters[value]
            takes = PARAMETERS.get(about["type"])
            if takes is not None and kind not in takes:
                yield f"{path}: {value} is a {about['type']}, and should be {kind}"
            for allowed in allowed_values(about) if values else ():
                if allowed not in values:
                    yield f"{path}: {value} may be {allowed!r}, which is none of {', '.join(values)}"
        elif value in self._variables:
            yield from self._value(self._variables[value]["value"], rule, path)
        elif value not in self._named and "${" not in value:
            if kind not in TEXTS:
                yield f"{path}: is a text, and should be {kind}"
            elif values and value not in values:
                yield f"{path}: {value!r} is none of {', '.join(values)}"

    def _dict(self, value: dict[str, Any], rule: dict[str, Any], path: str) -> Iterator[str]:
        kind = rule["type"]
        if kind.startswith("{"):
            for name, item in value.items():
                yield from self._value(item, rule | {"type": kind[1:-1]}, f"{path}.{name}")
        elif kind in self._types:
            yield from self._object(value, kind, f"{path}.", partly=rule.get("partly", False))
        elif kind in TEXTS or kind.startswith("[") or kind in ("int", "float", "long", "bool"):
            yield f"{path}: is an object, and should be {kind}"
        else:
            yield f"{path}: {kind} is not kept; run tests/support/azure_types.py"

    def _object(
        self, value: dict[str, Any], definition: str, path: str, *, partly: bool = False
    ) -> Iterator[str]:
        """An object with named properties; `partly` where a function adds others to it."""
        self.seen.add(definition)
        defined = self._types[definition]
        said = {name.strip("'"): item for name, item in value.items()}
        if "by" in defined:
            which = said.get(defined["by"])
            if which in defined["variants"]:
                yield from self._object(value, defined["variants"][which], path, partly=partly)
                return
            yield f"{path}{defined['by']}: {which!r} is none of {', '.join(defined['variants'])}"
        for name, item in said.items():
            rule = defined["properties"].get(name)
            if rule is None:
                if "additional" not in defined:
                    yield f"{path}{name}: there is no such property"
            elif rule.get("readOnly"):
                yield f"{path}{name}: is read-only"
            else:
                yield from self._value(item, rule, f"{path}{name}")
        for name, rule in defined["properties"].items():
            if rule.get("required") and not rule.get("readOnly") and name not in said and not partly:
                yield f"{path}{name}: is required"


def branches(computed: dict[str, Any]) -> list[Any]:
    """What a computed value can be, as far as the template says it: both values of a condition, the
    items of a loop, the parts of a union."""
    if computed.get("operator", {}).get("type") == "conditional":
        operands = computed["operator"]["operands"]
        return [operands["true_value"], operands["false_value"]]
    if "loop_type" in computed:
        inner = computed
        while "config" in inner:
            inner = inner["config"]
        return [[inner]]
    function = computed.get("function", {})
    if function.get("type") == "union":
        return [part for part in function["parameters"].values() if isinstance(part, dict)]
    return []


def loop_names(value: object) -> Iterator[str]:
    """The names that loops give to their items."""
    if isinstance(value, dict):
        if "loop_type" in value:
            yield from (
                name
                for key, name in value["loop_type"]["detail"].items()
                if key in ("item_name", "index_name") and isinstance(name, str)
            )
        for inner in value.values():
            yield from loop_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from loop_names(inner)


def allowed_values(parameter: dict[str, Any]) -> list[Any]:
    """The values of a parameter that has @allowed."""
    for decorator in parameter["decorators"]:
        if decorator["type"] == "allowed":
            values: list[Any] = decorator["argument"]
            return values
    return []


def faults(template: dict[str, Any], kept: dict[str, tuple[str, Types]]) -> list[str]:
    """What is wrong with the resources of a template, each with the name that the template gives it."""
    found = []
    for name, declared in template.get("resources", {}).items():
        kind = f"{declared['type']}@{declared['api_version']}"
        if declared["existing"]:
            found += [f"{name}.{path}: is there already" for path in set(config(declared)) - OF_BICEP]
        elif kind not in kept:
            found.append(f"{name}: {kind} is not kept; run tests/support/azure_types.py")
        else:
            definition, types = kept[kind]
            found += [
                f"{name}.{fault}" for fault in Checker(template, types).resource(declared, definition)
            ]
    return found
