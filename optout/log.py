"""Log lines: one JSON object each, with people's numbers masked and never a message's text."""

import json
import logging
import re

from optout.domain import numbers
from optout.domain.model import Evidence, Unfinished

_CODE = re.compile(r"[0-9]{3,4}\b|[A-Za-z]+\b")

# They log the address of every request, and many name a person; so do the warnings of urllib3.
_TALKATIVE = {"azure": logging.WARNING, "msal": logging.WARNING, "urllib3": logging.ERROR}

logger = logging.getLogger("optout")


def quiet_sdks() -> None:
    """Keep the SDKs from logging people's numbers, whatever the level of the root."""
    for name, level in _TALKATIVE.items():
        logging.getLogger(name).setLevel(level)


def info(event: str, evidence: Evidence | None = None, **fields: object) -> None:
    """Log what went as it should: the event's name, the evidence it is about, and what else there is
    to say, without empty fields."""
    logger.info(_line(event, evidence, fields))


def warning(event: str, evidence: Evidence | None = None, **fields: object) -> None:
    """Log what somebody should look at before long."""
    logger.warning(_line(event, evidence, fields))


def error(event: str, evidence: Evidence | None = None, **fields: object) -> None:
    """Log what went wrong but is not lost."""
    logger.error(_line(event, evidence, fields))


def critical(event: str, **fields: object) -> None:
    """Log what somebody must look at now."""
    logger.critical(_line(event, None, fields))


def exception(event: str, **fields: object) -> None:
    """Log an internal error, with its traceback."""
    logger.exception(_line(event, None, fields))


def stop_not_recorded(evidence_id: str | None, problem: Exception) -> None:
    """Log the worst case as critical, under a name of its own, so that an alert can be set on it.

    The event comes again, or waits in quarantine; whoever is alerted makes sure that it gets through.
    """
    critical("stop_not_recorded", id=evidence_id, problem=str(problem))


def gave_up(work: Unfinished, problem: object) -> None:
    """Log as critical, under a name of its own for an alert, that what is pending will not be tried
    again by itself: a reply that nobody got, or an announcement that nobody heard."""
    critical(
        "gave_up", id=work.evidence_id, recipient=numbers.mask(work.recipient), problem=str(problem)
    )


def code(text: str | None) -> str | None:
    """The status, delivery code or exception that an error begins with: the rest is somebody else's
    free text and may name a number. The history keeps it whole."""
    found = _CODE.match(text or "")
    return found[0] if found else None


def _line(event: str, evidence: Evidence | None, fields: dict[str, object]) -> str:
    said = {} if evidence is None else _about(evidence)
    said |= fields
    return json.dumps(
        {
            "event": event,
            **{name: value for name, value in said.items() if value not in (None, (), "")},
        },
        default=str,
    )


def _about(evidence: Evidence) -> dict[str, object]:
    reply = evidence.reply
    return {
        "id": evidence.id,
        "kind": evidence.kind,
        "sender": evidence.sender,
        "list": evidence.list,
        "recipient": numbers.mask(evidence.recipient),
        "intent": evidence.intent,
        "rule": evidence.rule,
        "effect": evidence.effect,
        "flags": evidence.flags,
        "answered_by": reply and reply.answered_by,
        "reply": reply and reply.status,
        "reply_error": reply and code(reply.error),
    }
