"""The template and the links that opt out: their keys, and the one page that is open to all."""

from optout import settings
from optout.http import table
from optout.local import LocalHost
from tests.support.bicep import TEMPLATES, literals, resource
from tests.test_infra import app_settings, environment


def test_the_keys_of_links_stay_in_their_vault() -> None:
    """As the key of a partner: a reference, and only together with where links lead. An app whose
    reference is not resolved takes events all the same; it makes no links and says why."""
    given = app_settings()
    reference = "@Microsoft.KeyVault(SecretUri=${linkKeysSecretUri})"
    assert literals(given["OPTOUT_LINK_KEYS"]) >= {"", reference}
    parameters = TEMPLATES["main.bicep"]["parameters"]
    assert [parameters[each]["default"] for each in ("linkBase", "linkKeysSecretUri")] == ["", ""]
    base = "https://o.contoso.com"
    loaded = settings.load(environment(OPTOUT_LINK_BASE=base, OPTOUT_LINK_KEYS=reference))
    assert (loaded.link_base, loaded.link_keys) == (base, None)


def test_only_the_page_of_a_link_is_open_to_all(local_host: LocalHost) -> None:
    """Beside what names nobody; and nobody is asked to sign in before it."""
    anonymous = {each.name for each in table.functions() if not each.roles}
    assert anonymous == {"health", "openapi", "console", "console_file", "link"}
    sign_in = resource("app/sign-in.bicep", "signIn")["properties"]["globalValidation"]
    assert sign_in == {
        "requireAuthentication": False, "unauthenticatedClientAction": "AllowAnonymous",
    }  # fmt: skip
