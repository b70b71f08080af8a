"""Who may do what: one table of role and operation, held to everything that says or enforces it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.http import table
from optout.http.operation import Operation, Role
from optout.settings import ROOT
from tests.support.client import App, HttpHost, environment
from tests.support.front import asking_for_keys
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.roles import KEYS, OPENED, OPENED_BY, guarded

# A parameter of an address, as somebody would fill it in.
PATHS = {"{sender}": "12345", "{recipient}": "+14255550123", "{file}": "main.js"}


def test_the_code_says_the_same() -> None:
    """Every role and every operation of http/table.py, and no other."""
    assert set(OPENED) == set(Role)
    assert {function.name: set(function.roles) for function in table.functions()} == {
        function.name: {role for role in Role if function.name in OPENED[role]}
        for function in table.functions()
    }
    assert guarded() <= {function.name for function in table.functions()}


def test_what_makes_the_keys_says_the_same() -> None:
    """infra/roles.toml, by which scripts/keys.py sets a key on each function of a role."""
    granted = tomllib.loads((ROOT / "infra/roles.toml").read_text("utf-8"))
    assert set(granted.pop("none")) == {"sms_events", "finish_pending"}
    assert {role: frozenset(functions) for role, functions in granted.items()} == OPENED


def test_a_lookup_only_looks_up() -> None:
    """The key opens one function, which support's opens, too."""
    (check,) = (each for each in table.functions() if Role.LOOKUP in each.roles)
    assert check.name == "check_suppressions"
    assert Role.SUPPORT in check.roles


def test_a_guard_asks_reports_and_makes_links() -> None:
    """A guard's key opens these functions, and nobody else's opens the second."""
    opened = {each.name: each.roles for each in table.functions() if Role.GUARD in each.roles}
    assert set(opened) == {"check_suppressions", "report_suppression", "links"}
    assert opened["report_suppression"] == (Role.GUARD,)


def test_links_are_a_role_of_their_own() -> None:
    """Its key makes links; it asks about nobody, and nobody at a desk needs it."""
    (links,) = (each for each in table.functions() if Role.LINKS in each.roles)
    assert (links.name, links.roles) == ("links", (Role.GUARD, Role.LINKS))


def test_what_frees_people_is_a_role_of_its_own() -> None:
    """Whoever moves lists cannot opt anybody in, and whoever may has no other key by that."""
    opened = {role: {each.name for each in table.functions() if role in each.roles} for role in Role}
    assert opened[Role.OPT_INS] == {"import_opt_ins"}
    assert "import_suppressions" in opened[Role.LISTS]
    assert "import_opt_ins" not in opened[Role.LISTS] | opened[Role.SUPPORT]


def test_operations_of_a_function_have_one_role() -> None:
    """They share its address and its keys."""
    for function in table.functions():
        of_it = [each for each in table.OPERATIONS if (each.function or each.name) == function.name]
        assert all((each.route, each.roles) == (function.route, function.roles) for each in of_it)


def test_the_runtime_asks_for_a_key_of_each_function(tmp_path: Path) -> None:
    """What Microsoft's runtime tells the host of the app: a key for each function of its own, which is
    what makes a role possible. That the host then asks for it can be tried in Azure only."""
    with FunctionsRuntime(ROOT, environment(tmp_path / "optout.db")) as running:
        levels = {
            name: bindings[0]["authLevel"].lower()
            for name, bindings in running.functions.items()
            if bindings[0]["type"] == "httpTrigger"
        }
    assert {name for name, level in levels.items() if level == "function"} == guarded()
    assert {name for name, level in levels.items() if level == "anonymous"} == {
        "health", "openapi", "console", "console_file", "link",
    }  # fmt: skip
    assert set(levels.values()) == {"function", "anonymous"}


@pytest.fixture
def front(app: App, local_port: int) -> Iterator[int]:
    """The app behind a front with a key for each role."""
    with asking_for_keys(local_port, OPENED_BY) as port:
        yield port


@pytest.mark.parametrize("operation", table.OPERATIONS, ids=lambda each: each.name)
@pytest.mark.parametrize("role", [*OPENED, None, "wrong"])
def test_what_a_key_opens(front: int, role: str | None, operation: Operation) -> None:
    """Each key with each operation, at its own address: in or out, and nothing in between."""
    target = f"/{operation.route}"
    for name, value in PATHS.items():
        target = target.replace(name, value)
    key = KEYS.get(role or "", role)
    headers = {"x-functions-key": key} if key else {}
    answer = HttpHost(front).request(operation.method, target, b"{}", headers)
    name = operation.function or operation.name
    is_open = name not in guarded() or name in OPENED.get(role or "", ())
    assert (answer.status != 401) is is_open
