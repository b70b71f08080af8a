"""Flex Consumption refuses a site for one property too many: ours has those that are known to work."""

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from optout.settings import ROOT
from tests.support.bicep import TEMPLATES, paths, resource

# `siteConfig` was made for the older plans. Azure answers 400 (error 51021, "for Flex Consumption sites
# is invalid") to ftpsState, linuxFxVersion, netFrameworkVersion, use32BitWorkerProcess and others, in
# more and more regions: microsoft/azure-pipelines-tasks#21032, and #283 and #353 of
# Azure/terraform-azurerm-avm-res-web-site. The type definitions know nothing of that. So nothing is
# here that Microsoft's own templates for this plan do not have, all of Azure-Samples:
# - alwaysOn, false: functions-quickstart-python-http-azd (2025-11-24), infra/app/api.bicep;
#   functions-quickstart-python-azd-eventgrid-blob (2026-03-25), infra/app/processor.bicep;
# - appSettings: azure-functions-flex-consumption-samples (2025-12-17), IaC/armtemplate;
# - minTlsVersion: the quickstart in Bicep, as the last of those issues quotes it.
SITE_CONFIG = {"alwaysOn", "appSettings", "minTlsVersion"}
# `functionAppConfig` was made for this plan. It is as in the samples above; of `triggers` there is only
# the one that is documented, which `az functionapp scale config set --trigger-type http` sets.
FUNCTION_APP_CONFIG = {
    "runtime": {"name", "version"},
    "deployment": {
        "storage",
        "storage.type",
        "storage.value",
        "storage.authentication",
        "storage.authentication.type",
        "storage.authentication.userAssignedIdentityResourceId",
    },
    "scaleAndConcurrency": {
        "instanceMemoryMB",
        "maximumInstanceCount",
        "triggers",
        "triggers.http",
        "triggers.http.perInstanceConcurrency",
    },
}
# What the site itself may say: as in the samples, and what every plan takes. keyVaultReferenceIdentity
# is in none of them, and so is not said unless a setting refers to a vault; users of this plan ask for
# it in Terraform (hashicorp/terraform-provider-azurerm#28928, #31439).
SITE = {
    "serverFarmId",
    "httpsOnly",
    "publicNetworkAccess",
    "keyVaultReferenceIdentity",
    "functionAppConfig",
    "siteConfig",
}


def refused(site: dict[str, Any]) -> set[str]:
    """The properties of a site that no template of Microsoft's for this plan has."""
    known = {f"functionAppConfig.{part}" for part in FUNCTION_APP_CONFIG}
    known |= {
        f"functionAppConfig.{part}.{path}" for part, of in FUNCTION_APP_CONFIG.items() for path in of
    }
    known |= SITE | {f"siteConfig.{name}" for name in SITE_CONFIG}
    return paths(site) - known


def test_the_site_says_nothing_that_flex_consumption_refuses() -> None:
    """Only what Microsoft's own templates for this plan say."""
    site = resource("app/function-app.bicep", "site")["properties"]
    assert refused(site) == set()


@pytest.mark.parametrize(
    ("part", "more", "names"),
    [
        ("siteConfig", {"ftpsState": "Disabled"}, {"siteConfig.ftpsState"}),
        ("siteConfig", {"linuxFxVersion": "PYTHON|3.12"}, {"siteConfig.linuxFxVersion"}),
        ("functionAppConfig", {"runtimes": {"name": 1}}, {"functionAppConfig.runtimes"}),
    ],
)
def test_one_that_is_refused_is_named(part: str, more: dict[str, Any], names: set[str]) -> None:
    """The slip with which `azd up` would end at the function app."""
    site = resource("app/function-app.bicep", "site")["properties"]
    assert names <= refused(site | {part: site[part] | more})


def test_who_signs_in_is_recorded_and_nobody_is_shut_out() -> None:
    """Event Grid and services sign in with keys: a request without a token reaches them."""
    said = resource("app/sign-in.bicep", "signIn")["properties"]
    assert said["globalValidation"] == {
        "requireAuthentication": False,
        "unauthenticatedClientAction": "AllowAnonymous",
    }
    assert TEMPLATES["main.bicep"]["parameters"]["authClientId"]["default"] == ""


def test_azd_is_one_that_leaves_out_what_is_not_deployed() -> None:
    """azd reads .funcignore since then; before, it uploaded the tests and whatever lay about."""
    project = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
    assert project["requiredVersions"] == {"azd": ">= 1.18.0"}
