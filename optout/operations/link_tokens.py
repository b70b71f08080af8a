"""Tokens of links: sealed so that nobody reads or makes one without a key.

AES-SIV (RFC 5297, by the package `cryptography`) is deterministic and needs no nonce: the same person
and sender always have the same link, a campaign of a million writes nothing, and 16 of a token's bytes
prove that a key made it. A token is base64url, which stays in the alphabet of SMS, in one spelling.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from optout.domain.link_content import ATTEMPTS, LinkContent, NotALink, pack, unpack
from optout.domain.link_keys import LinkKey

# The 16 bytes of the seal and 9 to 17 of content; no text of whole bytes has 4n + 1 characters.
_TOKEN = re.compile(r"(?:[A-Za-z0-9_-]{4}){8,11}|(?:[A-Za-z0-9_-]{4}){8,10}[A-Za-z0-9_-]{2,3}")
# Seals are for this use alone: a key that makes something else, too, makes no links by it.
_USE = [b"optout link 1"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token says, and the name of the key that made it."""

    content: LinkContent
    key: str


class Tokens:
    """Makes tokens by the first key and reads those of all; safe to share between threads."""

    def __init__(self, keys: Sequence[LinkKey]) -> None:
        self._ciphers = [(key.name, AESSIV(key.secret)) for key in keys]

    def seal(self, content: LinkContent) -> str:
        """The token of a link, always the same. Raises NotALink for what does not fit, IndexError
        without a key.

        None ends in "-", but one in 64 ** ATTEMPTS: where text follows, Android's Patterns.WEB_URL
        takes that for no part of an address, and opens a link that is cut.
        """
        token = ""
        for attempt in range(ATTEMPTS):
            sealed = self._ciphers[0][1].encrypt(pack(replace(content, attempt=attempt)), _USE)
            token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
            if not token.endswith("-"):
                break
        return token

    def open(self, token: str) -> Opened | None:
        """What a token says; None for one that no key of today has made, in exactly this spelling."""
        if not _TOKEN.fullmatch(token):
            return None
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        # The last character has bits to spare: others would be read as the same.
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != token:
            return None
        for name, cipher in self._ciphers:
            try:
                return Opened(unpack(cipher.decrypt(sealed, _USE)), name)
            except (InvalidTag, NotALink):
                continue
        return None
