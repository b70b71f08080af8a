"""Log lines: one JSON object each, with people's numbers masked and never a message's text."""

import json
import logging

from optout import numbers
from optout.domain import Evidence

logger = logging.getLogger("optout")


def line(event: str, **fields: object) -> str:
    """One line: the event's name and what there is to say, without empty fields."""
    said = {name: value for name, value in fields.items() if value not in (None, (), "")}
    return json.dumps({"event": event, **said}, default=str)


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
        reply_error=evidence.reply and evidence.reply.error,
    )


def stop_not_recorded(evidence_id: str | None, problem: Exception) -> None:
    """The worst case, at critical and under a name of its own, so that an alert can be set on it.

    The event comes again, or waits in quarantine; whoever is alerted sees that it gets through.
    """
    logger.critical(line("stop_not_recorded", id=evidence_id, problem=str(problem)))
