"""Stores with as many people on the list as a figure is measured against."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from optout import settings
from optout.domain.enums import EvidenceKind, Intent, Party, ScopeKind
from optout.domain.model import Consent, Evidence, Scope
from optout.service import now_utc
from optout.store.sqlite.schema import consent_row, evidence_row
from optout.store.sqlite.store import SqliteStore

SENDER, LIST = "12345", "contoso-alerts"
PERSON, ID = "+12000000000", 36 * "0"


def listed(index: int) -> str:
    """Somebody who is on the list."""
    return f"+1{2_000_000_000 + 10 * index}"


def stranger(index: int) -> str:
    """Somebody who is not; nine of them stand between two who are."""
    return f"+1{2_000_000_001 + index + index // 9}"


class Strangers:
    """Recipients who have not written yet, anywhere between those on a list."""

    def __init__(self, size: int) -> None:
        self._indexes = iter(random.Random(1).sample(range(9 * size), min(9 * size, 100_000)))

    def take(self, count: int) -> list[str]:
        return [stranger(next(self._indexes)) for _ in range(count)]


def filled(path: Path, people: int) -> Path:
    """A file in which so many people are out of the short code and its list, with the evidence.

    A process of its own fills it: what that takes is not what is measured.
    """
    subprocess.run(
        [sys.executable, "-m", "bench.stores", str(path), str(people)], check=True, cwd=settings.ROOT
    )
    return path


def main(path: Path, people: int) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")
    connection.execute("BEGIN")
    for table, row in _rows_of_one():
        connection.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", _of_everybody(row, people)
        )
    connection.execute(
        "INSERT INTO standing SELECT recipient, row_number() OVER () FROM evidence ORDER BY recipient"
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _rows_of_one() -> Iterator[tuple[str, Sequence[object]]]:
    now = now_utc()
    scopes = (Scope(ScopeKind.SENDER, SENDER), Scope(ScopeKind.LIST, LIST))
    yield (
        "evidence",
        evidence_row(
            Evidence(
                id=ID,
                number=1,
                kind=EvidenceKind.IMPORT,
                recipient=PERSON,
                at=now,
                received_at=now,
                sender=SENDER,
                list=LIST,
                scopes=scopes,
                intent=Intent.STOP,
                actor="bench",
                reason="from another list",
            )
        ),
    )
    out = Consent(True, now, now, EvidenceKind.IMPORT, "STOP", Party.SERVICE, ID)
    for scope in scopes:
        yield "consent", consent_row(scope, PERSON, out)


def _of_everybody(row: Sequence[object], people: int) -> Iterator[Sequence[object]]:
    """The row of one person for each, with ids as they are: in no order."""
    ids = random.Random(1)
    personal = [place for place, value in enumerate(row) if PERSON in str(value) or ID in str(value)]
    for index in range(people):
        number, id = listed(index), f"{ids.getrandbits(144):036x}"
        one = list(row)
        for place in personal:
            one[place] = str(row[place]).replace(PERSON, number).replace(ID, id)
        yield one


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
