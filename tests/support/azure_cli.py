"""Stands in for the Azure CLI: takes the commands and options that the scripts in infra/ use, refuses
any other, and keeps what they change in a file. Run as a program, it is `az`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

HERE = ("--subscription", "--resource-group")
APP = (*HERE, "--name", "--function-name")


def install(folder: Path, state: dict[str, Any]) -> Path:
    """An `az` in a folder, and the file of its state."""
    file = folder / "azure.json"
    file.write_text(json.dumps(state), "utf-8")
    program = folder / "az"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{file}" "$@"\n', "utf-8")
    program.chmod(0o755)
    return file


def show_account(state: dict[str, Any], asked: dict[str, str]) -> object:
    if state.get("signed_out"):
        fail("Please run 'az login' to setup account.")
    return {"state": "Enabled"}


def show_function(state: dict[str, Any], asked: dict[str, str]) -> object:
    if state["not_there_for"] > 0:
        state["not_there_for"] -= 1
        fail(f"Function {asked['function_name']} was not found")
    return {"name": asked["function_name"]}


def list_keys(state: dict[str, Any], asked: dict[str, str]) -> object:
    return list(state["keys"].setdefault(asked["function_name"], {}))


def set_key(state: dict[str, Any], asked: dict[str, str]) -> object:
    if asked["function_name"] in state.get("broken", []):
        fail("Service Unavailable")
    if asked["key_value"] != "@-":
        fail("a value among the arguments is there for everybody on the machine to see")
    value = sys.stdin.read()
    state["keys"].setdefault(asked["function_name"], {})[asked["key_name"]] = value
    return {"name": asked["key_name"], "value": value}


def delete_key(state: dict[str, Any], asked: dict[str, str]) -> object:
    if state["keys"].get(asked["function_name"], {}).pop(asked["key_name"], None) is None:
        fail("Not Found")
    return None


def list_topics(state: dict[str, Any], asked: dict[str, str]) -> object:
    return state["topics"]


def list_subscriptions(state: dict[str, Any], asked: dict[str, str]) -> object:
    return list(state.get("subscriptions", {}).get(asked["system_topic_name"], {}).values())


def identity_of(state: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The identity of the topic after a deployment. Where it had none of its own, that is a new one."""
    kind = told["topicIdentityType"]
    before = [each.get("identity") for each in state["topics"] if each["name"] == told["topicName"]]
    mine = next((each.get("principalId") for each in before if each), None)
    if "SystemAssigned" not in kind:
        mine = None
    elif mine is None:
        mine = f"principal-{len(state['principals']) + 1}"
    return {"type": kind, "userAssignedIdentities": told["topicIdentities"], "principalId": mine}


def is_known(state: dict[str, Any], principal: str) -> bool:
    """Whether the role of a principal has been there for as many deployments as it takes Azure to know
    it; this one counts for those that come."""
    age: int = state["principals"].setdefault(principal, 0)
    state["principals"][principal] += 1
    return age >= int(state["a_role_takes"])


def deploy(state: dict[str, Any], asked: dict[str, str]) -> object:
    """What the deployment of infra/events.bicep would leave behind, and what it was told."""
    if not Path(asked["template_file"]).exists():
        fail("no such template")
    given = json.loads(Path(asked["parameters"].removeprefix("@")).read_text("utf-8"))["parameters"]
    told = {name: parameter["value"] for name, parameter in given.items()}
    group = f"/subscriptions/{asked['subscription']}/resourceGroups/{asked['resource_group']}"
    topic = {
        "id": f"{group}/providers/Microsoft.EventGrid/systemTopics/{told['topicName']}",
        "name": told["topicName"],
        "location": told["topicLocation"],
        "tags": told["topicTags"] or None,
        "source": told["acsResourceId"],
        "identity": identity_of(state, told),
    }
    state["deployments"].append(told)
    principal = topic["identity"]["principalId"]
    if principal and state.get("no_identity"):
        fail("A system-assigned identity is not supported by a global topic")
    state["topics"] = [each for each in state["topics"] if each["id"] != topic["id"]] + [topic]
    if principal and not is_known(state, principal) and told["keepsDeadLetters"]:
        fail("The identity has no permission on the dead letter container")
    if state.get("broken"):
        fail("Service Unavailable")
    subscribed = state.setdefault("subscriptions", {}).setdefault(told["topicName"], {})
    subscribed[told["subscriptionName"]] = {
        "name": told["subscriptionName"],
        "deadLetterWithResourceIdentity": {"identity": {}} if told["keepsDeadLetters"] else None,
    }
    return {}


COMMANDS: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {
    "account show": (show_account, ()),
    "functionapp function show": (show_function, APP),
    "functionapp function keys list": (list_keys, (*APP, "--query")),
    "functionapp function keys set": (set_key, (*APP, "--key-name", "--key-value")),
    "functionapp function keys delete": (delete_key, (*APP, "--key-name")),
    "eventgrid system-topic list": (list_topics, ("--subscription",)),
    "eventgrid system-topic event-subscription list": (
        list_subscriptions,
        (*HERE, "--system-topic-name"),
    ),
    "deployment group create": (deploy, (*HERE, "--name", "--template-file", "--parameters")),
}


def main(file: Path, arguments: list[str]) -> None:
    words = " ".join(arguments).split(" --")[0]
    if words not in COMMANDS:
        fail(f"'{words}' is misspelled or not recognized by the system")
    does, options = COMMANDS[words]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in (*options, "--output"):
        parser.add_argument(option, required=True)
    state = json.loads(file.read_text("utf-8"))
    try:
        answer = does(state, vars(parser.parse_args(arguments[len(words.split()) :])))
    finally:
        file.write_text(json.dumps(state), "utf-8")
    print(json.dumps(answer))


def fail(message: str) -> NoReturn:
    print(f"ERROR: {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
