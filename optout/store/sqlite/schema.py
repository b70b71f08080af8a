"""The tables of the SQLite store, and how values are written as rows and read from them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from optout.domain.enums import Activity, EvidenceKind, Party, ScopeKind
from optout.domain.model import Consent, Evidence, Quarantined, Scope
from optout.store import codec
from optout.store.protocol import Count

# Each entry upgrades a file by one version; PRAGMA user_version says how many it has had.
UPGRADES = (
    """
    CREATE TABLE evidence (
        recipient TEXT NOT NULL,
        number INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        sender TEXT,
        received_at TEXT NOT NULL,
        is_keyword INTEGER NOT NULL,
        announcement_pending INTEGER NOT NULL,
        has_forgettable_text INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (recipient, number)
    ) WITHOUT ROWID;
    CREATE INDEX evidence_unannounced ON evidence (recipient) WHERE announcement_pending;
    CREATE INDEX evidence_forgettable ON evidence (received_at) WHERE has_forgettable_text;
    CREATE TABLE consent (
        scope TEXT NOT NULL,
        recipient TEXT NOT NULL,
        is_out INTEGER NOT NULL,
        since TEXT NOT NULL,
        at TEXT NOT NULL,
        source TEXT NOT NULL,
        keyword TEXT,
        blocked_by TEXT NOT NULL,
        evidence_id TEXT NOT NULL,
        PRIMARY KEY (scope, recipient)
    ) WITHOUT ROWID;
    CREATE TABLE quarantine (
        id TEXT PRIMARY KEY,
        received_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        body TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE evidence ADD COLUMN activity TEXT;
    ALTER TABLE evidence ADD COLUMN review_pending INTEGER NOT NULL DEFAULT 0;
    UPDATE evidence SET activity = CASE
        WHEN json_extract(body, '$.kind') = 'import' THEN NULL
        WHEN json_extract(body, '$.effect') IN ('opted_out', 'opted_in')
            THEN json_extract(body, '$.effect')
        WHEN json_extract(body, '$.intent') = 'help' THEN 'help'
        ELSE 'other' END;
    UPDATE evidence SET review_pending = 1, body = json_set(body, '$.policy', 'suppress')
        WHERE json_extract(body, '$.certainty') = 'probable';
    CREATE INDEX evidence_journal ON evidence (received_at, activity, sender)
        WHERE activity IS NOT NULL;
    CREATE INDEX evidence_review ON evidence (received_at) WHERE review_pending;
    """,
    """
    CREATE TABLE generation (number INTEGER NOT NULL);
    INSERT INTO generation VALUES (1);
    CREATE TABLE rules (version INTEGER NOT NULL);
    INSERT INTO rules VALUES (1);
    """,
    """
    CREATE INDEX consent_recipient ON consent (recipient);
    CREATE TABLE standing (recipient TEXT PRIMARY KEY, change INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO standing
        SELECT recipient, row_number() OVER () FROM (SELECT DISTINCT recipient FROM consent);
    CREATE UNIQUE INDEX standing_change ON standing (change);
    ALTER TABLE evidence ADD COLUMN reply_pending INTEGER NOT NULL DEFAULT 0;
    UPDATE evidence SET reply_pending = 1 WHERE json_extract(body, '$.reply.status') = 'pending';
    DROP INDEX evidence_unannounced;
    CREATE INDEX evidence_pending ON evidence (received_at) WHERE reply_pending OR announcement_pending;
    """,
)

INSERT_EVIDENCE = "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# A change of somebody's consents, numbered in the order in which writers commit: they take turns.
NUMBER_CHANGE = """
    INSERT INTO standing SELECT ?, coalesce(max(change), 0) + 1 FROM standing WHERE true
    ON CONFLICT (recipient) DO UPDATE SET change = excluded.change
"""
REPLACE_CONSENT = "INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
# From one scope to the next by the primary key: as many steps as there are lists, however many people.
LIST_SCOPES = f"""
    WITH RECURSIVE found (scope) AS (
        SELECT min(scope) FROM consent WHERE scope > '{ScopeKind.LIST}:'
        UNION ALL
        SELECT (SELECT min(scope) FROM consent WHERE scope > found.scope) FROM found
        WHERE found.scope GLOB '{ScopeKind.LIST}:*'
    )
    SELECT scope FROM found WHERE scope GLOB '{ScopeKind.LIST}:*'
"""
CONSENT_COLUMNS = "scope, recipient, is_out, since, at, source, keyword, blocked_by, evidence_id"


def evidence_row(evidence: Evidence) -> tuple[object, ...]:
    return (
        evidence.recipient,
        evidence.number,
        evidence.id,
        evidence.sender,
        codec.stamp(evidence.received_at),
        evidence.is_keyword,
        evidence.is_announcement_pending,
        evidence.has_forgettable_text,
        codec.dump(evidence),
        evidence.activity,
        evidence.is_for_review,
        evidence.is_reply_pending,
    )


def consent_row(scope: Scope, recipient: str, consent: Consent) -> tuple[object, ...]:
    return (
        str(scope),
        recipient,
        consent.out,
        codec.stamp(consent.since),
        codec.stamp(consent.at),
        str(consent.source),
        consent.keyword,
        str(consent.blocked_by),
        consent.evidence_id,
    )


# A check of 10,000 recipients asks for as many: an enumeration would take longer than the query.
_KINDS = {str(kind): kind for kind in EvidenceKind}
_PARTIES = {str(party): party for party in Party}


def scope_of(text: str) -> Scope:
    """The scope that a text stands for."""
    kind, _, name = text.partition(":")
    return Scope(ScopeKind(kind), name)


def consent_of(row: Sequence[Any]) -> Consent:
    _, _, out, since, at, source, keyword, blocked_by, evidence_id = row
    return Consent(
        out=bool(out),
        since=codec.moment(since),
        at=codec.moment(at),
        source=_KINDS[source],
        keyword=keyword,
        blocked_by=_PARTIES[blocked_by],
        evidence_id=evidence_id,
    )


def count_of(row: Sequence[object]) -> Count:
    day, sender, activity, times = row
    return Count(
        date.fromisoformat(str(day)),
        None if sender is None else str(sender),
        Activity(str(activity)),
        int(str(times)),
    )


def quarantined_of(row: Sequence[str]) -> Quarantined:
    return Quarantined(row[0], codec.moment(row[1]), row[2], row[3])
