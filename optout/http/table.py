"""The table of operations: which function answers at which address, who may call it, and what goes in
and comes out. function_app registers what is here, the OpenAPI document is made from it, and
infra/roles.toml repeats its roles for a script that has no packages."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from http import HTTPMethod, HTTPStatus

from optout.doctor.document import Examined
from optout.http import (
    about,
    activity,
    changes,
    compression,
    console_page,
    doctor,
    exchange,
    feed,
    history,
    link_page,
    links,
    openapi,
    quarantine,
    reports,
    reviews,
    senders,
    status,
    suppressions,
    transfer,
)
from optout.http.exchange import Request, Response
from optout.http.operation import (
    ANYBODY,
    DOCTOR,
    FEED,
    GUARD,
    LINKS_AND_GUARD,
    LISTS,
    LOOKUP_GUARD_AND_SUPPORT,
    OPT_INS,
    SUPPORT,
    SUPPORT_AND_FEED,
    SUPPORT_AND_LISTS,
    File,
    Function,
    Operation,
    Page,
)
from optout.http.values import PageQuery
from optout.operations import documents
from optout.service import Service

GET, POST = HTTPMethod.GET, HTTPMethod.POST
NOT_FOUND, CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
GONE = HTTPStatus.GONE
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY


def _describe(request: Request, service: Service) -> about.Description:
    """This document."""
    return description()


OPERATIONS = (
    Operation(
        "check_suppressions", POST, "api/suppressions/check", LOOKUP_GUARD_AND_SUPPORT,
        suppressions.check,
        suppressions.Checked, suppressions.CHECKED,
        body=suppressions.CheckRequest, asked=suppressions.CHECKS, problems=(NOT_FOUND,),
        compressible=True,
    ),
    Operation(
        "report_suppression", POST, "api/suppressions/report", GUARD, reports.report,
        reports.Reported, reports.RECORDED,
        body=reports.ReportRequest, asked=reports.REPORTS, problems=(NOT_FOUND,),
    ),
    Operation(
        "look_up_suppression", GET, "api/suppressions/{sender}/{recipient}", SUPPORT,
        suppressions.look_up,
        suppressions.Checked, suppressions.LOOKED_UP,
        path=suppressions.LookUpPath, query=suppressions.LookUpQuery, problems=(NOT_FOUND,),
    ),
    Operation(
        "opt_out", POST, "api/suppressions/opt-out", SUPPORT, changes.opt_out,
        changes.Changed, changes.OPTED_OUT, body=changes.ChangeRequest, asked=changes.OPT_OUTS,
        headers=changes.ChangeHeaders, problems=(NOT_FOUND, UNPROCESSABLE),
    ),
    Operation(
        "opt_in", POST, "api/suppressions/opt-in", SUPPORT, changes.opt_in,
        changes.Changed, changes.OPTED_IN, body=changes.ChangeRequest, asked=changes.OPT_INS,
        headers=changes.ChangeHeaders, problems=(NOT_FOUND, UNPROCESSABLE),
    ),
    Operation(
        "history", POST, "api/suppressions/history", SUPPORT, history.history,
        history.History, history.STOPPED, body=history.HistoryRequest, asked=history.PAGES,
    ),
    Operation(
        "suppression_status", POST, "api/suppressions/status", SUPPORT, status.status,
        documents.Status, status.STATUS, body=status.StatusRequest, asked=status.NUMBERS,
    ),
    Operation(
        "list_suppressions", GET, "api/suppressions", SUPPORT_AND_LISTS, suppressions.list_suppressions,
        suppressions.List, suppressions.LISTED,
        query=suppressions.ListQuery, problems=(NOT_FOUND,), compressible=True,
    ),
    Operation(
        "import_suppressions", POST, "api/suppressions/import", LISTS, transfer.import_rows,
        transfer.Imported, transfer.IMPORTED,
        body=transfer.ImportRequest, asked=transfer.IMPORTS, problems=(NOT_FOUND,),
    ),
    Operation(
        "import_opt_ins", POST, "api/suppressions/import-opt-ins", OPT_INS, transfer.import_opt_ins,
        transfer.Imported, transfer.OPT_INS_IMPORTED,
        body=transfer.OptInImportRequest, asked=transfer.OPT_IN_IMPORTS,
    ),
    Operation(
        "export", GET, "api/export", LISTS, transfer.export_evidence,
        history.Journal, history.ASKED, query=PageQuery,
    ),
    Operation(
        "activity", GET, "api/activity", SUPPORT, activity.counts,
        activity.Activity, activity.COUNTS, query=activity.ActivityQuery,
    ),
    Operation(
        "journal", GET, "api/journal", SUPPORT, activity.journal,
        history.Journal, history.ASKED, query=PageQuery,
    ),
    Operation(
        "search_journal", POST, "api/journal", SUPPORT, activity.search_journal,
        history.Journal, history.ASKED, body=activity.JournalSearch, asked=activity.SEARCHES,
        function="journal",
    ),
    Operation(
        "list_reviews", GET, "api/reviews", SUPPORT, reviews.list_reviews,
        reviews.Waiting, reviews.WAITING, query=PageQuery, function="reviews",
    ),
    Operation(
        "judge_review", POST, "api/reviews", SUPPORT, reviews.judge,
        reviews.Judged, reviews.JUDGED, body=reviews.VerdictRequest, asked=reviews.VERDICTS,
        problems=(NOT_FOUND, CONFLICT), function="reviews",
    ),
    Operation(
        "list_quarantine", GET, "api/quarantine", SUPPORT, quarantine.list_events,
        quarantine.Quarantine, quarantine.HELD, query=PageQuery,
    ),
    Operation(
        "replay_quarantine", POST, "api/quarantine/replay", SUPPORT, quarantine.replay,
        quarantine.Replayed, quarantine.REPLAYED,
        body=quarantine.ReplayRequest, asked=quarantine.REPLAYS, problems=(NOT_FOUND,),
    ),
    Operation(
        "changes", GET, "api/changes", FEED, feed.list_changes,
        feed.Changes, feed.CHANGES, query=feed.FeedQuery, problems=(GONE,), compressible=True,
    ),
    Operation(
        "list_senders", GET, "api/senders", SUPPORT_AND_FEED, senders.list_senders,
        senders.Senders, senders.SENDERS,
    ),
    Operation(
        "links", POST, "api/links", LINKS_AND_GUARD, links.make,
        links.Made, links.MADE,
        body=links.LinksRequest, asked=links.LINKS, problems=(NOT_FOUND, CONFLICT),
    ),
    Operation(
        "doctor", POST, "api/doctor", DOCTOR, doctor.examine_itself,
        Examined, doctor.EXAMINED, problems=(CONFLICT,), alone=True,
    ),
    Operation("health", GET, "api/health", ANYBODY, about.health, about.Health, about.HEALTHY),
    Operation(
        "openapi", GET, "api/openapi.json", ANYBODY, _describe, about.Description, about.DESCRIBED,
        compressible=True,
    ),
)  # fmt: skip

FILES = (
    File("console", "api/console", console_page.page, console_page.PAGE),
    File(
        "console_file", "api/console/{file}", console_page.file, console_page.FILES,
        path=console_page.FilePath, problems=(NOT_FOUND,),
    ),
)  # fmt: skip

PAGES = (
    Page(
        "link", "o/{token}", link_page.show, link_page.opt_out, link_page.PAGE, path=link_page.LinkPath
    ),
)


def functions() -> Iterator[Function]:
    """Every function that answers over HTTP."""
    found: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.function or operation.name, []).append(operation)
    for name, operations in found.items():
        yield _function(name, operations)
    for file in FILES:
        yield _file_function(file)
    for page in PAGES:
        yield _page_function(page)


def _function(name: str, operations: list[Operation]) -> Function:
    may_compress = all(operation.compressible for operation in operations)

    def respond(request: Request, service: Callable[[], Service]) -> Response:
        handlers = {each.method.value: each.answering(service) for each in operations}
        response = exchange.respond(request, handlers)
        return compression.compressed(request, response) if may_compress else response

    return Function(name, operations[0].route, operations[0].roles, respond)


def _file_function(file: File) -> Function:
    def respond(request: Request, service: Callable[[], Service]) -> Response:
        return exchange.serve(request, file.handler)

    return Function(file.name, file.route, ANYBODY, respond)


def _page_function(page: Page) -> Function:
    def respond(request: Request, service: Callable[[], Service]) -> Response:
        return exchange.open_page(request, page.handlers, service)

    return Function(page.name, page.route, ANYBODY, respond)


@lru_cache(maxsize=1)
def description() -> openapi.Json:
    """The OpenAPI document of all this, made when somebody first asks for it."""
    return openapi.document(OPERATIONS, FILES, PAGES)
