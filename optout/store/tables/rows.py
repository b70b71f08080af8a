"""What the tables hold: keys, and values as rows and back. Pure.

docs/architecture.md has the layout.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count, takewhile
from typing import Any

from optout.domain.enums import Activity, EvidenceKind, Intent, Party, ScopeKind
from optout.domain.model import Consent, Evidence, Quarantined, Scope
from optout.domain.times import aware
from optout.store import codec

Row = dict[str, Any]

# 16 partitions handle what an account handles: 20,000 a second are 1,250 each, of 2,000 possible.
BUCKETS = tuple(f"{number:02}" for number in range(16))

# A key may have 1 KiB, which is 512 characters; two long parts and a short one must fit.
_LONGEST_PART = 200
_HASH_PREFIX = 100
_LONGEST_KEY = 500
_LAST_NUMBER = 9_999_999_999
# A string property may have 64 KiB in UTF-16, a binary one 64 KiB.
_INLINE_BYTES = 30_000
_CHUNK_BYTES = 60_000

_LAST_MICROSECOND = 99_999_999_999_999_999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What begins the keys of the index, beside scopes, and those of the order of the quarantine.
JOURNAL, REVIEW, TEXT, CHANGE = "j", "r", "t", "ch"
ORDER = "o"

# In a recipient's partition consents come first, then evidence, the newest first: one range reads both.
CONSENTS = "RowKey ge 'c_' and RowKey lt 'c`'"
EVIDENCE = "RowKey ge 'e_' and RowKey lt 'e`'"
CONSENTS_AND_EVIDENCE = "RowKey ge 'c_' and RowKey lt 'e`'"


def key(*parts: str) -> str:
    """A key that Table Storage takes, whatever the parts are; different parts give different keys.

    It sorts numbers as they sort themselves. `_` only ever stands between parts.
    """
    return "_".join(map(_safe, parts))


def _safe(part: str) -> str:
    encoded = part.encode("utf-8", "surrogatepass")
    safe = re.sub(rb"[^A-Za-z0-9:-]", lambda match: b".%02X" % match[0][0], encoded).decode()
    if len(safe) <= _LONGEST_PART:
        return safe
    return f"{safe[:_HASH_PREFIX]}~{sha256(encoded).hexdigest()}"


def recipient(partition_key: str) -> str | None:
    """The recipient whose partition it is; None where the key says only a part and a hash of it."""
    if "~" in partition_key:
        return None
    plain = re.sub(
        rb"\.([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), partition_key.encode()
    )
    return plain.decode("utf-8", "surrogatepass")


def cursor(kind: str, row: Mapping[str, Any]) -> str:
    """The place of a row among those of its kind: its key, which is safe as it is, without the kind."""
    return str(row["RowKey"]).removeprefix(f"{kind}_")


def place(kind: str, cursor: str | None) -> str:
    """The key that a cursor stands for; without one, what comes before all keys of the kind.

    What no key has becomes what sorts first, so that a cursor of an older version skips nothing.
    """
    return f"{kind}_{re.sub('[^A-Za-z0-9:._~-]', '-', cursor or '')}"[:_LONGEST_KEY]


def below(prefix: str) -> str:
    """A condition for the rows whose keys begin with parts."""
    return f"RowKey ge '{prefix}_' and RowKey lt '{prefix}`'"


def partition(name: str) -> str:
    """A condition for one partition."""
    return f"PartitionKey eq '{name}'"


def of(recipient: str, condition: str) -> str:
    """A condition for rows of one recipient."""
    return f"{partition(key(recipient))} and {condition}"


def bucket(text: str) -> str:
    """The bucket of a recipient or an event, the same in every process."""
    return BUCKETS[sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % len(BUCKETS)]


def keys(partition_key: str, row_key: str) -> Row:
    """What names a row."""
    return {"PartitionKey": partition_key, "RowKey": row_key}


# Which rules the consents were computed by, and which life of the store this is; no recipient is called
# that.
RULES = keys("rules", "version")
GENERATION = keys("generation", "number")
# While a restore goes on: of which copy.
RESTORE = keys("restore", "copy")
# What somebody writes who only asks whether that is possible.
TRIAL = keys("doctor", "row")
# Asked for where any answer will do.
NO_ROW = keys("nothing", "nothing")


def number_key(number: int) -> str:
    """The row of a piece of evidence: the newest sorts first."""
    return f"e_{_LAST_NUMBER - number:010}"


def number(row: Mapping[str, Any]) -> int:
    """The number of a row of evidence."""
    return _LAST_NUMBER - int(row["RowKey"].removeprefix("e_"))


def is_evidence(row: Mapping[str, Any]) -> bool:
    return bool(row["RowKey"].startswith("e_"))


def id_key(evidence_id: str) -> str:
    """The row that makes a second record of the same message conflict."""
    return key("i", evidence_id)


def consent_key(scope: Scope) -> str:
    return key("c", str(scope))


def evidence_row(evidence: Evidence) -> Row:
    return {
        "PartitionKey": key(evidence.recipient),
        "RowKey": number_key(evidence.number),
        "id": evidence.id,
        "sender": evidence.sender or "",
        "received_at": codec.stamp(evidence.received_at),
        "is_keyword": evidence.is_keyword,
        "unannounced": evidence.is_announcement_pending,
        **_packed(codec.dump(evidence)),
    }


def evidence(row: Mapping[str, Any]) -> Evidence:
    return codec.load(_unpacked(row))


def id_row(evidence: Evidence) -> Row:
    return {
        "PartitionKey": key(evidence.recipient),
        "RowKey": id_key(evidence.id),
        "number": str(evidence.number),
    }


def consent_row(scope: Scope, recipient: str, consent: Consent) -> Row:
    row = {
        "PartitionKey": key(recipient),
        "RowKey": consent_key(scope),
        "scope": _short(str(scope)),
        "is_out": consent.out,
        "since": codec.stamp(consent.since),
        "at": codec.stamp(consent.at),
        "source": str(consent.source),
        "blocked_by": str(consent.blocked_by),
        "evidence_id": consent.evidence_id,
    }
    return row if consent.keyword is None else {**row, "keyword": consent.keyword}


def consents(found: Iterable[Mapping[str, Any]]) -> dict[Scope, Consent]:
    """The consents of one recipient's rows, by their scopes."""
    return {_scope(row["scope"]): consent(row) for row in found}


