"""Checks whether a configuration can work: each part is tried, and each problem comes with its remedy.

Nobody is texted, nothing is published, and what is written to the store is removed. No finding contains
a secret, or the value of a setting that may be one.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from optout import service, settings
from optout.azure import sms, topic
from optout.domain.errors import ConfigurationError, StoreAway
from optout.operations.left_lists import lists_without_sender
from optout.programs.check import check_file
from optout.programs.directory import Directory
from optout.programs.findings import Finding
from optout.settings import Settings
from optout.store.protocol import Store

# Every part gives up by itself after a few seconds; a name server or a sign-in may take longer.
LONGEST_SECONDS = 15.0
ACS_RESOURCE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Communication"
    r"/CommunicationServices/[^/]+",
    re.IGNORECASE,
)
_SCOPES = {
    "tables_endpoint": "https://storage.azure.com/.default",
    "acs_endpoint": "https://communication.azure.com//.default",
    "topic_endpoint": "https://eventgrid.azure.net/.default",
}


class Condition(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check found, and what to do about it where that is not said already."""

    condition: Condition
    subject: str
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.condition:<8} {self.subject}: {self.says}" + (self.remedy and f". {self.remedy}")


Check = Callable[[Settings], Iterator[Diagnosis]]


def examine() -> Iterator[Diagnosis]:
    """All findings about the configuration of this process, each as soon as it is there."""
    try:
        configured = settings.load()
    except ConfigurationError as problem:
        yield from _wrong("settings", problem)
        return
    yield Diagnosis(Condition.OK, "settings", f"store {configured.store}")
    yield from _in_azure(configured)
    yield from _program_file(configured)
    yield from _event_source(configured)
    nobody = list(_within("identity", _identity, configured))
    yield from nobody
    if any(finding.condition is Condition.WRONG for finding in nobody):
        configured = _without_identity(configured)
    for subject, check in (("store", _store), ("ACS", _acs), ("topic", _topic)):
        yield from _within(subject, check, configured)


def _within(subject: str, check: Check, configured: Settings) -> Iterator[Diagnosis]:
    """A check in bounded time: what hangs is left behind with a thread that ends with the process."""
    found: list[Diagnosis] = []

    def examined() -> None:
        try:
            found.extend(check(configured))
        except Exception as problem:
            # Only its type: its message may contain a setting.
            found.append(
                Diagnosis(
                    Condition.WRONG,
                    subject,
                    f"it cannot be checked ({type(problem).__name__})",
                    "Compare its settings with docs/settings.md.",
                )
            )

    thread = threading.Thread(target=examined, daemon=True)
    thread.start()
    thread.join(LONGEST_SECONDS)
    if thread.is_alive():
        found = [
            Diagnosis(
                Condition.WRONG,
                subject,
                f"no answer within {LONGEST_SECONDS:g} s",
                "Check whether this machine can reach it: name server, proxy, firewall.",
            )
        ]
    yield from found


def _wrong(subject: str, problem: Exception) -> Iterator[Diagnosis]:
    for line in str(problem).splitlines():
        yield Diagnosis(Condition.WRONG, subject, line)


def _in_azure(configured: Settings) -> Iterator[Diagnosis]:
    for problem in settings.laptop_defaults(configured):
        yield Diagnosis(Condition.WARNING, "in Azure the app would refuse to start", problem)


def _program_file(configured: Settings) -> Iterator[Diagnosis]:
    try:
        directory = Directory.load(configured.programs_path)
    except ConfigurationError as problem:
        yield from _wrong("program file", problem)
        return
    if advice := check_file(configured.programs_path).warnings:
        yield Diagnosis(
            Condition.WARNING,
            "program file",
            f"warnings: {len(advice)}",
            "See python -m optout check-programs.",
        )
    names = {sender.program for sender in directory.senders.values() if sender.program}
    examples = sorted(name for name in names if "contoso" in name.lower())
    if not directory.senders:
        yield Diagnosis(
            Condition.WARNING,
            "program file",
            "it has no senders",
            "Enter your numbers; docs/programs.md explains every field.",
        )
    elif examples:
        yield Diagnosis(
            Condition.WARNING,
            "program file",
            f"it still has the example's programs ({', '.join(examples)})",
            "Enter your own in their place, or set OPTOUT_PROGRAMS to your file.",
        )
    else:
        yield Diagnosis(
            Condition.OK, "program file", f"programs: {len(names)}, senders: {len(directory.senders)}"
        )


def _event_source(configured: Settings) -> Iterator[Diagnosis]:
    subject = "event source"
    if configured.event_source is None:
        yield Diagnosis(
            Condition.WARNING,
            subject,
            "events from any resource are accepted",
            "Set OPTOUT_EVENT_SOURCE to the resource id of your ACS resource.",
        )
    elif not ACS_RESOURCE.fullmatch(configured.event_source):
        yield Diagnosis(
            Condition.WRONG,
            subject,
            "OPTOUT_EVENT_SOURCE is not the resource id of an ACS resource, so every event would "
            "be quarantined",
            "Write /subscriptions/…/resourceGroups/…/providers/Microsoft.Communication"
            "/CommunicationServices/NAME, as `az communication show --query id` prints it.",
        )
    else:
        yield Diagnosis(Condition.OK, subject, configured.event_source)


