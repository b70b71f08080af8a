"""The table of operations: which function answers at which address, who may call it, and what goes in
and comes out. function_app registers what is here, the OpenAPI document is made from it, and
infra/roles.toml repeats its roles for a script that has no packages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPMethod, HTTPStatus
from typing import Any, ClassVar

from optout.http import (
    about,
    activity,
    changes,
    console_page,
    exchange,
    history,
    quarantine,
    reviews,
    senders,
    status,
    suppressions,
    transfer,
)
from optout.http.exchange import Body, FileHandler, Handler, Request, Response
from optout.http.values import PageQuery
from optout.operations import documents
from optout.service import Service

GET, POST = HTTPMethod.GET, HTTPMethod.POST
NOT_FOUND, CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


class Role(StrEnum):
    """What a key can be for; docs/deploy.md says who should have which."""

    LOOKUP = "lookup"
    SUPPORT = "support"
    LISTS = "lists"
    OPT_INS = "opt-ins"


# Who may call; ANYBODY needs no key.
Roles = tuple[Role, ...]
ANYBODY: Roles = ()
LOOKUP_AND_SUPPORT: Roles = (Role.LOOKUP, Role.SUPPORT)
SUPPORT: Roles = (Role.SUPPORT,)
LISTS: Roles = (Role.LISTS,)
OPT_INS: Roles = (Role.OPT_INS,)
SUPPORT_AND_LISTS: Roles = (Role.SUPPORT, Role.LISTS)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address. Its summary and description are its handler's docstring.

    `answer` is the shape of what comes out and `answered` an example of it; `asked` are examples of the
    body, by name. `problems` are those beside the ones that any operation may have. Operations with the
    same `function`, which is the name if nothing else is said, share an address and a key.
    """

    name: str
    method: HTTPMethod
    route: str
    roles: Roles
    handler: Handler
    answer: Any
    answered: Any
    body: type[Body] | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    path: type[Body] | None = None
    query: type[Body] | None = None
    headers: type[Body] | None = None
    problems: tuple[HTTPStatus, ...] = ()
    function: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that anybody may read. `contents` has an example of each media type that it may have."""

    method: ClassVar = GET
    name: str
    route: str
    handler: FileHandler
    contents: Mapping[str, str]
    path: type[Body] | None = None
    problems: tuple[HTTPStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """What is registered: an address with keys of its own."""

    name: str
    route: str
    roles: Roles
    respond: Callable[[Request, Callable[[], Service]], Response]


OPERATIONS = (
    Operation(
        "check_suppressions", POST, "suppressions/check", LOOKUP_AND_SUPPORT, suppressions.check,
        suppressions.Checked, suppressions.CHECKED,
        body=suppressions.CheckRequest, asked=suppressions.CHECKS, problems=(NOT_FOUND,),
    ),
    Operation(
        "look_up_suppression", GET, "suppressions/{sender}/{recipient}", SUPPORT, suppressions.look_up,
        suppressions.Checked, suppressions.LOOKED_UP,
        path=suppressions.LookUpPath, query=suppressions.LookUpQuery, problems=(NOT_FOUND,),
    ),
    Operation(
        "opt_out", POST, "suppressions/opt-out", SUPPORT, changes.opt_out,
        changes.Changed, changes.OPTED_OUT, body=changes.ChangeRequest, asked=changes.OPT_OUTS,
        headers=changes.ChangeHeaders, problems=(NOT_FOUND, UNPROCESSABLE),
    ),
    Operation(
        "opt_in", POST, "suppressions/opt-in", SUPPORT, changes.opt_in,
        changes.Changed, changes.OPTED_IN, body=changes.ChangeRequest, asked=changes.OPT_INS,
        headers=changes.ChangeHeaders, problems=(NOT_FOUND, UNPROCESSABLE),
    ),
    Operation(
        "history", POST, "suppressions/history", SUPPORT, history.history,
        history.History, history.STOPPED, body=history.HistoryRequest, asked=history.PAGES,
    ),
    Operation(
        "suppression_status", POST, "suppressions/status", SUPPORT, status.status,
        documents.Status, status.STATUS, body=status.StatusRequest, asked=status.NUMBERS,
    ),
    Operation(
        "list_suppressions", GET, "suppressions", SUPPORT_AND_LISTS, suppressions.list_suppressions,
        suppressions.List, suppressions.LISTED,
        query=suppressions.ListQuery, problems=(NOT_FOUND,),
    ),
    Operation(
        "import_suppressions", POST, "suppressions/import", LISTS, transfer.import_rows,
        transfer.Imported, transfer.IMPORTED,
        body=transfer.ImportRequest, asked=transfer.IMPORTS, problems=(NOT_FOUND,),
    ),
    Operation(
        "import_opt_ins", POST, "suppressions/import-opt-ins", OPT_INS, transfer.import_opt_ins,
        transfer.Imported, transfer.OPT_INS_IMPORTED,
        body=transfer.OptInImportRequest, asked=transfer.OPT_IN_IMPORTS,
    ),
    Operation(
        "export", GET, "export", LISTS, transfer.export_evidence,
        history.Journal, history.ASKED, query=PageQuery,
    ),
    Operation(
        "activity", GET, "activity", SUPPORT, activity.counts,
        activity.Activity, activity.COUNTS, query=activity.ActivityQuery,
    ),
    Operation(
        "journal", GET, "journal", SUPPORT, activity.journal,
        history.Journal, history.ASKED, query=PageQuery,
    ),
    Operation(
        "list_reviews", GET, "reviews", SUPPORT, reviews.list_reviews,
        history.Journal, history.ASKED, query=PageQuery, function="reviews",
    ),
    Operation(
        "judge_review", POST, "reviews", SUPPORT, reviews.judge,
        reviews.Judged, reviews.JUDGED, body=reviews.VerdictRequest, asked=reviews.VERDICTS,
        problems=(NOT_FOUND, CONFLICT), function="reviews",
    ),
    Operation(
        "list_quarantine", GET, "quarantine", SUPPORT, quarantine.list_events,
        quarantine.Quarantine, quarantine.HELD, query=PageQuery,
    ),
    Operation(
        "replay_quarantine", POST, "quarantine/replay", SUPPORT, quarantine.replay,
        quarantine.Replayed, quarantine.REPLAYED,
        body=quarantine.ReplayRequest, asked=quarantine.REPLAYS, problems=(NOT_FOUND,),
    ),
    Operation(
        "list_senders", GET, "senders", SUPPORT, senders.list_senders, senders.Senders, senders.SENDERS,
    ),
    Operation("health", GET, "health", ANYBODY, about.health, about.Health, about.HEALTHY),
    Operation(
        "openapi", GET, "openapi.json", ANYBODY, about.openapi, about.Description, about.DESCRIBED,
    ),
)  # fmt: skip

FILES = (
    File("console", "console", console_page.page, console_page.PAGE),
    File(
        "console_file", "console/{file}", console_page.file, console_page.FILES,
        path=console_page.FilePath, problems=(NOT_FOUND,),
    ),
)  # fmt: skip


def functions() -> Iterator[Function]:
    """Every function that answers over HTTP."""
    found: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.function or operation.name, []).append(operation)
    for name, operations in found.items():
        yield _function(name, operations)
    for file in FILES:
        yield _file_function(file)


def _function(name: str, operations: list[Operation]) -> Function:
    handlers = {operation.method.value: operation.handler for operation in operations}

    def respond(request: Request, service: Callable[[], Service]) -> Response:
        return exchange.respond(request, service, handlers)

    return Function(name, operations[0].route, operations[0].roles, respond)


def _file_function(file: File) -> Function:
    def respond(request: Request, service: Callable[[], Service]) -> Response:
        return exchange.serve(request, file.handler)

    return Function(file.name, file.route, ANYBODY, respond)
