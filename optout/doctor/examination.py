"""All checks of a configuration, in bounded time: first what can be read here, then the services.

No finding contains a secret, or the value of a setting that may be one, or a person's number.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import date

from optout import settings
from optout.azure import addresses, messaging_connect
from optout.doctor import services
from optout.doctor.background import begin
from optout.doctor.diagnosis import Condition, Diagnosis, wrong
from optout.domain.errors import ConfigurationError
from optout.domain.times import Clock
from optout.programs import reach
from optout.programs.check import check_file
from optout.programs.directory import Directory
from optout.programs.findings import listed
from optout.service import now_utc
from optout.settings import Settings

# Every part gives up by itself after a few seconds; a name server or a sign-in may take longer. Two
# such times, for the identity and for all services side by side, are less than a function may run.
LONGEST_SECONDS = 15.0
ACS_RESOURCE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Communication"
    r"/CommunicationServices/[^/]+",
    re.IGNORECASE,
)
# Of each setting with an address: which service is there, and the scope of a token for it.
_SERVICES = {
    "tables_endpoint": "table",
    "queue_service_uri": "queue",
    "acs_endpoint": "acs",
    "topic_endpoint": "topic",
}
_SCOPES = {
    "tables_endpoint": "https://storage.azure.com/.default",
    "queue_service_uri": "https://storage.azure.com/.default",
    "acs_endpoint": "https://communication.azure.com//.default",
    "topic_endpoint": "https://eventgrid.azure.net/.default",
}

Check = Callable[[Settings], Iterator[Diagnosis]]
# The last check of each subject in this process: an app lives long, and must not collect what hangs.
_running: dict[str, Future[list[Diagnosis]]] = {}


def examine(clock: Clock = now_utc) -> Iterator[Diagnosis]:
    """All findings about the configuration of this process, each as soon as it is there."""
    try:
        configured = settings.load()
    except ConfigurationError as problem:
        yield from wrong("settings", problem)
        return
    yield Diagnosis(Condition.OK, "settings", f"store {configured.store}")
    yield from _in_azure(configured)
    yield from _program_file(configured, clock().date())
    yield from _event_source(configured)
    yield from _elsewhere(configured)
    reachable = configured.model_copy(update=dict.fromkeys(_foreign(configured)))
    identity = _begin("identity", _identity, reachable)()
    yield from identity
    nobody_there = any(finding.condition is Condition.WRONG for finding in identity)
    yield from _no_queue(configured)
    checks: dict[str, Check] = {
        "store": services.check_store,
        "ACS": services.check_acs,
        "topic": services.check_topic,
        "queue": services.check_queue,
    }
    if nobody_there:
        reachable = _without_identity(reachable)
    for findings in [_begin(subject, check, reachable) for subject, check in checks.items()]:
        yield from findings()


def _begin(subject: str, check: Check, configured: Settings) -> Callable[[], list[Diagnosis]]:
    """Begin a check; its findings are waited for as long as it may take. What hangs is left behind with
    a thread that ends with the process; until it ends, no check of that subject is begun again."""
    before = _running.get(subject)
    if before and not before.done():
        return lambda: [_hangs(subject, "an earlier check of it has not ended")]
    running = _running[subject] = begin(lambda: _examined(subject, check, configured))
    ends = time.monotonic() + LONGEST_SECONDS

    def findings() -> list[Diagnosis]:
        try:
            return running.result(max(0.0, ends - time.monotonic()))
        except TimeoutError:
            return [_hangs(subject, f"no answer within {LONGEST_SECONDS:g} s")]

    return findings


def _examined(subject: str, check: Check, configured: Settings) -> list[Diagnosis]:
    """What a check found until it ended or broke."""
    found: list[Diagnosis] = []
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
    return found


def _hangs(subject: str, says: str) -> Diagnosis:
    return Diagnosis(
        Condition.WRONG,
        subject,
        says,
        "Check whether this machine can reach it: name server, proxy, firewall.",
    )


def _in_azure(configured: Settings) -> Iterator[Diagnosis]:
    for problem in settings.laptop_defaults(configured):
        yield Diagnosis(Condition.WARNING, "in Azure the app would refuse to start", problem)


def _program_file(configured: Settings, today: date) -> Iterator[Diagnosis]:
    try:
        directory = Directory.load(configured.programs_path)
    except ConfigurationError as problem:
        yield from wrong("program file", problem)
        return
    advice = check_file(configured.programs_path, today).warnings
    for finding in advice:
        if finding.rule == reach.UNSAID:
            says = f"{finding.entry}: {finding.problem} ({finding.source})"
            yield Diagnosis(Condition.WARNING, "reach of opt-outs", says, finding.remedy)
    if advice:
        yield Diagnosis(
            Condition.WARNING,
            "program file",
            f"warnings: {len(advice)}",
            "See optout check-programs.",
        )
    names = {sender.program for sender in directory.every if sender.program}
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
            Condition.OK, "program file", f"programs: {len(names)}, senders: {len(directory.every)}"
        )
    yield from _links(configured, directory)
    if configured.answers_through_acs:
        yield from _partners(configured, directory)


def _links(configured: Settings, directory: Directory) -> Iterator[Diagnosis]:
    """Whether links can be made for the senders whose messages have one."""
    subject = "links"
    senders = sorted(each.name for each in directory.every if each.has_links)
    if configured.link_keys is None:
        yield Diagnosis(
            Condition.WRONG,
            subject,
            "the reference of OPTOUT_LINK_KEYS to the Key Vault is not resolved: links do not work",
            "Let the app's identity read the secret, and the app into the vault's network.",
        )
        return
    if configured.link_base is None or not configured.link_keys:
        if senders:
            yield Diagnosis(
                Condition.WARNING,
                subject,
                f"each message of {listed(senders)} has a link, and none is configured",
                "Set OPTOUT_LINK_BASE and OPTOUT_LINK_KEYS; docs/settings.md says how.",
            )
        return
    first, *others = (key.name for key in configured.link_keys)
    if configured.link_base.startswith("http:"):
        yield Diagnosis(
            Condition.WARNING,
            subject,
            "OPTOUT_LINK_BASE is of this machine: nobody else can open a link",
            "Write the name that people see, for example https://o.contoso.com.",
        )
        return
    says = f"the key {first} makes them" + (f", {listed(others)} still read" if others else "")
    yield Diagnosis(Condition.OK, subject, f"{configured.link_base}: {says}")


def _partners(configured: Settings, directory: Directory) -> Iterator[Diagnosis]:
    """Whether replies can be sent from the numbers that ACS has from a partner."""
    keys = configured.messaging_connect_keys
    found = messaging_connect.connections(directory.senders.values(), keys)
    missing: dict[str, list[str]] = {}
    for sender, connection in found.items():
        if connection.problem:
            missing.setdefault(connection.problem, []).append(sender)
    for problem, senders in missing.items():
        yield Diagnosis(
            Condition.WRONG,
            "messaging connect",
            f"no reply can be sent from {listed(senders)}: {problem.partition(': ')[2]}",
            "Set the key that the partner's portal shows, and write partner in the program file; "
            "docs/settings.md says how.",
        )
    if found and not missing:
        partners = {str(connection.partner) for connection in found.values()}
        yield Diagnosis(
            Condition.OK, "messaging connect", f"there is a key for {listed(sorted(partners))}"
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


def _no_queue(configured: Settings) -> Iterator[Diagnosis]:
    """Over SQLite the local host asks the store what is still to be done; over tables nobody can."""
    if configured.store == "tables" and not configured.has_queue:
        yield Diagnosis(
            Condition.WARNING,
            "queue",
            "there is none, so an event fails where ACS or the topic is away, and Event Grid holds new "
            "ones back",
            "Set OptoutQueue__queueServiceUri, or OptoutQueue.",
        )


def _by_identity(configured: Settings) -> list[str]:
    """The settings of the services that the app signs in to with its identity."""
    keys = {"acs_endpoint": configured.acs_key, "topic_endpoint": configured.topic_key}
    return [name for name in _SCOPES if getattr(configured, name) and not keys.get(name)]


def _foreign(configured: Settings) -> list[str]:
    """The settings by which the app's identity would sign in somewhere that is not known as Azure's."""
    return [
        name
        for name in _by_identity(configured)
        if not addresses.is_of_azure(_SERVICES[name], getattr(configured, name))
    ]


def _elsewhere(configured: Settings) -> Iterator[Diagnosis]:
    """A warning, not a refusal: a private cloud has addresses of its own, and an app that does not
    start records no STOP."""
    if foreign := _foreign(configured):
        variables = ", ".join(settings.variables()[name] for name in foreign)
        yield Diagnosis(
            Condition.WARNING,
            "identity",
            f"{variables}: not an address of Azure's, so the app's identity hands its token to whoever "
            "is there; what depends on it is not checked",
            "Correct it, unless it is a cloud of your own.",
        )


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
        variables = ", ".join(settings.variables()[name] for name in needed)
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
