"""Log lines: one JSON object each, with people's numbers masked and never a message's text."""

import json
import logging
import re

from optout.domain import numbers
from optout.domain.model import Evidence

_CODE = re.compile(r"[0-9]{3,4}\b|[A-Za-z]+\b")

logger = logging.getLogger("optout")


def line(event: str, **fields: object) -> str:
    """One line: the event's name and what there is to say, without empty fields."""
    said = {name: value for name, value in fields.items() if value not in (None, (), "")}
    return json.dumps({"event": event, **said}, default=str)


def code(error: str | None) -> str | None:
    """The status, delivery code or exception that an error begins with: the rest is somebody else's
    free text and may name a number. The history keeps it whole."""
    found = _CODE.match(error or "")
    return found[0] if found else None


def evidence_line(event: str, evidence: Evidence) -> str:
    """A line about one piece of evidence."""
    return line(
        event,
        id=evidence.id,
        kind=evidence.kind,
        sender=evidence.sender,
        list=evidence.list,
        recipient=numbers.mask(evidence.recipient),
        intent=evidence.intent,
        rule=evidence.rule,
        effect=evidence.effect,
        flags=evidence.flags,
        answered_by=evidence.reply and evidence.reply.answered_by,
        reply=evidence.reply and evidence.reply.status,
        reply_error=evidence.reply and code(evidence.reply.error),
    )


def stop_not_recorded(evidence_id: str | None, problem: Exception) -> None:
    """The worst case, at critical and under a name of its own, so that an alert can be set on it.

    The event comes again, or waits in quarantine; whoever is alerted sees that it gets through.
    """
    logger.critical(line("stop_not_recorded", id=evidence_id, problem=str(problem)))
