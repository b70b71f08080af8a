"""Brings the messages of the ACS resource to the app: azd runs it after each deployment.

It can be run again at any time. It uses the system topic of the ACS resource, or creates one, and
subscribes the app to it as infra/events.bicep says. Where Azure refuses dead letters, the app is
subscribed without, loudly: an event that is given up is lost then, and a deaf app loses them all.
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
)
WITHOUT = """WARNING: {problem}
The app is subscribed WITHOUT dead letters: an event that Event Grid gives up after a day is lost, and
the alert DroppedEventCount alone says so. Run this again in a few minutes: azd hooks run postdeploy"""


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
    function = ("--name", app_id.split("/")[-1], "--function-name", FUNCTION)
    give_up = time.monotonic() + seconds
    while True:
        try:
            az("functionapp", "function", "show", *function, *group_of(app_id))
        except CliError:
            if time.monotonic() > give_up:
                raise
            time.sleep(2)
        else:
            return


def subscribe() -> None:
    """Deploy events.bicep to where the topic is, with dead letters if Azure lets it. Raises CliError
    where the app hears nothing then, or where it would lose the dead letters that it has."""
    told = asked_for()
    topic, subscription = told["topicName"], told["subscriptionName"]
    try:
        deploy(with_dead_letters(told))
    except CliError as refused:
        if keeps_dead_letters(subscription):
            raise
        print(f"WARNING: {refused}\nSubscribing without dead letters.", file=sys.stderr)
        # As the topic is now: its own identity, if it got one, has the role that dead letters need.
        told = asked_for()
        deploy(told)
        # A role takes a while to be known; some of it is over by now.
        try:
            deploy(with_dead_letters(told))
        except CliError as again:
            print(WITHOUT.format(problem=again), file=sys.stderr)
    print(f"{FUNCTION} is subscribed to {topic} as {subscription}")


def asked_for() -> dict[str, Any]:
    """The parameters of events.bicep, without dead letters; what the topic has is kept."""
    environment, acs_id = os.environ["AZURE_ENV_NAME"], os.environ["ACS_RESOURCE_ID"]
    topic = topic_of(acs_id) or {}
    identity = topic.get("identity") or {}
    return {
        "topicName": topic.get("name") or f"{acs_id.split('/')[-1]}-events",
        "topicLocation": topic.get("location") or "global",
        "topicTags": topic.get("tags") or {},
        "topicIdentityType": identity.get("type") or "None",
        "topicIdentities": {each: {} for each in identity.get("userAssignedIdentities") or {}},
        "keepsDeadLetters": False,
        "acsResourceId": acs_id,
        "subscriptionName": name_of(environment),
        "functionAppId": os.environ["AZURE_FUNCTION_APP_ID"],
        "deadLetterStorageId": os.environ["LIST_STORAGE_ID"],
        "deadLetterContainer": os.environ["DEAD_LETTER_CONTAINER"],
        "alertTags": {"azd-env-name": environment},
        "actionGroupId": os.environ.get("ACTION_GROUP_ID", ""),
    }


def with_dead_letters(told: dict[str, Any]) -> dict[str, Any]:
    """The same with what dead letters need: an identity of the topic's own, beside those that are
    assigned to it."""
    assigned = told["topicIdentities"]
    kind = "SystemAssigned, UserAssigned" if assigned else "SystemAssigned"
    return told | {"topicIdentityType": kind, "keepsDeadLetters": True}


def deploy(parameters: dict[str, Any]) -> None:
    """Deploy events.bicep to the group of the topic, or of the ACS resource if it has none yet."""
    home = topic_of(parameters["acsResourceId"]) or {"id": parameters["acsResourceId"]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "parameters.json"
        file.write_text(
            json.dumps({"parameters": {key: {"value": value} for key, value in parameters.items()}})
        )
        az(
            *("deployment", "group", "create", "--name", parameters["subscriptionName"]),
            *("--template-file", str(EVENTS), "--parameters", f"@{file}"),
            *group_of(home["id"]),
        )


def keeps_dead_letters(name: str) -> bool:
    """Whether the subscription is there already, with dead letters."""
    topic = topic_of(os.environ["ACS_RESOURCE_ID"])
    if topic is None:
        return False
    listed = ("eventgrid", "system-topic", "event-subscription", "list")
    there = az(*listed, "--system-topic-name", topic["name"], *group_of(topic["id"]))
    return any(each["name"] == name and each.get("deadLetterWithResourceIdentity") for each in there)


def topic_of(acs_id: str) -> Any:
    """The system topic of the ACS resource, which others may have created; None if it has none."""
    topics = az("eventgrid", "system-topic", "list", "--subscription", acs_id.split("/")[2])
    return next((topic for topic in topics if topic["source"].lower() == acs_id.lower()), None)


def name_of(environment: str) -> str:
    """The name of an environment's subscription, in the characters that Azure takes."""
    return ("optout-" + re.sub("[^A-Za-z0-9]+", "-", environment))[:64]


def group_of(resource_id: str) -> tuple[str, ...]:
    """The options of az that say where a resource is."""
    _, _, subscription, _, group, *_ = resource_id.split("/")
    return "--subscription", subscription, "--resource-group", group


if __name__ == "__main__":
    main()
