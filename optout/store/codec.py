"""Evidence and times as text, the same for every store."""

from datetime import datetime

from pydantic import TypeAdapter

from optout.domain import Evidence, aware

_EVIDENCE = TypeAdapter(Evidence)


def dump(evidence: Evidence) -> str:
    """Evidence as JSON, without what it has nothing to say about."""
    return _EVIDENCE.dump_json(evidence, exclude_defaults=True).decode()


def load(text: str) -> Evidence:
    """Evidence from its JSON."""
    return _EVIDENCE.validate_json(text)


def stamp(moment: datetime) -> str:
    """A time as text that sorts as the times do: UTC, always six fraction digits."""
    return aware(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The time of a stamp."""
    return datetime.fromisoformat(text)
