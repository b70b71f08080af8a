"""text: text one of your senders as a phone would, and see what becomes of it."""

import argparse
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from optout import settings
from optout.cli import Commands, asking, values
from optout.cli.terminal import Colour, Screen
from optout.domain.errors import BadRequest, ConfigurationError
from optout.domain.nearest import did_you_mean

PERSON = "+14255550123"
# Where `optout serve` is, unless it is told otherwise.
HOST = "http://localhost:7071"
_LATE = timedelta(minutes=10)
# The answers of which ACS could say what became of them.
_SENT = ("sent", "printed", "unknown")


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "text",
        help="text one of your senders, as a phone would",
        description="Post the event that ACS publishes when a person texts one of your senders to the "
        "app on this machine, and show what became of it: what was understood, who answered, what the "
        "list says. A deployed app is refused: what nobody said does not belong into its evidence.",
        epilog="for example: optout text 12345 STOP --late 2h; optout text 12345 START --twice",
    )
    parser.add_argument("sender", metavar="SENDER", help="one of your numbers or short codes")
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what the person writes")
    parser.add_argument(
        "--from", dest="person", metavar="NUMBER", default=PERSON, help=f"who writes; default: {PERSON}"
    )
    time = parser.add_mutually_exclusive_group()
    time.add_argument(
        "--late", type=values.duration, nargs="?", const=_LATE, metavar="DURATION",
        help="it reaches the app so long after ACS received it: 90s, 2h; default: 10m",
    )  # fmt: skip
    time.add_argument(
        "--ahead", type=values.duration, metavar="DURATION", help="ACS's clock is ahead by so much"
    )
    time.add_argument("--undated", action="store_true", help="the event has no time at all")
    parser.add_argument(
        "--twice", action="store_true", help="Event Grid delivers the event a second time"
    )
    parser.add_argument(
        "--id", metavar="ID", help="the message's id; the same one again is the same message"
    )
    parser.add_argument(
        "--report", choices=("delivered", "failed", "blocked"),
        help="then a delivery report comes: delivered or failed, of the answer; or blocked, which says "
        "that the person has opted out of the sender elsewhere, and needs no TEXT",
    )  # fmt: skip
    parser.add_argument("--cloud-events", action="store_true", help="in the schema of CloudEvents 1.0")
    parser.add_argument("--json", action="store_true", help="print the evidence as one JSON document")
    parser.add_argument("--url", default=HOST, help=f"the app on this machine; default: {HOST}")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout.doctor.deployed import address_of

    if asked.text is None and asked.report != "blocked":
        raise BadRequest("write what the person texts: optout text SENDER TEXT")
    if not address_of(asked.url)[1]:
        raise ConfigurationError(
            "--url: text is for an app on this machine, http://localhost and a port. To try a deployed "
            "app, text its number from a phone"
        )
    with asking.over_http(asked.url, None, "support") as app:
        # As the app reads it, by the countries of its programs.
        asked.person = app.ask("history", {"recipient": asked.person, "limit": 1})["recipient"]
        found = _texted(asked, app)
        question = {"recipients": [asked.person], "allow_unconfigured": True}
        answer = app.ask("check_suppressions", {"sender": asked.sender, **question})
        meant = "" if answer["configured"] else _meant(asked.sender, app)
    if asked.json:
        print(json.dumps({"items": found, "check": answer["results"][0]}, indent=2))
    else:
        _print(asked, found, answer, meant)
    return 0 if found else 1


def _texted(asked: argparse.Namespace, app: asking.RunningApp) -> list[dict[str, Any]]:
    """What is recorded once everything was delivered that is asked for."""
    found: list[dict[str, Any]] = []
    message_id = asked.id or f"trial-{uuid4()}"
    if asked.text is not None:
        event = _message(asked, message_id)
        for _ in range(1 + asked.twice):
            app.deliver(event)
        found = _evidence(app, asked.person, {message_id})
    if asked.report:
        report_id = f"trial-{uuid4()}"
        app.deliver(_report(asked, found, report_id))
        found = _evidence(app, asked.person, {message_id, report_id})
    return found


def _message(asked: argparse.Namespace, message_id: str) -> dict[str, Any]:
    from optout import trial_events
    from optout.service import now_utc

    now = now_utc()
    at = None if asked.undated else now - (asked.late or timedelta()) + (asked.ahead or timedelta())
    return _as_asked(
        asked,
        trial_events.received(
            asked.sender, asked.person, asked.text, message_id=message_id, at=at, now=now
        ),
    )


def _report(asked: argparse.Namespace, found: list[dict[str, Any]], identifier: str) -> dict[str, Any]:
    from optout import trial_events
    from optout.operations.reply_delivery import REPLY_TAG
    from optout.service import now_utc

    is_of_answer = asked.report != "blocked"
    if is_of_answer and not any((each["reply"] or {}).get("status") in _SENT for each in found):
        raise BadRequest("--report: nobody was answered, so there is no delivery to report")
    return _as_asked(
        asked,
        trial_events.reported(
            asked.sender,
            asked.person,
            asked.report,
            message_id=identifier,
            tag=REPLY_TAG + found[0]["id"] if is_of_answer else None,
            at=now_utc(),
        ),
    )


def _as_asked(asked: argparse.Namespace, event: dict[str, Any]) -> dict[str, Any]:
    from optout import trial_events

    settings.adopt_local_settings()
    source = settings.load().event_source
    event = event | ({"topic": source} if source else {})
    return trial_events.as_cloud_event(event) if asked.cloud_events else event


def _evidence(app: asking.App, person: str, ids: set[str]) -> list[dict[str, Any]]:
    """What is recorded of some messages: one piece each, however often it was delivered."""
    told = app.ask("history", {"recipient": person, "limit": 100})
    return [each for each in reversed(told["items"]) if each["message_id"] in ids]


def _meant(sender: str, app: asking.App) -> str:
    known = [each["sender"] for each in app.ask("list_senders")["items"]]
    return f"no program names the sender {sender}{did_you_mean(sender, known)}"


def _print(
    asked: argparse.Namespace, found: list[dict[str, Any]], answer: dict[str, Any], meant: str
) -> None:
    from optout import story

    screen = Screen()
    if asked.text is not None:
        screen.line(f"{asked.person} → {asked.sender}: {asked.text}", Colour.STRONG)
    for each in found:
        for line in story.lines(each):  # type: ignore[arg-type]
            screen.line(line)
    if not found:
        screen.line("  nothing is recorded of it: see the quarantine, at /api/console", Colour.BAD)
    if meant:
        screen.line(f"  {'note':12}{meant}", Colour.WARNING)
    if asked.twice and len(found) == 1:
        screen.line("  twice       delivered twice, recorded once")
    (result,) = answer["results"]
    colour = Colour.BAD if result["suppressed"] else Colour.GOOD
    screen.line(story.standing(answer["list"], result), colour)
