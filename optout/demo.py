"""A conversation with Contoso's programs, played through the real path of events.

It uses its own store in a temporary folder and sends nothing: it prints what a phone would show.
"""

import io
import json
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta

from optout import service
from optout.azure.sms import PrintedReplies
from optout.domain.enums import Effect, Party
from optout.domain.model import Evidence
from optout.operations.check import CheckResult
from optout.programs.directory import Sender
from optout.service import Service, now_utc
from optout.settings import Settings

PERSON = "+14255550123"
# Who got a message from a sender that nobody can answer.
READER, ONE_WAY = "+447700900123", "contoso"
# (sender, what the person writes): each type of number, with its peculiarities.
CONVERSATION = (
    ("12345", "Hi, is this Contoso?"),
    ("12345", "HELP"),
    ("12345", "Stop."),
    ("+14255550100", "weekend plans?"),
    ("12345", "START"),
    ("+18335550100", "STOP"),
    ("12345", "start"),
    ("+18335550100", "UNSTOP"),
    ("+14255550100", "opt-out"),
    ("54321", "“UNSUBSCRIBE”"),
    ("54321", "START"),
    ("55555", "Arrêt"),
    ("55555", "AIDE"),
    ("78787", "STOP ALL"),
    ("99999", "STOP"),
)


def play(show: Callable[[str], None]) -> None:
    """Play the conversation, a block of lines for each message."""
    with tempfile.TemporaryDirectory() as folder:
        configured = Settings(store=f"sqlite:{folder}/demo.db", cache_seconds=0)
        played = service.build(configured, PrintedReplies(output=io.StringIO()))
        start = now_utc() - timedelta(minutes=1)
        for number, (to, text) in enumerate(CONVERSATION):
            sender = played.directory.sender(to)
            played.events.handle(_event(number, to, text, start + timedelta(seconds=number)))
            (evidence,) = played.store.history(PERSON, 1, None).items
            show(_block(sender, evidence, played.checks.answers(sender, [PERSON])[PERSON]))
        show(_tapped(played))
        played.close()


def _tapped(played: Service) -> str:
    """Somebody opens the link of a message that nobody can answer, and taps on the button."""
    sender = played.directory.sender(ONE_WAY)
    (made,) = played.links.make(sender, [READER])
    url = made.url or ""
    link = played.links.follow(url.rpartition("/")[2])
    if link is None:
        raise AssertionError("no link was made")
    evidence = played.links.tap(link)
    return "\n".join(
        (
            f"{READER} taps {url} in a message from {sender.name} ({_kind(sender)})",
            f"  understood  {evidence.intent}, by {evidence.rule}: {evidence.effect}",
            f"  answer      {_answered(evidence)}: the page says that it is done",
            f"  list        {sender.list}: suppressed",
            "",
        )
    )


def _event(number: int, to: str, text: str, at: datetime) -> str:
    """An event as Azure Communication Services publishes it."""
    return json.dumps(
        {
            "id": f"demo-{number}",
            "topic": "demo",
            "subject": f"/phonenumber/{to}",
            "eventType": "Microsoft.Communication.SMSReceived",
            "dataVersion": "1.0",
            "metadataVersion": "1",
            "eventTime": at.isoformat(),
            "data": {
                "messageId": f"demo-{number}",
                "from": PERSON,
                "to": to,
                "message": text,
                "receivedTimestamp": at.isoformat(),
                "segmentCount": 1,
            },
        }
    )


def _block(sender: Sender, evidence: Evidence, answer: CheckResult) -> str:
    understood = f"{evidence.intent}, by {evidence.rule}" if evidence.rule else "no keyword"
    effect = "changes nothing" if evidence.effect is Effect.NONE else evidence.effect
    lists = f"suppressed, scope {answer.scope}, blocked by {answer.blocked_by}"
    return "\n".join(
        (
            f"{PERSON} → {sender.name} ({_kind(sender)}): {evidence.text}",
            f"  understood  {understood}: {effect}",
            f"  answer      {_answered(evidence)}",
            f"  list        {sender.list}: {lists if answer.suppressed else 'may be texted'}",
            "",
        )
    )


def _kind(sender: Sender) -> str:
    kind = str(sender.number_type).replace("_", " ")
    where = f" {sender.country}" if sender.country else ""
    if not sender.configured:
        return f"{kind}, not in the program file"
    return f"{kind}{where}, opt-out managed by {sender.managed_by}"


def _answered(evidence: Evidence) -> str:
    reply = evidence.reply
    if reply is None or reply.answered_by is Party.NOBODY:
        return "nobody"
    return f"{reply.answered_by} ({reply.status}): {reply.text}"
