"""Writes tests/infra/types: Azure's definitions of the resource types that the template uses.

Azure's own source is the specification of each resource provider. Microsoft's Python libraries for
managing resources (azure-mgmt-*, on PyPI, MIT) are generated from it, with a model for each definition.
What a model says of its properties (name, type, required, read-only, values, bounds) is written down,
of those definitions that the template comes across. Run it after the template has got a new resource
type, version or part:

    python -m venv VENV && VENV/bin/pip install azure-mgmt-core azure-common isodate pycep-parser
    python -m tests.support.azure_types packages |
        xargs -n1 VENV/bin/pip download --no-deps --dest FOLDER
    PYTHONPATH=. VENV/bin/python -m tests.support.azure_types write FOLDER
"""

import importlib
import inspect
import json
import re
import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from tests.support.bicep import TEMPLATES
from tests.support.bicep_types import KEPT, Checker, Types

# Provider and version: the package that has it, the module of its models, and the model of each type.
# Where a request has another model than the answer, it is the request's.
SOURCES: dict[str, tuple[str, str, dict[str, str]]] = {
    "Microsoft.Authorization@2016-09-01": (
        "azure-mgmt-resource==23.4.0",
        "resource.locks.v2016_09_01",
        {"locks": "ManagementLockObject"},
    ),
    "Microsoft.Authorization@2022-04-01": (
        "azure-mgmt-authorization==4.0.0",
        "authorization.v2022_04_01",
        {"roleAssignments": "RoleAssignmentCreateParameters"},
    ),
    "Microsoft.EventGrid@2025-02-15": (
        "azure-mgmt-eventgrid==10.4.0",
        "eventgrid",
        {
            "systemTopics": "SystemTopic",
            "systemTopics/eventSubscriptions": "EventSubscription",
            "topics": "Topic",
        },
    ),
    "Microsoft.Insights@2018-03-01": (
        "azure-mgmt-monitor==7.0.0",
        "monitor",
        {"metricAlerts": "MetricAlertResource"},
    ),
    "Microsoft.Insights@2020-02-02": (
        "azure-mgmt-applicationinsights==4.1.0",
        "applicationinsights.v2020_02_02",
        {"components": "ApplicationInsightsComponent"},
    ),
    "Microsoft.Insights@2021-05-01-preview": (
        "azure-mgmt-monitor==6.0.2",
        "monitor.v2021_05_01_preview",
        {"diagnosticSettings": "DiagnosticSettingsResource"},
    ),
    "Microsoft.Insights@2023-01-01": (
        "azure-mgmt-monitor==7.0.0",
        "monitor",
        {"actionGroups": "ActionGroupResource"},
    ),
    "Microsoft.Insights@2023-12-01": (
        "azure-mgmt-monitor==7.0.0",
        "monitor",
        {"scheduledQueryRules": "ScheduledQueryRuleResource"},
    ),
    "Microsoft.ManagedIdentity@2023-01-31": (
        "azure-mgmt-msi==7.0.0",
        "msi.v2023_01_31",
        {"userAssignedIdentities": "Identity"},
    ),
    "Microsoft.OperationalInsights@2025-07-01": (
        "azure-mgmt-loganalytics==13.1.0",
        "loganalytics",
        {"workspaces": "Workspace"},
    ),
    "Microsoft.Resources@2024-07-01": (
        "azure-mgmt-resource==23.4.0",
        "resource.resources.v2024_07_01",
        {"resourceGroups": "ResourceGroup"},
    ),
    "Microsoft.Storage@2023-05-01": (
        "azure-mgmt-storage==22.0.0",
        "storage.v2023_05_01",
        {
            "storageAccounts": "StorageAccountCreateParameters",
            "storageAccounts/blobServices": "BlobServiceProperties",
            "storageAccounts/blobServices/containers": "BlobContainer",
            "storageAccounts/managementPolicies": "ManagementPolicy",
            "storageAccounts/queueServices": "QueueServiceProperties",
            "storageAccounts/queueServices/queues": "StorageQueue",
            "storageAccounts/tableServices": "TableServiceProperties",
        },
    ),
    "Microsoft.Web@2024-04-01": (
        "azure-mgmt-web==8.0.0",
        "web.v2024_04_01",
        {
            "serverfarms": "AppServicePlan",
            "sites": "Site",
            "sites/config": "SiteAuthSettingsV2",
            "sites/basicPublishingCredentialsPolicies": "CsmPublishingCredentialsPoliciesEntity",
        },
    ),
}


