"""The template in infra/ fits the code that it deploys: settings, functions, roles, log lines."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from optout import settings
from optout.azure import events, messaging_connect, queue
from optout.azure.messaging_connect import Connection
from optout.domain.errors import ConfigurationError
from optout.local import LocalHost
from tests.support.bicep import INFRA, TEMPLATES, config, literals, resource, variable
from tests.support.bicep_types import branches

DEPLOY = (settings.ROOT / "docs/deploy.md").read_text("utf-8")

TABLE_DATA_READER = "76199698-9eea-4c19-bc75-cec21354c6b6"
TABLE_DATA_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
COMMUNICATION_OWNER = "09976791-48a7-449e-bb21-39d1a415f350"
EVENT_GRID_DATA_SENDER = "d5a91429-5739-47e2-a06b-3470a27159e7"
QUEUE_DATA_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
QUEUE_MESSAGE_SENDER = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"


def app_settings() -> dict[str, Any]:
    """The settings of the function app, by name: a text, or what Azure computes."""
    given: dict[str, Any] = config(TEMPLATES["main.bicep"]["modules"]["functionApp"])["params"][
        "settings"
    ]
    union: dict[str, Any] = variable("app/function-app.bicep", "allSettings")["function"]["parameters"]
    more: dict[str, Any] = union["arg_2"]
    return given | more


def environment(**changed: str) -> dict[str, str]:
    """The app's environment in Azure, with an example of each value that Azure computes."""
    examples = {
        "OPTOUT_TABLES_ENDPOINT": "https://contoso.table.core.windows.net/",
        "OPTOUT_ACS_ENDPOINT": "https://contoso.unitedstates.communication.azure.com",
        "OPTOUT_TOPIC_ENDPOINT": "",
        "OPTOUT_LINK_BASE": "",
        "OPTOUT_LINK_KEYS": "",
        "OptoutQueue__queueServiceUri": "https://contoso.queue.core.windows.net/",
        "OptoutQueue__clientId": "00000000-0000-0000-0000-000000000000",
    }
    template = {
        name: value if isinstance(value, str) else examples[name]
        for name, value in app_settings().items()
        # The name of a partner's key is computed, too.
        if name.startswith(("OPTOUT_", "OptoutQueue"))
    }
    return template | {"WEBSITE_SITE_NAME": "func-contoso"} | changed


def test_the_app_takes_the_settings_of_the_template() -> None:
    """Every setting exists, and none is missing that Azure needs; nothing is set by key."""
    loaded = settings.load(environment())
    assert loaded.store == "tables"
    assert loaded.answers_through_acs
    assert loaded.has_queue
    assert loaded.queue_client_id
    assert loaded.event_source
    topic = "https://contoso.westeurope-1.eventgrid.azure.net/api/events"
    assert settings.load(environment(OPTOUT_TOPIC_ENDPOINT=topic)).topic_endpoint == topic
    assert not [name for name in app_settings() if re.search("_KEY$|OPTOUT_.*CONNECTION_STRING$", name)]


def test_the_key_of_a_partner_stays_in_its_vault() -> None:
    """The setting is a reference, which the app's identity resolves, or empty: then nothing is asked
    of a vault. Until it is resolved the app takes it, and knows that it is no key."""
    (name,) = [name for name in app_settings() if "MESSAGING_CONNECT" in name]
    assert name == "'OPTOUT_MESSAGING_CONNECT_KEY_${toUpper(messagingConnectPartner)}'"
    reference = "@Microsoft.KeyVault(SecretUri=${messagingConnectSecretUri})"
    assert literals(app_settings()[name]) >= {"", reference}
    assert TEMPLATES["main.bicep"]["parameters"]["messagingConnectSecretUri"]["default"] == ""
    site = resource("app/function-app.bicep", "site")["properties"]
    assert "identityId" in literals(site["keyVaultReferenceIdentity"])
    variable = messaging_connect.variable("infobip")
    loaded = settings.load(environment(**{variable: reference}))
    assert loaded.messaging_connect_keys == {"infobip": reference}
    assert "not resolved" in str(Connection("infobip", reference).problem)