def _by_identity(configured: Settings) -> list[str]:
    """The settings of the services that the app signs in to with its identity."""
    keys = {"acs_endpoint": configured.acs_key, "topic_endpoint": configured.topic_key}
    return [name for name in _SCOPES if getattr(configured, name) and not keys.get(name)]


def _identity(configured: Settings) -> Iterator[Diagnosis]:
    needed = _by_identity(configured)
    if not needed:
        return
    from azure.core.exceptions import AzureError
    from azure.identity import DefaultAzureCredential

    try:
        with DefaultAzureCredential() as credential:
            credential.get_token(_SCOPES[needed[0]])
    except (AzureError, ValueError):
        variables = ", ".join(f"OPTOUT_{name.upper()}" for name in needed)
        yield Diagnosis(
            Condition.WRONG,
            "identity",
            f"there is none here, and {variables} needs one; what depends on it is not checked",
            "On a laptop sign in with az login, or set the key or the connection string. In Azure give "
            "the app a managed identity, and AZURE_CLIENT_ID if it is a user-assigned one.",
        )
    else:
        yield Diagnosis(Condition.OK, "identity", "it can sign in")


def _without_identity(configured: Settings) -> Settings:
    """What is left to check without an identity."""
    return configured.model_copy(update=dict.fromkeys(_by_identity(configured)))


def _store(configured: Settings) -> Iterator[Diagnosis]:
    subject = "store"
    if configured.store == "tables" and not (
        configured.tables_endpoint or configured.tables_connection_string
    ):
        return
    try:
        store = service.open_store(configured)
        try:
            store.check_writable()
            store.check()
            left = _left_lists(configured, store)
        finally:
            store.close()
    except ConfigurationError as problem:
        yield from _wrong(subject, problem)
    except StoreAway as problem:
        yield Diagnosis(Condition.WRONG, subject, str(problem), _store_remedy(configured, str(problem)))
    else:
        yield Diagnosis(Condition.OK, subject, "it can be read and written")
        for finding in left:
            says = f"{finding.entry}: {finding.problem}"
            yield Diagnosis(Condition.WARNING, "lists", says, finding.remedy)


def _left_lists(configured: Settings, store: Store) -> list[Finding]:
    """What the store says about the program file, where that can be read."""
    try:
        return lists_without_sender(Directory.load(configured.programs_path), store)
    except ConfigurationError:
        return []


def _store_remedy(configured: Settings, problem: str) -> str:
    if configured.store != "tables":
        return ""  # the message says what to check
    if re.search(r"\b(401|403)\b|Signing", problem):
        if configured.tables_connection_string:
            return "Copy OPTOUT_TABLES_CONNECTION_STRING again from the Access keys page."
        return (
            "Give the identity the role Storage Table Data Contributor, and check that the "
            "network rules of the storage account let it in."
        )
    if re.search(r"\b\d{3}\b", problem):
        return "It answers, but not as it should: try again, and see Azure's status page."
    if configured.tables_connection_string:
        return "Nothing answers at the address in OPTOUT_TABLES_CONNECTION_STRING. Is Azurite running?"
    return "Nothing answers there: correct OPTOUT_TABLES_ENDPOINT."


def _acs(configured: Settings) -> Iterator[Diagnosis]:
    try:
        sender = sms.acs(configured.acs_endpoint, configured.acs_key, configured.acs_connection_string)
    except ConfigurationError as problem:
        yield from _wrong("ACS", problem)
        return
    if sender is None:
        return
    if configured.acs_connection_string:
        remedy = "Copy OPTOUT_ACS_CONNECTION_STRING again from the Keys page of the resource."
    elif configured.acs_key:
        remedy = "Copy OPTOUT_ACS_KEY again from the Keys page of the resource."
    else:
        remedy = "Give the identity the role Communication and Email Service Owner on the resource."
    yield _answered("ACS", sender.probe(), remedy)


def _topic(configured: Settings) -> Iterator[Diagnosis]:
    publisher = topic.topic(configured.topic_endpoint, configured.topic_key, configured.event_source)
    if publisher is None:
        return
    if configured.topic_key:
        remedy = "Copy OPTOUT_TOPIC_KEY again from the Access keys page of the topic."
    else:
        remedy = "Give the identity the role EventGrid Data Sender on the topic."
    try:
        yield _answered("topic", publisher.probe(), remedy)
    finally:
        publisher.close()


def _answered(subject: str, status: int | None, remedy: str) -> Diagnosis:
    """What a service's answer to a harmless request says about the way to it."""
    endpoint = f"OPTOUT_{subject.upper()}_ENDPOINT"
    if status is None:
        return Diagnosis(
            Condition.WRONG, subject, "nothing answers there",
            f"Correct {endpoint}, and see that this machine reaches it.",
        )  # fmt: skip
    if status in (401, 403):
        return Diagnosis(Condition.WRONG, subject, f"it refuses these credentials ({status})", remedy)
    if status == 429 or status >= 500:
        return Diagnosis(Condition.WARNING, subject, f"it is busy ({status})", "Try again later.")
    if status in (200, 202, 400):
        return Diagnosis(Condition.OK, subject, "it answers, and lets the app in")
    return Diagnosis(
        Condition.WRONG, subject, f"something else answers there ({status})", f"Correct {endpoint}."
    )
