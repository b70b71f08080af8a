"""One worker: the app's own functions on a port, faults around its store, and notes of what it did."""

import importlib
import json
import logging
import os
import random
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import azure.functions as func
from azure.functions.queue import QueueMessage
from werkzeug.wrappers import Request, Response

import function_app
from optout import local, own_queue, service, settings
from optout.azure import queue, sms, topic
from optout.http import activity, transfer
from optout.operations import pending, recorder
from optout.store.protocol import Store
from optout.store.tables import feed
from tests.chaos.broken import BROKEN
from tests.chaos.faults import READ_SECONDS, FaultyStore, Rates, Witness, WitnessedReplies
from tests.chaos.shared import Log, SharedClock
from tests.chaos.wire_faults import WireFaults
from tests.support.places import Place

# Where the campaign plays the Functions host and hands over a message of the queue.
QUEUE_PATH = "/queue/finish_pending"
# The campaign's time goes a hundred times as fast as the clocks of Azurite, by which a queue hides a
# message and the feed on tables stays behind. So both wait for less; still for longer than any write
# takes here, which is what they wait for.
HURRY = 60
AHEAD_SECONDS = 8
BEHIND_SECONDS = 8
LONGEST_SECONDS = 3
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Job:
    """All that a worker needs to know; `life` counts its restarts."""

    folder: Path
    place: Place
    environment: dict[str, str]
    seed: int
    rates: Rates
    broken: str | None = None
    number: int = 0
    life: int = 0


class Host:
    """The local host, which has HTTP and events; and messages of the queue, one a request."""

    def __init__(self, app: func.FunctionApp) -> None:
        # It gives them once.
        found = app.get_functions()
        app.get_functions = lambda: found  # type: ignore[method-assign]
        self._http = local.LocalHost(app)
        functions = {str(each.get_function_name()): each for each in found}
        self._finish = functions.get("finish_pending")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != QUEUE_PATH:
            return self._http(environ, start_response)
        return Response(status=self._finished(Request(environ)))(environ, start_response)

    def _finished(self, request: Request) -> int:
        """200 as for a function that returns, 500 as for one that raises."""
        given = json.loads(request.get_data())
        message = QueueMessage(  # type: ignore[no-untyped-call]
            body=given["text"], dequeue_count=given["tries"]
        )
        try:
            self._finish.get_user_function()(message)  # type: ignore[union-attr]
        except Exception:
            return 500
        return 200


def work(job: Job, ready: "Connection[int, Any]") -> None:
    """Serve until killed; the port goes to `ready`."""
    try:
        logging.getLogger("optout").setLevel(logging.CRITICAL + 1)
        hurry(has_queue=settings.QUEUE in job.environment)
        if job.broken in BROKEN:
            BROKEN[job.broken]()
        service._current = running = _service(job)
        service._finish_by_itself(running)
        listening = local.server(cast(local.LocalHost, Host(_app(job))), 0)
        ready.send(listening.port)
        listening.serve_forever()
    except BaseException:
        (job.folder / f"worker-{job.number}-{job.life}.txt").write_text(traceback.format_exc())
        sys.stdout.flush()
        os._exit(1)


def _app(job: Job) -> func.FunctionApp:
    """The app; with its function for the queue where there is one, which it finds at its import."""
    if settings.QUEUE not in job.environment:
        return function_app.app
    os.environ[settings.QUEUE] = job.environment[settings.QUEUE]
    app: func.FunctionApp = importlib.reload(function_app).app
    return app


def hurry(has_queue: bool) -> None:
    """Wait for less, so that a campaign ends."""
    if has_queue:
        pending._LONGEST_DELAY = timedelta(seconds=LONGEST_SECONDS * HURRY)
    sms.READ_SECONDS = READ_SECONDS  # type: ignore[assignment]
    topic.READ_SECONDS = READ_SECONDS  # type: ignore[assignment]
    own_queue.POLL_SECONDS = POLL_SECONDS
    feed.BEHIND = timedelta(seconds=BEHIND_SECONDS)
    recorder._AHEAD = timedelta(seconds=AHEAD_SECONDS * HURRY)
    put = queue.StorageQueue.put
    queue.StorageQueue.put = lambda self, work, delay: put(self, work, delay / HURRY)  # type: ignore[method-assign]


def _service(job: Job) -> service.Service:
    """The service as it is built for the settings, with this campaign's clock, store and witness."""
    clock = SharedClock(job.folder / "clock")
    for module in (service, transfer, activity):
        module.now_utc = clock  # type: ignore[attr-defined]
    log = Log(job.folder / "log")
    witness = Witness(log, clock)
    chance = random.Random(f"{job.seed}-{job.number}-{job.life}")
    opened = job.place.open(WireFaults("tables", job.rates, chance, log))
    store = cast(Store, FaultyStore(opened, witness, job.rates, chance))
    service.open_store = lambda configured: store
    options = queue._options
    queue._options = lambda: {
        **options(), "per_retry_policies": [WireFaults("queue", job.rates, chance, log)]
    }  # fmt: skip
    built = service.build(settings.load(job.environment))
    witnessed = WitnessedReplies(built.events.replies.sms, witness)
    delivery = replace(built.events.replies, sms=witnessed)
    return replace(
        built,
        events=replace(built.events, replies=delivery, beside=()),
        finisher=replace(built.finisher, replies=delivery),
    )
