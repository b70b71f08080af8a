"""The scripts in infra/, run as a person or azd runs them, against a stand-in for the Azure CLI."""

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import azure_cli
from tests.support.bicep import INFRA, TEMPLATES

ROLES: dict[str, list[str]] = tomllib.loads((INFRA / "roles.toml").read_text("utf-8"))
ACS_GROUP = "/subscriptions/2/resourceGroups/messaging"
GROUP = "/subscriptions/1/resourceGroups/rg-optout/providers"
APP = f"{GROUP}/Microsoft.Web/sites/func-optout"
ACS = f"{ACS_GROUP}/providers/Microsoft.Communication/communicationServices/contoso"
OUTPUTS = {
    "AZURE_ENV_NAME": "prod",
    "AZURE_FUNCTION_APP_ID": APP,
    "ACS_RESOURCE_ID": ACS,
    "LIST_STORAGE_ID": f"{GROUP}/Microsoft.Storage/storageAccounts/stlist",
    "DEAD_LETTER_CONTAINER": "dead-letters",
    "ACTION_GROUP_ID": "",
}


@dataclass(frozen=True)
class Azure:
    """The stand-in, and the scripts that speak to it."""

    folder: Path
    file: Path

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, str(INFRA / "scripts" / script), *arguments],
            env={"PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def keys(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("keys.py", "--app", APP, *arguments)

    def value_file(self, name: str = "value") -> str:
        return str(self.folder / name)

    def value(self, name: str = "value") -> str:
        return (self.folder / name).read_text("ascii")

    @property
    def state(self) -> Any:
        return json.loads(self.file.read_text("utf-8"))

    def change(self, **changed: Any) -> None:
        self.file.write_text(json.dumps(self.state | changed), "utf-8")

    def opened_by(self, value: str) -> set[str]:
        """The functions that a value opens."""
        return {function for function, keys in self.state["keys"].items() if value in keys.values()}


@pytest.fixture
def azure(tmp_path: Path) -> Azure:
    state = {
        "keys": {}, "topics": [], "deployments": [], "principals": {}, "not_there_for": 0,
        "a_role_takes": 0,
    }  # fmt: skip
    return Azure(tmp_path, azure_cli.install(tmp_path, state))


@pytest.mark.parametrize("role", ["lookup", "support", "opt-ins"])
def test_a_key_opens_the_functions_of_its_role(azure: Azure, role: str) -> None:
    """One value on each of them, in a file for its owner only, and nowhere on the screen."""
    done = azure.keys("make", role, "campaigns", "--to", azure.value_file())
    assert done.returncode == 0, done.stderr
    value = azure.value()
    assert len(value) >= 40
    assert azure.opened_by(value) == set(ROLES[role])
    assert value not in done.stdout + done.stderr
    assert Path(azure.value_file()).stat().st_mode & 0o777 == 0o600


def test_a_rotated_key_has_another_value(azure: Azure) -> None:
    """The old value opens nothing any more, and the other client's key stays."""
    azure.keys("make", "lookup", "campaigns", "--to", azure.value_file("old"))
    azure.keys("make", "lookup", "newsletter", "--to", azure.value_file("other"))
    done = azure.keys("rotate", "lookup", "campaigns", "--to", azure.value_file("new"))
    assert done.returncode == 0, done.stderr
    assert azure.opened_by(azure.value("old")) == set()
    assert azure.opened_by(azure.value("new")) == set(ROLES["lookup"])
    assert azure.opened_by(azure.value("other")) == set(ROLES["lookup"])


def test_a_revoked_key_opens_nothing(azure: Azure) -> None:
    """Nor on a function that has left the role since, and again without harm."""
    azure.keys("make", "lookup", "campaigns", "--to", azure.value_file())
    before = {"history": {"lookup-campaigns": azure.value()}}
    azure.change(keys=azure.state["keys"] | before)
    for _ in range(2):
        assert azure.keys("revoke", "lookup", "campaigns").returncode == 0
        assert azure.opened_by(azure.value()) == set()


def test_a_key_is_made_once(azure: Azure) -> None:
    """A second make would take the key from the client that has it."""
    azure.keys("make", "lookup", "campaigns", "--to", azure.value_file())
    again = azure.keys("make", "lookup", "campaigns", "--to", azure.value_file("second"))
    assert again.returncode == 1
    assert "rotate it" in again.stderr
    assert azure.opened_by(azure.value()) == set(ROLES["lookup"])


def test_a_file_is_never_written_over(azure: Azure) -> None:
    """It may hold the only copy of another key."""
    azure.keys("make", "lookup", "campaigns", "--to", azure.value_file())
    done = azure.keys("make", "lookup", "newsletter", "--to", azure.value_file())
    assert done.returncode == 1
    assert "name a new file" in done.stderr
    assert azure.keys("list").stdout == "".join(
        f"{function}: {'lookup-campaigns' if function in ROLES['lookup'] else ''}\n"
        for function in sorted(
            {name for role, names in ROLES.items() if role != "none" for name in names}
        )
    )


def test_a_key_that_was_set_by_half_can_be_mended(azure: Azure) -> None:
    """Azure fails on the way: the script says what to do, and rotating makes all of them agree."""
    azure.change(broken=["opt_in"])
    done = azure.keys("make", "support", "desk", "--to", azure.value_file("half"))
    assert done.returncode == 1
    assert "rotate or revoke" in done.stderr
    azure.change(broken=[])
    assert azure.keys("rotate", "support", "desk", "--to", azure.value_file()).returncode == 0
    assert azure.opened_by(azure.value()) == set(ROLES["support"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--app", "func-optout", "list"), "not a resource id"),
        (("--app", APP, "make", "none", "campaigns", "--to", "x"), "invalid choice"),
        (("--app", APP, "make", "lookup", "Campaigns!", "--to", "x"), "lower-case letters"),
        (("--app", APP, "make", "lookup", "campaigns"), "--to"),
    ],
    ids=["not an id", "no role", "not a client", "no file"],
)
def test_slips_are_explained(azure: Azure, arguments: tuple[str, ...], says: str) -> None:
    """What is wrong, before anything is changed."""
    done = azure.run("keys.py", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert azure.state["keys"] == {}


def test_without_the_azure_cli(azure: Azure) -> None:
    """It says what to install."""
    (azure.folder / "az").unlink()
    done = subprocess.run(
        [sys.executable, str(INFRA / "scripts/keys.py"), "--app", APP, "list"],
        env={"PATH": str(azure.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the Azure CLI is not installed" in done.stderr


def test_the_app_is_subscribed(azure: Azure) -> None:
    """With a topic in the group of the ACS resource, and every parameter of the template."""
    done = azure.run("subscribe.py", **OUTPUTS)
    assert done.returncode == 0, done.stderr
    (told,) = azure.state["deployments"]
    assert set(told) == set(TEMPLATES["events.bicep"]["parameters"])
    assert told["subscriptionName"] == "optout-prod"
    assert told["topicIdentityType"] == "SystemAssigned"
    assert told["topicIdentities"] == {}
    assert told["keepsDeadLetters"] is True
    assert "WARNING" not in done.stderr
    (topic,) = azure.state["topics"]
    assert topic["id"].startswith(f"{ACS_GROUP}/")


def test_subscribing_again_changes_nothing(azure: Azure) -> None:
    """The second run says what the first one said."""
    for _ in range(2):
        assert azure.run("subscribe.py", **OUTPUTS).returncode == 0
    first, second = azure.state["deployments"]
    assert first == second
    assert len(azure.state["topics"]) == 1


def test_a_topic_that_is_there_is_used(azure: Azure) -> None:
    """It may be in another group and write its source in another case; what it has is kept."""
    group = "/subscriptions/2/resourceGroups/events"
    theirs = {
        "id": f"{group}/providers/Microsoft.EventGrid/systemTopics/theirs",
        "name": "theirs",
        "location": "global",
        "tags": {"owner": "them"},
        "source": ACS.lower(),
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {"/subscriptions/2/id-theirs": {"clientId": "x"}},
        },
    }
    other = theirs | {"id": "other", "name": "other", "source": ACS + "-other"}
    azure.change(topics=[other, theirs])
    assert azure.run("subscribe.py", **OUTPUTS).returncode == 0
    (told,) = azure.state["deployments"]
    assert told["topicName"] == "theirs"
    assert told["topicTags"] == {"owner": "them"}
    assert told["topicIdentityType"] == "SystemAssigned, UserAssigned"
    assert told["topicIdentities"] == {"/subscriptions/2/id-theirs": {}}
    assert {topic["id"] for topic in azure.state["topics"]} == {"other", theirs["id"]}


@pytest.mark.parametrize(
    ("changes", "second", "is_kept"),
    [
        ({"a_role_takes": 1}, "SystemAssigned", True),
        ({"a_role_takes": 9}, "SystemAssigned", False),
        ({"no_identity": True}, "None", False),
    ],
    ids=["a role that is known soon", "a role that takes longer", "no identity on a global topic"],
)
def test_an_app_without_dead_letters_hears_all_the_same(
    azure: Azure, changes: dict[str, Any], second: str, is_kept: bool
) -> None:
    """Where Azure refuses them, the app is subscribed without, by a topic that keeps the identity whose
    role is on its way; they are tried again; it is said."""
    azure.change(**changes)
    done = azure.run("subscribe.py", **OUTPUTS)
    assert done.returncode == 0, done.stderr
    deployed = azure.state["deployments"]
    told = [(each["topicIdentityType"], each["keepsDeadLetters"]) for each in deployed]
    assert told == [("SystemAssigned", True), (second, False), ("SystemAssigned", True)]
    assert len(azure.state["principals"]) == (second != "None")
    ((subscription,),) = (each.values() for each in azure.state["subscriptions"].values())
    assert bool(subscription["deadLetterWithResourceIdentity"]) is is_kept
    assert "Subscribing without dead letters" in done.stderr
    assert ("WITHOUT dead letters" in done.stderr) is not is_kept


def test_dead_letters_are_not_taken_away(azure: Azure) -> None:
    """A subscription that keeps them stays as it is where Azure fails: the app is not deaf."""
    azure.run("subscribe.py", **OUTPUTS)
    azure.change(a_role_takes=9)
    failed = azure.run("subscribe.py", **OUTPUTS)
    assert failed.returncode == 1
    assert [told["keepsDeadLetters"] for told in azure.state["deployments"]] == [True, True]


def test_an_app_that_hears_nothing_is_an_error(azure: Azure) -> None:
    """Where it cannot be subscribed at all, with or without."""
    azure.change(broken=["deployments"])
    failed = azure.run("subscribe.py", **OUTPUTS)
    assert failed.returncode == 1
    assert "The app is not subscribed" in failed.stderr


def test_outputs_that_are_missing_are_named(azure: Azure) -> None:
    """Run by hand without azd's environment, it says what it needs."""
    done = azure.run("subscribe.py", **(OUTPUTS | {"LIST_STORAGE_ID": ""}))
    assert done.returncode == 1
    assert "not set: LIST_STORAGE_ID" in done.stderr
    assert azure.state["deployments"] == []


def test_the_function_is_waited_for(azure: Azure) -> None:
    """It appears a while after the code was deployed."""
    azure.change(not_there_for=1)
    assert azure.run("subscribe.py", **OUTPUTS).returncode == 0
    assert len(azure.state["deployments"]) == 1


def test_nobody_waits_without_being_signed_in(azure: Azure) -> None:
    """It is said at once, not after the minutes that a function may take to appear."""
    azure.change(signed_out=True, not_there_for=1)
    refused = azure.run("subscribe.py", **OUTPUTS)
    assert refused.returncode == 1
    assert "Please run 'az login'" in refused.stderr
    assert azure.state["not_there_for"] == 1
