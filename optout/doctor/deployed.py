"""The doctor of a deployed app: asked over HTTP, it finds what it finds with the app's own identity.

Whoever answers may be somebody else: what comes is bounded in time and size, and checked before it is
shown.
"""

import re
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from optout.doctor import document
from optout.doctor.background import begin
from optout.doctor.diagnosis import Condition, Diagnosis
from optout.domain.errors import ConfigurationError

# Longer than the app may take, and one that sleeps needs to start.
_PATIENCE_SECONDS = 90
_LONGEST_ANSWER = 1024 * 1024
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PORT = "(?::([0-9]{1,5}))?"
_DEPLOYED = re.compile(rf"https://{_LABEL}(?:\.{_LABEL})*{_PORT}/?")
_ON_THIS_MACHINE = re.compile(rf"http://(?:localhost|127\.0\.0\.1){_PORT}/?")
_MAKE_A_KEY = "Make a key of the role doctor with infra/scripts/keys.py; docs/deploy.md says how."
_NO_HOST = (
    "its host does not start, or fails",
    "See its log, in Application Insights or the portal's Log stream. Right after a deployment, try "
    "again in a minute.",
)
# What an answer that is no findings means, and what to do.
_REFUSALS = {
    401: ("it refuses the key, or there is none", _MAKE_A_KEY),
    403: (
        "it refuses to be asked",
        "See in the portal whether the app is started: Azure answers so for one that is stopped. If it "
        f"is, see its access restrictions, and the key. {_MAKE_A_KEY}",
    ),
    404: (
        "it has no such function",
        "Correct --url, deploy this version, and see in the portal whether the app's functions load.",
    ),
    409: ("it is being examined already", "Try again in a minute."),
    **dict.fromkeys((500, 502, 503, 504), _NO_HOST),
}


def examine_deployed(url: str, key: str | None) -> Iterator[Diagnosis]:
    """What the app at an address finds about itself. Raises ConfigurationError for an address to which
    no key should go."""
    base, is_local = address_of(url)
    headers = {"x-functions-key": key} if key else {}
    asked = Request(f"{base}/api/doctor", data=b"", headers=headers, method="POST")  # noqa: S310
    try:
        # A time-out of a socket is one for each piece that comes.
        status, content = begin(lambda: _answer(asked, is_local)).result(_PATIENCE_SECONDS)
    except HTTPError as refusal:
        refusal.close()
        yield _refused(refusal.code)
    except TimeoutError:
        yield Diagnosis(
            Condition.WRONG, "app", f"no whole answer within {_PATIENCE_SECONDS:g} s",
            "Try again: an app that sleeps needs time to start. Then see its log.",
        )  # fmt: skip
    except (OSError, HTTPException):
        yield Diagnosis(
            Condition.WRONG, "app", "nothing answers there",
            "Correct --url, and see in the portal whether the app is started.",
        )  # fmt: skip
    else:
        yield from _findings(status, content)


def _answer(asked: Request, is_local: bool) -> tuple[int, bytes]:
    """Its status, and as much of it as may be read: a byte more than the longest, which says that it is
    longer."""
    with _opener(is_local).open(asked, timeout=_PATIENCE_SECONDS) as answer:
        return answer.status, answer.read(_LONGEST_ANSWER + 1)


def _findings(status: int, content: bytes) -> Iterator[Diagnosis]:
    try:
        if len(content) > _LONGEST_ANSWER:
            raise ValueError("too long")
        version, findings = document.read(content)
    except ValueError:
        yield _something_else(status)
    else:
        yield Diagnosis(Condition.OK, "app", f"version {version} answers")
        yield from findings


class _NoRedirects(HTTPRedirectHandler):
    """Whoever redirects would get the key."""

    def http_error_302(self, *_: Any, **__: Any) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _opener(is_local: bool) -> OpenerDirector:
    return build_opener(_NoRedirects(), *([ProxyHandler({})] if is_local else []))


def address_of(url: str) -> tuple[str, bool]:
    """The address of an app, without a path, and whether it is on this machine. Raises
    ConfigurationError for one to which no key should go."""
    here = _ON_THIS_MACHINE.fullmatch(url)
    named = here or _DEPLOYED.fullmatch(url)
    if not named or not 0 < int(named[1] or 443) < 2**16:
        # Without the address: somebody may have put the key there.
        raise ConfigurationError(
            "--url: write https://FUNCTION_APP.azurewebsites.net, with nothing after it but a port, if "
            "any; http: only for this machine. Put the key in a file and name it with --key-file"
        )
    return url.rstrip("/"), here is not None


def _refused(status: int) -> Diagnosis:
    if status not in _REFUSALS:
        return _something_else(status)
    says, remedy = _REFUSALS[status]
    return Diagnosis(Condition.WRONG, "app", f"{says} ({status})", remedy)


def _something_else(status: int) -> Diagnosis:
    return Diagnosis(
        Condition.WRONG, "app", f"something else answers there ({status})",
        "Write the app's own address. App Service Authentication, if there is any, must let "
        "unauthenticated requests through.",
    )  # fmt: skip
