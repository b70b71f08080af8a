"""The keys that seal links, as a setting names them: `name:base64, name:base64`."""

import base64
import binascii
import re
from dataclasses import dataclass, field

KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
# It is never a secret, and tells in the history which key made a link.
_HOW = f"write NAME:BASE64, the base64 of {KEY_BYTES} random bytes, and a comma between two"


@dataclass(frozen=True, slots=True)
class LinkKey:
    """One key. The secret is in no text that is made of it."""

    name: str
    secret: bytes = field(repr=False)


def parse(text: str) -> tuple[LinkKey, ...]:
    """The keys of a setting, in its order: the first makes links, all read them.

    Raises ValueError with a sentence that names the entry and not its secret.
    """
    keys = tuple(_key(place, entry.strip()) for place, entry in enumerate(text.split(","), start=1))
    if len({key.name for key in keys}) < len(keys):
        raise ValueError("two keys have the same name: give each one of its own")
    if len({key.secret for key in keys}) < len(keys):
        raise ValueError("two keys have the same secret: make another one for the new name")
    return keys


def written(key: LinkKey) -> str:
    """A key as a setting has it."""
    return f"{key.name}:{base64.b64encode(key.secret).decode()}"


def _key(place: int, entry: str) -> LinkKey:
    name, separator, secret = entry.partition(":")
    if not separator or not _NAME.fullmatch(name):
        raise ValueError(f"entry {place} has no name: {_HOW}")
    try:
        # Both alphabets of base64 are about, and padding is lost on the way.
        plain = secret.strip().replace("-", "+").replace("_", "/").rstrip("=")
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the key {name} is not base64: {_HOW}") from None
    if len(found) != KEY_BYTES:
        raise ValueError(f"the key {name} has {len(found)} bytes and needs {KEY_BYTES}: {_HOW}")
    if len(set(found)) < 8:
        raise ValueError(f"the key {name} is not random: {_HOW}")
    return LinkKey(name, found)