@pytest.mark.parametrize("name", ["OPTOUT_STORE", "OPTOUT_TABLES_ENDPOINT", "OPTOUT_ACS_ENDPOINT"])
def test_no_setting_is_there_in_vain(name: str) -> None:
    """Without it the app would refuse to work in Azure."""
    with pytest.raises(ConfigurationError):
        settings.load(environment(**{name: ""}))


@pytest.mark.parametrize(
    "name",
    [
        "AZURE_CLIENT_ID",
        "AzureWebJobsStorage__clientId",
        "OptoutQueue__clientId",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    ],
)
def test_everything_signs_in_by_the_apps_identity(name: str) -> None:
    """The SDKs, the host's storage, the queue's trigger and Application Insights: all by the client id
    of one identity."""
    texts = literals(app_settings()[name])
    assert any("identityClientId" in text or text == "appClientId" for text in texts)


def test_the_subscription_names_the_function(local_host: LocalHost) -> None:
    """The function of the subscription is the one that the app has for events."""
    destination = resource("events.bicep", "smsEvents")["properties"]["destination"]
    assert destination["endpointType"] == "AzureFunction"
    name = destination["properties"]["resourceId"].rpartition("/functions/")[2]
    assert f"/runtime/webhooks/EventGrid?functionName={name}" in list(local_host.routes())
    script = (INFRA / "scripts/subscribe.py").read_text("utf-8")
    assert f'FUNCTION = "{name}"' in script


def test_the_subscription_asks_for_what_the_app_handles() -> None:
    """Both event types, no other; one event at a time, for a day, in the schema that is named."""
    subscription = resource("events.bicep", "smsEvents")["properties"]
    asked = {kind.lower() for kind in subscription["filter"]["includedEventTypes"]}
    assert asked == {events.SMS_RECEIVED.lower(), events.DELIVERY_REPORT.lower()}
    assert subscription["eventDeliverySchema"] == "EventGridSchema"
    assert subscription["destination"]["properties"]["maxEventsPerBatch"] == 1
    assert subscription["retryPolicy"] == {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}


def test_dead_letters_are_kept_by_identity() -> None:
    """In a container, written by the topic's own identity, which may do so before it is asked to: the
    account takes no keys, and a global topic is known to have such an identity, no other."""
    subscription = resource("events.bicep", "smsEvents")
    kept, none = branches(subscription["properties"]["deadLetterWithResourceIdentity"])
    assert kept["identity"] == {"type": "SystemAssigned"}
    assert kept["deadLetterDestination"] == {
        "endpointType": "StorageBlob",
        "properties": {
            "resourceId": "deadLetterStorageId",
            "blobContainerName": "deadLetterContainer",
        },
    }
    assert none is None
    assert subscription["dependsOn"] == ["deadLetters"]


