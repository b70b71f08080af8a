"""Every resource of the template is what Azure's own definition of its type and version says."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest

from tests.support.azure_types import SOURCES
from tests.support.bicep import TEMPLATES, config, parsed
from tests.support.bicep_types import KEPT, faults, kept_types

TYPES = kept_types()


@pytest.mark.parametrize("file", TEMPLATES)
def test_resources_are_as_azure_defines_them(file: str) -> None:
    """No property that is not there or is read-only, none missing, no wrong type, value or bound."""
    assert faults(TEMPLATES[file], TYPES) == []


def changed(file: str, name: str, path: str, value: object) -> list[str]:
    """What is wrong with a template in which one property is another; None takes it away."""
    template = deepcopy(TEMPLATES[file])
    inside: Any = config(template["resources"][name])
    *outer, last = path.split("/")
    for part in outer:
        inside = inside[int(part) if part.isdigit() else part]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return faults(template, TYPES)


SUBSCRIPTION = ("events.bicep", "smsEvents")
ACCOUNT = ("app/storage-account.bicep", "account")
RULES = ("app/event-alerts.bicep", "rules")


@pytest.mark.parametrize(
    ("where", "path", "value", "says"),
    [
        (
            ACCOUNT,
            "properties/allowSharedKeyAcces",
            False,
            r"account.*Acces: there is no such property",
        ),
        (
            ACCOUNT,
            "properties/minimumTlsVersion",
            "TLS1.2",
            "'TLS1.2' is none of TLS1_0, TLS1_1, TLS1_2",
        ),
        (ACCOUNT, "kind", None, "account.kind: is required"),
        (SUBSCRIPTION, "properties/topic", "a", "smsEvents.properties.topic: is read-only"),
        (
            ACCOUNT,
            "properties/networkAcls/defaultAction",
            None,
            "networkAcls.defaultAction: is required",
        ),
        (ACCOUNT, "name", None, "account.name: is required"),
        (ACCOUNT, "properties/allowBlobPublicAccess", "no", "is a text, and should be bool"),
        (ACCOUNT, "properties/allowBlobPublicAccess", "name", "name is a string, and should be bool"),
        (ACCOUNT, "sku", "name", "sku.*name is a string, and should be Sku"),
        (ACCOUNT, "tags", ["a"], "tags: is a list"),
        (
            SUBSCRIPTION,
            "properties/filter/includedEventTypes",
            "a",
            r"is a text, and should be \[str\]",
        ),
        (
            SUBSCRIPTION,
            "properties/destination/endpointType",
            "Function",
            "'Function' is none of Azure",
        ),
        (
            SUBSCRIPTION,
            "properties/destination/properties/batch",
            1,
            "batch: there is no such property",
        ),
        (
            SUBSCRIPTION,
            "properties/retryPolicy/maxDeliveryAttempts",
            True,
            "is a bool, and should be int",
        ),
        (SUBSCRIPTION, "tags", {}, "tags: there is no such property"),
        (
            RULES,
            "properties/criteria/allOf/0/timeAggregation",
            "Sum",
            "'Sum' is none of Average, Count",
        ),
        (RULES, "properties/criteria/allOf/0/threshold", None, r"allOf\[\].threshold: is required"),
        (
            ("app/storage-account.bicep", "blobs"),
            "properties/deleteRetentionPolicy/days",
            400,
            "1 to 365",
        ),
    ],
)
def test_a_mistake_is_found(where: tuple[str, str], path: str, value: object, says: str) -> None:
    """A name misspelt, a value that is none of those, one missing, one read-only, and their like; in an
    object within an object, in a list, in a loop, in one of several kinds of an object."""
    found = changed(*where, path, value)
    assert any(re.search(says, fault) for fault in found), found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("@allowed(['Hot', 'Lukewarm'])\nparam tier string = 'Hot'", "tier may be 'Lukewarm'"),
        ("var tier = 'Lukewarm'", "'Lukewarm' is none of"),
        ("param hot bool\nvar tier = hot ? 'Hot' : 'Lukewarm'", "'Lukewarm' is none of"),
    ],
)
def test_what_is_named_is_looked_up(text: str, says: str) -> None:
    """A value may stand in a parameter, in a variable, or on one side of a condition."""
    account = """
    resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
      name: 'x'
      location: 'y'
      kind: 'StorageV2'
      sku: { name: 'Standard_GRS' }
      properties: { accessTier: tier }
    }
    """
    (fault,) = faults(parsed(f"{text}\n{account}"), TYPES)
    assert says in fault


def test_a_type_that_is_not_kept_is_named() -> None:
    """A new resource, or another version, cannot slip by."""
    template = deepcopy(TEMPLATES["events.bicep"])
    template["resources"]["topic"]["api_version"] = "2099-01-01"
    assert faults(template, TYPES) == [
        "topic: Microsoft.EventGrid/systemTopics@2099-01-01 is not kept; "
        "run tests/support/azure_types.py"
    ]


def test_what_is_kept_says_where_it_is_from() -> None:
    """The package, its version, its license and the day; and nothing is kept that is not used."""
    used = {
        f"{each['type']}@{each['api_version']}"
        for template in TEMPLATES.values()
        for each in template.get("resources", {}).values()
        if not each["existing"]
    }
    assert set(TYPES) == used
    for path in KEPT.glob("*.json"):
        source = json.loads(path.read_text("utf-8"))["source"]
        assert source["package"] == SOURCES[path.stem][0]
        assert source["license"] == "MIT"
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", source["read"])
