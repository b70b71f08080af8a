"""Brings the messages of the ACS resource to the app: azd runs it after each deployment.

It can be run again at any time. It uses the system topic of the ACS resource, or creates one, and
subscribes the app to it as infra/events.bicep says.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from azure_cli import CliError, az

FUNCTION = "sms_events"
EVENTS = Path(__file__).parent.parent / "events.bicep"
SECONDS_TO_APPEAR = 300
NEEDED = (
    "AZURE_ENV_NAME",
    "AZURE_FUNCTION_APP_ID",
    "ACS_RESOURCE_ID",
    "LIST_STORAGE_ID",
    "DEAD_LETTER_CONTAINER",
    "DEAD_LETTER_IDENTITY_ID",
)


def main() -> None:
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        sys.exit(
            f"not set: {', '.join(missing)}. They are outputs of infra/main.bicep; "
            "with azd, run: azd hooks run postdeploy"
        )
    try:
        az("account", "show")  # not installed, not signed in: waiting would not help
        wait_for_function(os.environ["AZURE_FUNCTION_APP_ID"], SECONDS_TO_APPEAR)
        subscribe()
    except CliError as problem:
        sys.exit(f"{problem}\nThe app is not subscribed. Run this again: azd hooks run postdeploy")


def wait_for_function(app_id: str, seconds: float) -> None:
    """Wait until the function appears, a while after deployment; no subscription can name it before."""
    _, _, subscription, _, group, *_, app = app_id.split("/")
    function = ("--name", app, "--function-name", FUNCTION)
    give_up = time.monotonic() + seconds
    while True:
        try:
            az("functionapp", "function", "show", *function, *in_group(subscription, group))
        except CliError:
            if time.monotonic() > give_up:
                raise
            time.sleep(2)
        else:
            return


def subscribe() -> None:
    """Deploy events.bicep to where the topic is."""
    environment, acs_id = os.environ["AZURE_ENV_NAME"], os.environ["ACS_RESOURCE_ID"]
    _, _, subscription, _, acs_group, *_, acs = acs_id.split("/")
    topic = topic_of(acs_id, subscription)
    group = topic["id"].split("/")[4] if topic else acs_group
    name = "optout-" + re.sub("[^A-Za-z0-9]+", "-", environment)
    identity = (topic or {}).get("identity") or {}
    parameters = {
        "topicName": topic["name"] if topic else f"{acs}-events",
        "topicLocation": topic["location"] if topic else "global",
        "topicTags": topic.get("tags") or {} if topic else {},
        "topicIdentityType": identity_type(identity),
        "topicIdentities": identities(identity, os.environ["DEAD_LETTER_IDENTITY_ID"]),
        "acsResourceId": acs_id,
        "subscriptionName": name[:64],
        "functionAppId": os.environ["AZURE_FUNCTION_APP_ID"],
        "deadLetterStorageId": os.environ["LIST_STORAGE_ID"],
        "deadLetterContainer": os.environ["DEAD_LETTER_CONTAINER"],
        "deadLetterIdentityId": os.environ["DEAD_LETTER_IDENTITY_ID"],
        "alertTags": {"azd-env-name": environment},
        "actionGroupId": os.environ.get("ACTION_GROUP_ID", ""),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "parameters.json"
        file.write_text(
            json.dumps({"parameters": {key: {"value": value} for key, value in parameters.items()}})
        )
        az(
            *("deployment", "group", "create", "--name", name[:64]),
            *("--template-file", str(EVENTS), "--parameters", f"@{file}"),
            *in_group(subscription, group),
        )
    print(f"{FUNCTION} is subscribed to {parameters['topicName']} as {parameters['subscriptionName']}")


def topic_of(acs_id: str, subscription: str) -> Any:
    """The system topic of the ACS resource, which others may have created; None if it has none."""
    topics = az("eventgrid", "system-topic", "list", "--subscription", subscription)
    return next((topic for topic in topics if topic["source"].lower() == acs_id.lower()), None)


def identity_type(has: Any) -> str:
    """The kind of identity with ours assigned; the topic's own system-assigned one stays."""
    own = "SystemAssigned" in (has.get("type") or "")
    return "SystemAssigned, UserAssigned" if own else "UserAssigned"


def identities(identity: Any, ours: str) -> dict[str, dict[str, str]]:
    """The identities assigned to the topic, and ours. Azure does not preserve the case of ids."""
    has = identity.get("userAssignedIdentities") or {}
    others = [identity for identity in has if identity.lower() != ours.lower()]
    return {identity: {} for identity in (*others, ours)}


def in_group(subscription: str, group: str) -> tuple[str, ...]:
    return "--subscription", subscription, "--resource-group", group


if __name__ == "__main__":
    main()