def test_the_python_version_is_stated_once() -> None:
    """In main.bicep; it is one that the project supports, and one that the workflow tests."""
    version = variable("main.bicep", "pythonVersion")
    stated = {
        file: re.findall(r"'3\.\d+'", (INFRA / file).read_text("utf-8"))
        for file in TEMPLATES
        if re.search(r"'3\.\d+'", (INFRA / file).read_text("utf-8"))
    }
    assert stated == {"main.bicep": [f"'{version}'"]}
    supported = tomllib.loads((settings.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lowest, beyond = (int(minor) for minor in re.findall(r"3\.(\d+)", supported["requires-python"]))
    minors = [f"3.{minor}" for minor in range(lowest, beyond)]
    assert version in minors
    workflow = yaml.safe_load((settings.ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == minors
    assert set(re.findall(r"Python (3\.\d+)", DEPLOY)) <= {version}


def assignments() -> set[tuple[str, str, str]]:
    """Every role that the template gives: to whom, on what type of resource, which."""
    given = set()
    for template in TEMPLATES.values():
        declared = template.get("resources", {})
        for one in declared.values():
            if one["type"] != "Microsoft.Authorization/roleAssignments":
                continue
            said = config(one)
            role = said["properties"]["roleDefinitionId"]["function"]["parameters"]["resource_name_1"]
            scope = declared[said["scope"]]["type"]
            guid = template["variables"][role]["value"]
            given.add((said["properties"]["principalId"], scope, guid))
    return given


def test_nobody_has_a_role_that_is_not_needed() -> None:
    """What each identity may do, on what, and nothing else."""
    account = "Microsoft.Storage/storageAccounts"
    container = f"{account}/blobServices/containers"
    queues = f"{account}/queueServices/queues"
    assert assignments() == {
        ("appPrincipalId", account, TABLE_DATA_CONTRIBUTOR),  # the list
        ("appPrincipalId", account, BLOB_DATA_OWNER),  # the host's own account, and packages
        ("appPrincipalId", queues, QUEUE_DATA_CONTRIBUTOR),  # what is pending
        ("appPrincipalId", queues, QUEUE_MESSAGE_SENDER),  # what the host puts aside
        ("appPrincipalId", "Microsoft.Communication/communicationServices", COMMUNICATION_OWNER),
        ("appPrincipalId", "Microsoft.EventGrid/topics", EVENT_GRID_DATA_SENDER),
        ("appPrincipalId", "Microsoft.Insights/components", METRICS_PUBLISHER),
        ("topicPrincipalId", container, BLOB_DATA_CONTRIBUTOR),  # dead letters
        ("operatorsGroupId", container, BLOB_DATA_CONTRIBUTOR),  # dead letters, and backups
        ("backupPrincipalId", container, BLOB_DATA_CONTRIBUTOR),
        ("backupPrincipalId", account, TABLE_DATA_READER),  # the list
        ("operatorsGroupId", account, TABLE_DATA_CONTRIBUTOR),
        ("operatorsGroupId", queues, QUEUE_MESSAGE_SENDER),
        ("operatorsGroupId", "Microsoft.EventGrid/topics", EVENT_GRID_DATA_SENDER),
    }


def test_everything_that_signs_in_has_its_role() -> None:
    """Each module that signs in by identity, whose identity that is, and the role that lets it in."""
    roles = {
        "azure/topic.py": ("appPrincipalId", EVENT_GRID_DATA_SENDER),
        "azure/queue.py": ("appPrincipalId", QUEUE_DATA_CONTRIBUTOR),
        "azure/containers.py": ("operatorsGroupId", BLOB_DATA_CONTRIBUTOR),
        "doctor/examination.py": ("operatorsGroupId", TABLE_DATA_CONTRIBUTOR),
        "azure/sms.py": ("appPrincipalId", COMMUNICATION_OWNER),
        "store/tables/client.py": ("appPrincipalId", TABLE_DATA_CONTRIBUTOR),
    }
    package = settings.ROOT / "optout"
    signing_in = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "DefaultAzureCredential(" in path.read_text("utf-8")
    }
    assert signing_in == set(roles)
    assert set(roles.values()) <= {(principal, role) for principal, _, role in assignments()}


@pytest.mark.parametrize(
    ("file", "name", "path", "expected"),
    [
        ("app/storage-account.bicep", "account", "properties.allowSharedKeyAccess", False),
        ("app/storage-account.bicep", "account", "properties.minimumTlsVersion", "TLS1_2"),
        ("app/storage-account.bicep", "account", "properties.supportsHttpsTrafficOnly", True),
        ("app/storage-account.bicep", "account", "properties.allowBlobPublicAccess", False),
        ("app/storage-account.bicep", "container", "properties.publicAccess", "None"),
        ("app/function-app.bicep", "site", "properties.httpsOnly", True),
        ("app/function-app.bicep", "site", "properties.siteConfig.minTlsVersion", "1.2"),
        ("app/function-app.bicep", "noPasswords", "properties.allow", False),
        ("app/function-app.bicep", "plan", "sku.name", "FC1"),
        ("app/list-storage.bicep", "keepsTheList", "properties.level", "CanNotDelete"),
        ("app/backup-storage.bicep", "keepsTheCopies", "properties.level", "CanNotDelete"),
        ("app/storage-account.bicep", "blobs", "properties.isVersioningEnabled", True),
        ("app/storage-account.bicep", "blobs", "properties.deleteRetentionPolicy.enabled", True),
        ("app/monitoring.bicep", "insights", "properties.DisableLocalAuth", True),
        ("app/announcements.bicep", "topic", "properties.disableLocalAuth", True),
        ("app/announcements.bicep", "topic", "properties.inputSchema", "CloudEventSchemaV1_0"),
        ("app/announcements.bicep", "topic", "properties.minimumTlsVersionAllowed", "1.2"),
    ],
)
def test_doors_are_shut(file: str, name: str, path: str, expected: object) -> None:
    """No keys where an identity will do, nothing in the open, TLS 1.2 at least."""
    value: Any = resource(file, name)
    for part in path.split("."):
        value = value[part]
    assert value == expected


def test_nothing_says_what_runs_here() -> None:
    """The root of the app answers without the host's home page."""
    assert app_settings()["AzureWebJobsDisableHomepage"] == "true"


def test_there_is_no_secret_in_the_template() -> None:
    """No key is asked for, put out or written down."""
    for path in [*INFRA.rglob("*.bicep"), *INFRA.rglob("*.json"), settings.ROOT / "azure.yaml"]:
        text = path.read_text("utf-8")
        assert not re.search(r"listKeys|listAccountSas|AccountKey=|accesskey=|SharedAccess", text, re.I)
        assert not re.search(r"(?=[\w+-]*\d)[\w+-]{40,}|[\w+/]{40,}=", text), path.name


@pytest.mark.parametrize("file", TEMPLATES)
def test_modules_get_what_they_ask_for(file: str) -> None:
    """Each module is there, gets each parameter without a default and no other, and has the outputs
    that are taken from it."""
    template = TEMPLATES[file]
    taken = re.findall(r"\b(\w+)!?\.outputs\.(\w+)", (INFRA / file).read_text("utf-8"))
    modules = {}
    for name, module in template.get("modules", {}).items():
        path = ((INFRA / file).parent / module["detail"]["path"]).relative_to(INFRA)
        modules[name] = TEMPLATES[path.as_posix()]
        asked = modules[name]["parameters"]
        given = set(config(module)["params"])
        assert given <= set(asked)
        assert {each for each, about in asked.items() if about["default"] is None} <= given
    for name, output in taken:
        assert output in modules[name]["outputs"], f"{name}.{output}"


def test_azd_gives_every_parameter() -> None:
    """main.parameters.json knows the parameters of main.bicep, and what azd sets by itself."""
    given = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    asked = TEMPLATES["main.bicep"]["parameters"]
    assert set(given) == set(asked)
    variables = {name: re.findall(r"\$\{(\w+)", value["value"])[0] for name, value in given.items()}
    for variable_name in set(variables.values()) - {"AZURE_ENV_NAME", "AZURE_LOCATION"}:
        assert f"`{variable_name}`" in DEPLOY


def test_azd_finds_its_service_and_its_hook() -> None:
    """The service's name is the app's tag; the hook's script is there, on both kinds of system."""
    project = yaml.safe_load((settings.ROOT / "azure.yaml").read_text("utf-8"))
    (service,) = project["services"]
    assert literals(resource("app/function-app.bicep", "site")["tags"]) >= {service}
    for hook in project["hooks"]["postdeploy"].values():
        assert (settings.ROOT / hook["run"].split()[1]).exists()


def test_the_hook_gets_its_outputs() -> None:
    """What subscribe.py needs, main.bicep puts out; azd itself knows the environment's name."""
    script = (INFRA / "scripts/subscribe.py").read_text("utf-8")
    needed = set(re.findall(r'"([A-Z_]{6,})"', script)) - {"AZURE_ENV_NAME"}
    assert needed
    assert needed <= set(TEMPLATES["main.bicep"]["outputs"])


def test_the_queues_are_those_of_the_code() -> None:
    """The one that the app uses, and the one whose name the Functions host derives; each role is on one
    of them, and the alert knows the other by its name."""
    file = "app/list-storage.bicep"
    assert resource(file, "pending")["name"] == queue.QUEUE
    assert resource(file, "poison")["name"] == "${pending.name}-poison"
    assert variable("app/alerts.bicep", "poisonQueue") == f"{queue.QUEUE}-poison"
    scopes = {name: resource(file, name).get("scope") for name in TEMPLATES[file]["resources"]}
    assert {
        name: scope for name, scope in scopes.items() if scope in ("pending", "poison", "queues")
    } == {
        "appFinishesWhatIsPending": "pending",
        "appPutsAsideWhatFails": "poison",
        "operatorsLeaveWhatIsPending": "pending",
    }


def test_copies_are_kept_elsewhere_and_for_a_time() -> None:
    """In an account of their own, in which the app has no role; after some days they are deleted."""
    modules = TEMPLATES["main.bicep"]["modules"]
    copies = config(modules["backupStorage"])["params"]
    assert copies["name"] != config(modules["listStorage"])["params"]["name"]
    assert copies["listStorageName"] == config(modules["listStorage"])["params"]["name"]
    assert copies["keptDays"] == "backupDays"
    text = (INFRA / "app/backup-storage.bicep").read_text("utf-8")
    assert "appPrincipalId" not in text
    days = TEMPLATES["main.bicep"]["parameters"]["backupDays"]
    assert days["default"] == 35
    assert {each["type"]: each["argument"] for each in days["decorators"]}["min_value"] == 1
    file = "app/storage-account.bicep"
    rules = branches(resource(file, "lifecycle")["properties"]["policy"]["rules"])
    assert rules == [["forgetVersions", "forgetBlobs"], ["forgetVersions"]]
    deleted = variable(file, "forgetBlobs")["definition"]["actions"]["baseBlob"]["delete"]
    assert deleted == {"daysAfterCreationGreaterThan": "keptDays"}
    assert resource("app/backup-storage.bicep", "operatorsRestore")["scope"] == "backups"


def test_the_backup_of_a_pipeline() -> None:
    """The workflow of docs/deploy.md signs in by itself, runs actions that nobody can change, and calls
    the command with settings that there are."""
    (text,) = re.findall(r"```yaml\n(.*?)```", DEPLOY, flags=re.DOTALL)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    (job,) = workflow["jobs"].values()
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == "pip install --require-hashes -r requirements.txt"
    assert commands[1].startswith("python -m optout backup --to ")
    (given,) = (step["env"] for step in job["steps"] if "env" in step)
    loaded = settings.load(given | {"OPTOUT_TABLES_ENDPOINT": "https://a.table.core.windows.net"})
    assert loaded.store == "tables"
    outputs = TEMPLATES["main.bicep"]["outputs"]
    for name in re.findall(r"vars\.(\w+)", text):
        assert name in outputs or name.startswith("BACKUP_CLIENT") or name.startswith("AZURE_")


def test_every_exception_to_a_rule_has_its_reason() -> None:
    """Who skips a rule of checkov says why, beside it."""
    skips = [
        line
        for path in INFRA.rglob("*.bicep")
        for line in path.read_text("utf-8").splitlines()
        if "skip=" in line
    ]
    assert skips
    for skip in skips:
        assert re.fullmatch(r"\s*// checkov:skip=CKV\w+:.{30,}", skip)


def test_the_workflow_does_what_a_desk_does() -> None:
    """It calls make, may only read, and runs actions that nobody can change behind its back."""
    text = (settings.ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(step.get("run", "").startswith("make test") for step in steps)
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
    for line in re.findall(r"uses: .*", text):
        assert re.search(r" # v\d+\.\d+\.\d+$", line), "for people, and for Dependabot, which keeps it"
