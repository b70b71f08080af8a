"""Ids derived from what they name: the same whoever derives them, and safe as a key anywhere."""

from hashlib import sha1, sha256
from uuid import NAMESPACE_URL, uuid5

from optout.domain.enums import EvidenceKind

_NAMESPACE = sha1(uuid5(NAMESPACE_URL, "urn:optout:evidence").bytes, usedforsecurity=False)


def derived_id(name: str) -> str:
    """`uuid5` in a namespace of our own, in a third of its time: an import asks for a million."""
    hashed = _NAMESPACE.copy()
    hashed.update(name.encode())
    digits = hashed.hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def evidence_id(kind: EvidenceKind, message_id: str, recipient: str) -> str:
    """The same id for every delivery of the same message: derived, and safe as a key anywhere."""
    return derived_id(f"{kind}\n{message_id}\n{recipient}")


def change_id(operation: str, key: str, recipient: str) -> str:
    """The id of the one change of a recipient that a caller knows by a key of its own."""
    return evidence_id(EvidenceKind.MANUAL, f"{operation}\n{key}", recipient)


def fingerprint(*said: str | None) -> str:
    """What tells whether the same is said again, without saying it."""
    return sha256(repr(said).encode()).hexdigest()


def verdict_id(evidence: str, recipient: str) -> str:
    """The id of the one verdict on a probable request."""
    return evidence_id(EvidenceKind.MANUAL, f"verdict\n{evidence}", recipient)


def announcement_id(recipient: str, version: int) -> str:
    """The id of the announcement of a standing, the same however often it is published."""
    return derived_id(f"standing\n{recipient}\n{version}")


def reply_send_id(evidence: str) -> str:
    """The repeatability id of the reply to a piece of evidence."""
    return derived_id(f"reply\n{evidence}")