def models_of(package: str, module: str, folder: Path) -> Any:
    """The models of a package that was downloaded, not installed: there may be two versions of it."""
    import azure.mgmt  # type: ignore[import-untyped]  # not among the packages of the tests

    (wheel,) = folder.glob(f"{package.replace('-', '_').replace('==', '-')}-*.whl")
    within = [*azure.mgmt.__path__]
    azure.mgmt.__path__.append(str(wheel / "azure/mgmt"))
    try:
        return importlib.import_module(f"azure.mgmt.{module}.models")
    finally:
        azure.mgmt.__path__[:] = within
        for name in [
            each for each in sys.modules if each.startswith(f"azure.mgmt.{module.split('.')[0]}")
        ]:
            del sys.modules[name]


def definitions(models: Any) -> Types:
    """Every model as a definition."""
    found: Types = {}
    for name, model in inspect.getmembers(models, inspect.isclass):
        if hasattr(model, "_attribute_map"):
            define(found, name, model, models)
    return found


def define(found: Types, name: str, model: Any, models: Any) -> None:
    """One model: the library flattens `properties`, which comes back as a definition of its own."""
    defined = found.setdefault(name, {"properties": {}})
    for attribute, about in model._attribute_map.items():
        *outer, key = [part.replace("\\", "") for part in re.split(r"(?<!\\)\.", about["key"])]
        if not key:
            defined["additional"] = about["type"]
            continue
        says = model._validation.get(attribute, {})
        rule = {"type": about["type"]}
        rule |= {"required": True} if says.get("required") else {}
        rule |= {"readOnly": True} if says.get("readonly") else {}
        rule |= {each: says[f"{each}_ei"] for each in ("minimum", "maximum") if f"{each}_ei" in says}
        rule |= {each: says[each] for each in ("minimum", "maximum") if each in says}
        if values := values_of(model, attribute, models):
            rule["values"] = values
        inner, path = defined, name
        for part in outer:
            path = f"{path}.{part}"
            holder = inner["properties"].setdefault(part, {"type": path})
            if rule.get("required") and not rule.get("readOnly"):
                holder["required"] = True
            inner = found.setdefault(path, {"properties": {}})
        inner["properties"][key] = rule
    for attribute, variants in (model.__dict__.get("_subtype_map") or {}).items():
        defined["by"] = model._attribute_map[attribute]["key"].replace("\\", "")
        defined["variants"] = dict(sorted(variants.items()))


def values_of(model: Any, attribute: str, models: Any) -> list[Any]:
    """The values of a property that takes one of a few."""
    parameter = inspect.signature(model.__init__).parameters.get(attribute)
    for name in re.findall(r"_models\.(\w+)", str(parameter.annotation) if parameter else ""):
        values = getattr(models, name, None)
        if inspect.isclass(values) and issubclass(values, Enum):
            return [each.value for each in values]
    return []


def resources_of(provider: str, kinds: dict[str, str]) -> dict[str, str]:
    name, _, version = provider.partition("@")
    return {f"{name}/{kind}@{version}": model for kind, model in kinds.items()}


def one_line(lines: re.Match[str]) -> str:
    """A list or an object without others within, for people who read what changed."""
    return re.sub(r"\s*\n\s*", " ", lines[0])


def write(folder: Path) -> None:
    for provider, (package, module, kinds) in SOURCES.items():
        types = definitions(models_of(package, module, folder))
        resources = resources_of(provider, kinds)
        seen: set[str] = set()
        for template in TEMPLATES.values():
            for declared in template.get("resources", {}).values():
                model = resources.get(f"{declared['type']}@{declared['api_version']}")
                if model and not declared["existing"]:
                    checker = Checker(template, types)
                    list(checker.resource(declared, model))
                    seen |= checker.seen
        kept = {name: types[name] for name in sorted(seen)}
        source = {"package": package, "license": "MIT", "read": f"{datetime.now(UTC):%Y-%m-%d}"}
        document = {"source": source, "resources": resources, "types": kept}
        text = re.sub(r"[{\[]\n[^{}\[\]]*[}\]]", one_line, json.dumps(document, indent=1)) + "\n"
        text = re.sub(r"\{\n[^{}]*\}", one_line, text)
        (KEPT / f"{provider}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["packages"]:
        print(*sorted({package for package, _, _ in SOURCES.values()}), sep="\n")
    else:
        write(Path(sys.argv[2]))
