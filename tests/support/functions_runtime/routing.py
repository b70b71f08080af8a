"""Finds the HTTP function for a request, as the Functions host does."""

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True, slots=True)
class Route:
    """The route of one HTTP function."""

    function_name: str
    binding_name: str
    methods: frozenset[str]
    """In upper case; none means every method."""
    segments: tuple[str, ...]

    @classmethod
    def from_binding(cls, function_name: str, binding: Mapping[str, Any], prefix: str = "") -> "Route":
        """Read an HTTP trigger's binding, below the prefix of host.json."""
        template = (binding.get("route") or function_name).strip("/")
        segments = tuple(segment for segment in template.split("/") if segment)
        for segment in segments:
            if not re.fullmatch(r"\{\w+\}|[^{}]+", segment):
                raise ValueError(f"The stub host does not know routes like {template!r}.")
        methods = frozenset(str(method).upper() for method in binding.get("methods") or ())
        above = tuple(part for part in prefix.split("/") if part)
        return cls(function_name, binding["name"], methods, (*above, *segments))

    def match(self, method: str, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The route's parameters if the request is for this function, else None."""
        if self.methods and method.upper() not in self.methods:
            return None
        if len(segments) != len(self.segments):
            return None
        parameters = {}
        for expected, actual in zip(self.segments, segments, strict=True):
            if is_parameter(expected) and actual:
                parameters[expected[1:-1]] = actual
            elif expected.lower() != actual.lower():
                return None
        return parameters

    @property
    def precedence(self) -> tuple[bool, ...]:
        """Sorts literal segments before parameters, the leftmost segment first."""
        return tuple(is_parameter(segment) for segment in self.segments)


def is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def find_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The function that a request is for, and its route parameters."""
    segments = tuple(decode_segment(part) for part in path.strip("/").split("/"))
    in_host_order = sorted(routes, key=lambda route: route.function_name.upper())
    matches = [
        (route, parameters)
        for route in in_host_order
        if (parameters := route.match(method, segments)) is not None
    ]
    if not matches:
        return None
    found = min(matches, key=lambda match: match[0].precedence)
    if found is not matches[0]:
        # The real host has no such precedence (azure-functions-host issue 9876).
        warnings.warn(
            f"{method} {path} goes to {found[0].function_name!r} here, but in Azure to "
            f"{matches[0][0].function_name!r}, the first by name that matches.",
            stacklevel=2,
        )
    return found


def decode_segment(segment: str) -> str:
    """Percent-decode part of a path. Like the host's web server, leave %2F as it is."""
    return unquote(re.sub(r"%(2f)", r"%25\1", segment, flags=re.IGNORECASE))


def parse_query(query: str) -> dict[str, str]:
    """The query as the host passes it on: repeated values joined, empty ones left out."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    joined = {name: ",".join(parts) for name, parts in values.items()}
    return {name: value for name, value in joined.items() if value}
