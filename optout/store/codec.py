"""Evidence, its parts that move on, and times as text, the same for every store."""

from datetime import datetime

from pydantic import TypeAdapter

from optout.domain.model import Announcement, Evidence, Reply
from optout.domain.times import aware

_EVIDENCE = TypeAdapter(Evidence)
_REPLY = TypeAdapter(Reply)
_ANNOUNCEMENT = TypeAdapter(Announcement)


def dump(evidence: Evidence) -> str:
    """Evidence as JSON, without what it has nothing to say about."""
    return _EVIDENCE.dump_json(evidence, exclude_defaults=True).decode()


def dump_reply(reply: Reply) -> str:
    """A reply as it stands in the JSON of its evidence."""
    return _REPLY.dump_json(reply, exclude_defaults=True).decode()


def dump_announcement(announcement: Announcement) -> str:
    """An announcement as it stands in the JSON of its evidence."""
    return _ANNOUNCEMENT.dump_json(announcement, exclude_defaults=True).decode()


def load(text: str) -> Evidence:
    """Evidence from its JSON."""
    return _EVIDENCE.validate_json(text)


def stamp(moment: datetime) -> str:
    """A time as text that sorts as the times do: UTC, always six fraction digits."""
    return aware(moment).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The time of a stamp."""
    return datetime.fromisoformat(text)
