"""Keys by role: one value that opens the functions of a role, for one client.

  make    a new key for a client
  rotate  a new value for it, at once; also after an upgrade that adds functions to the role
  revoke  the key no longer opens anything
  list    the names of the keys

The value goes into a file that only its owner may read, never onto the screen.
"""

import argparse
import os
import re
import secrets
import sys
import tomllib
from pathlib import Path

from azure_cli import CliError, az

ROLES: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent.parent / "roles.toml").read_text("utf-8")
)
GRANTED = {role: functions for role, functions in ROLES.items() if role != "none"}
PROTECTED = sorted({function for functions in GRANTED.values() for function in functions})


class App:
    """The keys of a function app."""

    def __init__(self, resource_id: str) -> None:
        _, _, subscription, _, group, *_, name = resource_id.split("/")
        self._app = ("--subscription", subscription, "--resource-group", group, "--name", name)

    def names(self, function: str) -> list[str]:
        """The names of a function's keys, without their values."""
        names: list[str] = self._keys("list", function, "--query", "keys(@)")
        return names

    def set(self, function: str, key: str, value: str) -> None:
        # Others on the machine can see arguments, but not what az reads.
        self._keys("set", function, "--key-name", key, "--key-value", "@-", said=value)

    def delete(self, function: str, key: str) -> None:
        self._keys("delete", function, "--key-name", key)

    def _keys(self, verb: str, function: str, *rest: str, said: str | None = None) -> list[str]:
        arguments = ("functionapp", "function", "keys", verb, *self._app, "--function-name", function)
        answer: list[str] = az(*arguments, *rest, said=said)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--app", required=True, metavar="ID", help="the function app's resource id")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list")
    for verb in ("make", "rotate", "revoke"):
        parsed = verbs.add_parser(verb)
        parsed.add_argument("role", choices=GRANTED)
        parsed.add_argument("client", type=client, help="whose key it is, for example campaigns")
        if verb != "revoke":
            parsed.add_argument("--to", required=True, type=Path, metavar="FILE", help="a new file")
    asked = parser.parse_args()
    try:
        app = App(asked.app)
    except ValueError:
        parser.error("--app is not a resource id; azd env get-value AZURE_FUNCTION_APP_ID prints it")
    try:
        if asked.verb == "list":
            print_names(app)
        elif asked.verb == "revoke":
            revoke(app, f"{asked.role}-{asked.client}")
        else:
            give(app, asked.role, f"{asked.role}-{asked.client}", asked.to, is_new=asked.verb == "make")
    except CliError as problem:
        sys.exit(
            f"{problem}\nSome functions may have changed already: rotate or revoke changes all of them."
        )


def client(name: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,40}", name):
        raise argparse.ArgumentTypeError("write lower-case letters, digits and hyphens")
    return name


def print_names(app: App) -> None:
    for function in PROTECTED:
        print(f"{function}: {', '.join(app.names(function))}")


def give(app: App, role: str, key: str, file: Path, *, is_new: bool) -> None:
    """Set one new value on every function of the role."""
    if is_new and any(key in app.names(function) for function in GRANTED[role]):
        sys.exit(f"{key} already exists: rotate it, or name another client")
    value = secrets.token_urlsafe(32)
    write_once(file, value)
    for function in GRANTED[role]:
        app.set(function, key, value)
        print(f"{key} opens {function}")
    print(f"its value is in {file}")


def write_once(file: Path, value: str) -> None:
    """Write the value before the key is set: a key without its value is worse than the reverse."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        sys.exit(f"{file}: cannot be created ({problem.strerror}); name a new file")
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        target.write(value)


def revoke(app: App, key: str) -> None:
    """Delete the key everywhere: the role may have had other functions when the key was made."""
    for function in PROTECTED:
        if key in app.names(function):
            app.delete(function, key)
            print(f"{key} no longer opens {function}")


if __name__ == "__main__":
    main()
