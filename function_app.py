"""The triggers and routes of the Functions app. Each function has its own key, so that a service that
may look up cannot change the list."""

import logging

import azure.functions as func

from optout import service
from optout.http import about, console_page, exchange, quarantine, senders, suppressions, transfer
from optout.http import activity as activity_counts
from optout.http import history as histories
from optout.http import reviews as review_list

# The SDKs log the address of every request; some contain a person's number.
logging.getLogger("azure.core").setLevel(logging.WARNING)

# Routes take every method, so that a wrong one gets an answer that says which is right.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("sms_events")
@app.event_grid_trigger(arg_name="event")
def sms_events(event: str) -> None:
    """An event from Azure Communication Services. An exception makes Event Grid deliver it again."""
    service.receive(event)


@app.route("suppressions/check", methods=METHODS)
def check_suppressions(req: func.HttpRequest) -> func.HttpResponse:
    """May these people be texted from this sender?"""
    return _respond(req, POST=suppressions.check)


@app.route("suppressions/{sender}/{recipient}", methods=METHODS)
def look_up_suppression(req: func.HttpRequest) -> func.HttpResponse:
    """May this person be texted from this sender?"""
    return _respond(req, GET=suppressions.look_up)


@app.route("suppressions/opt-out", methods=METHODS)
def opt_out(req: func.HttpRequest) -> func.HttpResponse:
    """Opt a person out by hand."""
    return _respond(req, POST=suppressions.opt_out)


@app.route("suppressions/opt-in", methods=METHODS)
def opt_in(req: func.HttpRequest) -> func.HttpResponse:
    """Opt a person in by hand."""
    return _respond(req, POST=suppressions.opt_in)


@app.route("suppressions/history", methods=METHODS)
def history(req: func.HttpRequest) -> func.HttpResponse:
    """What happened to this number, newest first."""
    return _respond(req, POST=histories.history)


@app.route("suppressions", methods=METHODS)
def list_suppressions(req: func.HttpRequest) -> func.HttpResponse:
    """Who is on a list."""
    return _respond(req, GET=suppressions.listed)


@app.route("activity", methods=METHODS)
def activity(req: func.HttpRequest) -> func.HttpResponse:
    """How many opted out, opted in and asked for help, by day and sender."""
    return _respond(req, GET=activity_counts.counts)


@app.route("journal", methods=METHODS)
def journal(req: func.HttpRequest) -> func.HttpResponse:
    """What happened last, to everybody."""
    return _respond(req, GET=activity_counts.journal)


@app.route("reviews", methods=METHODS)
def reviews(req: func.HttpRequest) -> func.HttpResponse:
    """Probable requests to look at, and a verdict on one."""
    return _respond(req, GET=review_list.listed, POST=review_list.judge)


@app.route("suppressions/import", methods=METHODS)
def import_suppressions(req: func.HttpRequest) -> func.HttpResponse:
    """Record a page of another system's list."""
    return _respond(req, POST=transfer.imported)


@app.route("export", methods=METHODS)
def export(req: func.HttpRequest) -> func.HttpResponse:
    """A page of all that happened to everybody."""
    return _respond(req, GET=transfer.exported)


@app.route("quarantine", methods=METHODS)
def list_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """The events that could not be understood."""
    return _respond(req, GET=quarantine.listed)


@app.route("quarantine/replay", methods=METHODS)
def replay_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Handle an event in quarantine again."""
    return _respond(req, POST=quarantine.replay)


@app.route("suppressions/status", methods=METHODS)
def suppression_status(req: func.HttpRequest) -> func.HttpResponse:
    """Where a person stands with every list and sender."""
    return _respond(req, POST=suppressions.status)


@app.route("senders", methods=METHODS)
def list_senders(req: func.HttpRequest) -> func.HttpResponse:
    """The senders of the program file."""
    return _respond(req, GET=senders.listed)


@app.route("console", methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)
def console(req: func.HttpRequest) -> func.HttpResponse:
    """A page to look numbers up and to see what happens. It holds nothing by itself."""
    return _serve(req, GET=console_page.page)


@app.route("console/{file}", methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)
def console_file(req: func.HttpRequest) -> func.HttpResponse:
    """What the page is made of."""
    return _serve(req, GET=console_page.file)


@app.route("health", methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the store answers."""
    return _respond(req, GET=about.health)


@app.route("openapi.json", methods=METHODS, auth_level=func.AuthLevel.ANONYMOUS)
def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """The description of all this as OpenAPI 3.1."""
    return _respond(req, GET=about.openapi)


def _respond(req: func.HttpRequest, **operations: exchange.Operation) -> func.HttpResponse:
    return _answer(exchange.respond(_request(req), service.current, operations))


def _serve(req: func.HttpRequest, **documents: exchange.Document) -> func.HttpResponse:
    return _answer(exchange.serve(_request(req), documents))


def _request(req: func.HttpRequest) -> exchange.Request:
    return exchange.Request(req.method, req.get_body(), req.params, req.route_params, req.headers)


def _answer(response: exchange.Response) -> func.HttpResponse:
    return func.HttpResponse(
        response.body,
        status_code=int(response.status),
        mimetype=response.content_type,
        headers=dict(response.headers),
    )
