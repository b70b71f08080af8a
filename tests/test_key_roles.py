"""What a key of each role opens: the table of operations, and infra/roles.toml, which repeats it."""

import tomllib

from optout import settings
from optout.http import table
from optout.http.operation import Role

ROLES = settings.ROOT / "infra/roles.toml"


def test_the_roles_are_those_of_the_table() -> None:
    """infra/roles.toml repeats the table for a script without packages; Event Grid's is in no role."""
    roles: dict[str, list[str]] = tomllib.loads(ROLES.read_text("utf-8"))
    assert roles.pop("none") == ["sms_events", "finish_pending"]
    assert {role: sorted(functions) for role, functions in roles.items()} == {
        role: sorted(function.name for function in table.functions() if role in function.roles)
        for role in Role
    }


def test_a_lookup_only_looks_up() -> None:
    """The key of a sending service opens one function, which support's opens, too."""
    (check,) = (each for each in table.functions() if Role.LOOKUP in each.roles)
    assert check.name == "check_suppressions"
    assert Role.SUPPORT in check.roles


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
