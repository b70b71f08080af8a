"""Asking an operation of the table: of the store that the settings name, or of a running app.

Both answer with the same document, by the same rules: here the operation is called as the app calls it,
there over HTTP.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from optout import settings
from optout.cli.keys import add_key_file, key_for
from optout.domain.errors import ConfigurationError, OptoutError
from optout.domain.text import in_one_line

LONGEST_ANSWER = 64 * 1024 * 1024
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_HOW_TO_GET_A_KEY = "infra/scripts/keys.py makes keys; docs/deploy.md says how."


class Refused(OptoutError):
    """The app has answered that it does not do what it was asked for, and why."""


class NoAnswer(OptoutError):
    """Nobody can say whether it was done."""


class App(Protocol):
    """Whoever answers."""

    def ask(self, name: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer of an operation, by its name in the table. Raises Refused and NoAnswer."""


def add_options(parser: argparse.ArgumentParser, role: str = "support") -> None:
    """Add the options that say who is asked."""
    parser.add_argument(
        "--url",
        help="ask this app, for example https://FUNCTION_APP.azurewebsites.net; default: "
        f"{settings.URL}, otherwise the store of the settings",
    )
    add_key_file(parser, role)
    parser.set_defaults(role=role)


@contextmanager
def app(asked: argparse.Namespace) -> Iterator[App]:
    """Whoever is to be asked. Raises OptoutError."""
    url = asked.url or settings.deployed_app()[0]
    if url:
        with over_http(url, asked.key_file, asked.role) as deployed:
            yield deployed
        return
    if asked.key_file:
        raise ConfigurationError("--key-file is for the app that --url names: add it")
    with _here() as here:
        yield here


@contextmanager
def _here() -> Iterator[App]:
    from optout import service

    # What went wrong is said by the command, in a sentence.
    logging.basicConfig(level=logging.CRITICAL, format="%(message)s")
    settings.adopt_local_settings()
    configured = settings.load()
    if configured.store != "tables" and not configured.sqlite_path.exists():
        raise ConfigurationError(
            f"there is no list yet: {configured.sqlite_path.absolute()} is not there. `optout serve` "
            "makes it. If it is elsewhere, go there or name it by OPTOUT_STORE; for a deployed app add "
            "--url"
        )
    running = service.build(configured)
    try:
        yield _Here(running)
    finally:
        running.close()


class _Here:
    """The operations, on a service of this process."""

    def __init__(self, running: Any) -> None:
        from optout.http import table

        self._running = running
        self._functions = {each.name: each for each in table.functions()}
        self._methods = {each.name: each.method for each in table.OPERATIONS}

    def ask(self, name: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        from optout.http import exchange

        given = {key.lower(): value for key, value in (headers or {}).items()}
        content = b"" if body is None else json.dumps(body).encode()
        request = exchange.Request(self._methods[name], content, headers=given)
        response = self._functions[name].respond(request, lambda: self._running)
        return _answer(int(response.status), response.body, "support")


@contextmanager
def over_http(url: str, key_file: str | None, role: str) -> "Iterator[RunningApp]":
    """An app at an address, with a key of a role where it wants one. Raises ConfigurationError."""
    from azure.core import PipelineClient
    from azure.core.credentials import AzureKeyCredential
    from azure.core.pipeline import policies
    from azure.core.pipeline.transport import RequestsTransport

    from optout import __version__
    from optout.doctor.deployed import address_of

    base, is_local = address_of(url)
    key = key_for(key_file, role, is_local=is_local)
    # No policy that follows a redirect, which would get the key, and none that logs people's numbers.
    around: list[Any] = [
        policies.UserAgentPolicy(sdk_moniker=f"optout/{__version__}"),
        policies.RetryPolicy(retry_total=3, retry_backoff_factor=0.5, retry_backoff_max=10),
    ]
    if key:
        around.append(policies.AzureKeyCredentialPolicy(AzureKeyCredential(key), "x-functions-key"))
    transport = RequestsTransport(
        connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, use_env_settings=not is_local
    )
    with PipelineClient[Any, Any](base, policies=around, transport=transport) as client:
        yield RunningApp(client, base, role)


class RunningApp:
    """The operations of an app, over HTTP."""

    def __init__(self, client: Any, base: str, role: str) -> None:
        from optout.http import table

        self._client = client
        self._base = base
        self._role = role
        self._operations = {each.name: each for each in table.OPERATIONS}

    def ask(self, name: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        from azure.core.rest import HttpRequest

        operation = self._operations[name]
        address, given = f"{self._base}/{operation.route}", dict(headers or {})
        response = self._sent(HttpRequest(operation.method, address, json=body, headers=given))
        return _answer(response.status_code, response.content, self._role)

    def deliver(self, event: Mapping[str, Any]) -> None:
        """Post an event as Event Grid does, to the app on this machine. Raises NoAnswer where it fails:
        Event Grid would deliver it again."""
        from azure.core.rest import HttpRequest

        address = f"{self._base}/runtime/webhooks/EventGrid?functionName=sms_events"
        headers = {"aeg-event-type": "Notification"}
        response = self._sent(HttpRequest("POST", address, json=[event], headers=headers))
        if response.status_code != 202:
            raise NoAnswer(
                f"the app could not record the event ({response.status_code}), and says why where it "
                "runs; Event Grid would deliver it again"
            )

    def _sent(self, request: Any) -> Any:
        from azure.core.exceptions import AzureError, ServiceRequestError

        try:
            # A change has its key, and an event its id: each may be made twice.
            response = self._client.send_request(request, retry_on_methods=frozenset({"POST", "GET"}))
            response.read()
        except ServiceRequestError:
            raise NoAnswer(f"nothing answers at {self._base}{_hint(self._base)}") from None
        except AzureError as problem:
            raise NoAnswer(f"no whole answer has come ({type(problem).__name__}); try again") from None
        return response


def _hint(base: str) -> str:
    is_here = base.startswith("http:")
    return ": start the app in another terminal, by `make run` or `optout serve`" if is_here else ""


def _answer(status: int, content: bytes | str, role: str) -> Any:
    """What an answer contains. Whoever answers may be somebody else."""
    if len(content) > LONGEST_ANSWER:
        raise Refused("the answer is longer than any that this app gives")
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if status == 200 and isinstance(told, dict):
        return told
    if isinstance(told, dict) and isinstance(told.get("detail"), str):
        raise (NoAnswer if status >= 500 else Refused)(in_one_line(told["detail"]))
    if status in (401, 403):
        raise Refused(f"the app refuses the key, or there is none: role {role}. {_HOW_TO_GET_A_KEY}")
    if status == 404:
        raise Refused("there is no such function: correct --url, or deploy this version")
    if status >= 500:
        raise NoAnswer(f"the app fails ({status}): see its log, and try again")
    raise Refused(f"something else answers there ({status}): correct --url")
