"""The triggers and routes of the Functions app. Each function has its own key, so that a service that
may look up cannot change the list."""

import azure.functions as func

from optout import log, service, settings
from optout.azure import queue
from optout.http import exchange, table
from optout.http.operation import Function

log.quiet_sdks()

# Routes take every method, so that a wrong one is told which is right.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

app = func.FunctionApp()


@app.function_name("sms_events")
@app.event_grid_trigger(arg_name="event")
def sms_events(event: str) -> None:
    """An event from Azure Communication Services. An exception makes Event Grid deliver it again."""
    service.receive(event)


if settings.names_queue():

    @app.function_name("finish_pending")
    @app.queue_trigger(arg_name="message", queue_name=queue.QUEUE, connection=settings.QUEUE)
    def finish_pending(message: func.QueueMessage) -> None:
        """What an event or a change by hand left pending. An exception gives it back to the queue."""
        service.finish(message.get_body().decode())


def register(function: Function) -> None:
    """Register a function of the table at its address, with its own keys unless anybody may call it."""
    level = func.AuthLevel.FUNCTION if function.roles else func.AuthLevel.ANONYMOUS

    @app.function_name(function.name)
    @app.route(function.route, methods=METHODS, auth_level=level)
    def respond(req: func.HttpRequest) -> func.HttpResponse:
        request = exchange.Request(
            req.method, req.get_body(), req.params, req.route_params, req.headers
        )
        response = function.respond(request, service.current)
        return func.HttpResponse(
            response.body,
            status_code=int(response.status),
            mimetype=response.content_type,
            headers={**exchange.ON_EVERY_ANSWER, **response.headers},
        )


for function in table.functions():
    register(function)
