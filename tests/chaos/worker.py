"""One worker: the app's own functions on a port, faults around its store, and notes of what it did."""

import logging
import os
import random
import sys
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import function_app
from optout import local, service, settings
from optout.azure import sms
from optout.store.protocol import Store
from tests.chaos.broken import BROKEN
from tests.chaos.faults import READ_SECONDS, FaultyStore, Rates, Witness, WitnessedReplies
from tests.chaos.shared import Log, SharedClock
from tests.chaos.table_faults import TableFaults
from tests.support.places import Place


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


def work(job: Job, ready: "Connection[int, Any]") -> None:
    """Serve until killed; the port goes to `ready`."""
    try:
        logging.getLogger("optout").setLevel(logging.CRITICAL + 1)
        if job.broken:
            BROKEN[job.broken]()
        service._current = _service(job)
        listening = local.server(local.LocalHost(function_app.app), 0)
        ready.send(listening.port)
        listening.serve_forever()
    except BaseException:
        (job.folder / f"worker-{job.number}-{job.life}.txt").write_text(traceback.format_exc())
        sys.stdout.flush()
        os._exit(1)


def _service(job: Job) -> service.Service:
    """The service as it is built for the settings, with this campaign's clock, store and witness."""
    sms.READ_SECONDS = READ_SECONDS  # type: ignore[assignment]
    clock = SharedClock(job.folder / "clock")
    log = Log(job.folder / "log")
    witness = Witness(log, clock)
    chance = random.Random(f"{job.seed}-{job.number}-{job.life}")
    opened = job.place.open(TableFaults(job.rates, chance, log))
    store = cast(Store, FaultyStore(opened, witness, job.rates, chance))
    service.open_store = lambda configured: store
    built = service.build(settings.load(job.environment))
    recorder = replace(built.recorder, clock=clock)
    delivery = replace(
        built.events.replies,
        sms=WitnessedReplies(built.events.replies.sms, witness),
        clock=clock,
    )
    handler = replace(built.events, recorder=recorder, replies=delivery, retention=None)
    return replace(built, recorder=recorder, events=handler)