def _scope(text: str) -> Scope:
    kind, _, name = text.partition(":")
    return Scope(ScopeKind(kind), name)


def consent(row: Mapping[str, Any]) -> Consent:
    return Consent(
        out=row["is_out"],
        since=codec.moment(row["since"]),
        at=codec.moment(row["at"]),
        source=EvidenceKind(row["source"]),
        keyword=row.get("keyword"),
        blocked_by=Party(row["blocked_by"]),
        evidence_id=row["evidence_id"],
    )


def scope_row(scope: Scope, recipient: str) -> Row:
    """The row that says that a recipient may be out of a scope."""
    return {
        "PartitionKey": bucket(recipient),
        "RowKey": key(str(scope), recipient),
        "recipient": recipient,
    }


def change_row(recipient: str, at: datetime) -> Row:
    """The row that says that a recipient's consents may change now, by the account's time."""
    return {
        "PartitionKey": bucket(recipient),
        "RowKey": key(CHANGE, codec.stamp(at), recipient),
        "recipient": recipient,
    }


def evidence_index_rows(evidence: Evidence) -> list[Row]:
    """What finds evidence across recipients: all by time, those for review, texts to be forgotten.

    Each row stands for one attempt at writing: its time, id and number, of which only one row can be
    what was written. No attempt takes the row of another.
    """
    stamp = codec.stamp(evidence.received_at)
    attempt = key(evidence.id, str(evidence.number))
    names = []
    if evidence.activity is not None:
        names.append(f"{journal_key(evidence.received_at)}_{attempt}")
    if evidence.is_for_review:
        names += [f"{key(REVIEW, stamp)}_{attempt}", review_id_key(evidence.id)]
    if evidence.has_forgettable_text:
        names.append(f"{key(TEXT, stamp)}_{attempt}")
    row = {
        "PartitionKey": bucket(evidence.recipient),
        "recipient": evidence.recipient,
        "id": evidence.id,
        "number": str(evidence.number),
        "received_at": stamp,
        "sender": evidence.sender or "",
        "activity": _counted_as(evidence),
    }
    return [row | {"RowKey": name} for name in names]


def _counted_as(evidence: Evidence) -> str:
    """What the counts take an attempt for. What asks for something and changes nothing is no message
    like any other: another attempt at it may have found something to change."""
    may_count = evidence.activity is Activity.OTHER and evidence.intent is not Intent.NONE
    return "" if may_count else str(evidence.activity or "")


def journal_key(received_at: datetime) -> str:
    """What begins the rows of a time in the journal: the newest sort first."""
    return key(JOURNAL, f"{_LAST_MICROSECOND - _microsecond(received_at):017}")


def review_id_key(evidence_id: str) -> str:
    return key("ri", evidence_id)


def _microsecond(moment: datetime) -> int:
    return (aware(moment) - _EPOCH) // timedelta(microseconds=1)


def held_row(event: Quarantined) -> Row:
    return {
        "PartitionKey": bucket(event.id),
        "RowKey": id_key(event.id),
        "id": event.id,
        "received_at": codec.stamp(event.received_at),
        **_packed(event.body),
        **reason_property(event.reason),
    }


def reason_property(reason: str) -> Row:
    return {"reason": _short(reason)}


def held_order_row(event: Quarantined) -> Row:
    """The row that puts an event in the order of arrival."""
    return {
        "PartitionKey": bucket(event.id),
        "RowKey": key(ORDER, codec.stamp(event.received_at), event.id),
        "id": event.id,
        "received_at": codec.stamp(event.received_at),
    }


def quarantined(row: Mapping[str, Any]) -> Quarantined:
    return Quarantined(row["id"], codec.moment(row["received_at"]), row["reason"], _unpacked(row))


def _short(text: str) -> str:
    return text[: _INLINE_BYTES // 4]


def _packed(text: str) -> Row:
    """A text of any length: as it is where a property surely takes it, else compressed, in several."""
    data = text.encode()
    if len(data) <= _INLINE_BYTES and text.isprintable():
        return {"body": text}
    data = zlib.compress(data)
    return {
        f"packed{number}": data[start : start + _CHUNK_BYTES]
        for number, start in enumerate(range(0, len(data), _CHUNK_BYTES))
    }


def _unpacked(row: Mapping[str, Any]) -> str:
    if "body" in row:
        return str(row["body"])
    names = takewhile(row.__contains__, map("packed{}".format, count()))
    return zlib.decompress(b"".join(row[name] for name in names)).decode()
