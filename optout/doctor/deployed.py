"""The doctor of a deployed app: asked over HTTP, it finds what it finds with the app's own identity."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from optout.doctor.diagnosis import Condition, Diagnosis
from optout.domain.errors import ConfigurationError

# Longer than the app may take, and one that sleeps needs to start.
_PATIENCE_SECONDS = 90
_LONGEST_ANSWER = 1024 * 1024
_DEPLOYED = re.compile(r"https://[^/\s@?#]+/?")
_ON_THIS_MACHINE = re.compile(r"http://(localhost|127\.0\.0\.1)(:[0-9]+)?/?")
_MAKE_A_KEY = "Make a key of the role doctor with infra/scripts/keys.py; docs/deploy.md says how."
# What an answer that is no findings means, and what to do.
_REFUSALS = {
    401: ("it refuses the key, or there is none", _MAKE_A_KEY),
    403: (
        "it refuses to be asked",
        f"{_MAKE_A_KEY} If the key is right, see the app's access restrictions.",
    ),
    404: (
        "it has no such function",
        "Correct --url, deploy this version, and see in the portal whether the app's functions load.",
    ),
    409: ("it is being examined already", "Try again in a minute."),
}


def examine_deployed(url: str, key: str | None) -> Iterator[Diagnosis]:
    """What the app at an address finds about itself. Raises ConfigurationError for an address to which
    no key should go."""
    address, is_local = _address(url)
    headers = {"x-functions-key": key} if key else {}
    asked = Request(address, data=b"", headers=headers, method="POST")  # noqa: S310  # see _address
    try:
        with _opener(is_local).open(asked, timeout=_PATIENCE_SECONDS) as answer:
            examined = json.loads(answer.read(_LONGEST_ANSWER))
        findings = [
            Diagnosis(Condition(each.pop("condition")), **each) for each in examined["findings"]
        ]
        app = Diagnosis(Condition.OK, "app", f"version {examined['version']} answers")
    except HTTPError as refusal:
        refusal.close()
        yield _refused(refusal.code)
    except (OSError, HTTPException):
        yield Diagnosis(
            Condition.WRONG, "app", "nothing answers there",
            "Correct --url, and see in the portal whether the app is started.",
        )  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        yield _something_else("200")
    else:
        yield app
        yield from findings


class _NoRedirects(HTTPRedirectHandler):
    """Whoever redirects would get the key."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(is_local: bool) -> OpenerDirector:
    return build_opener(_NoRedirects(), *([ProxyHandler({})] if is_local else []))


def _address(url: str) -> tuple[str, bool]:
    """Where an app is asked, and whether that is this machine."""
    is_local = bool(_ON_THIS_MACHINE.fullmatch(url))
    if not is_local and not _DEPLOYED.fullmatch(url):
        # Without the address: somebody may have put the key there.
        raise ConfigurationError(
            "--url: write https://FUNCTION_APP.azurewebsites.net, with nothing after it; http: only "
            "for this machine. The key belongs into --key-file"
        )
    return f"{url.rstrip('/')}/api/doctor", is_local


def _refused(status: int) -> Diagnosis:
    if status not in _REFUSALS:
        return _something_else(str(status))
    says, remedy = _REFUSALS[status]
    return Diagnosis(Condition.WRONG, "app", f"{says} ({status})", remedy)


def _something_else(status: str) -> Diagnosis:
    return Diagnosis(
        Condition.WRONG, "app", f"something else answers there ({status})",
        "Write the app's own address. App Service Authentication, if there is any, must let "
        "unauthenticated requests through.",
    )  # fmt: skip
