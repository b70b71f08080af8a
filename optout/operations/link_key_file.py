"""The key of the links that a laptop makes: beside its store, made when the first link is."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from optout import files
from optout.domain.errors import ConfigurationError
from optout.domain.link_keys import KEY_BYTES, LinkKey, parse, written


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with keys, which nobody but its owner reads."""

    path: Path

    def read(self) -> tuple[LinkKey, ...]:
        """The keys; none where there is no file. Raises ConfigurationError for another's file."""
        try:
            return parse(self.path.read_text("utf-8").strip())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as problem:
            raise ConfigurationError(
                f"{self.path}: cannot be read as the key of links ({problem}). Restore it; without it "
                "the links that it made only show whom to call"
            ) from None

    def make(self) -> tuple[LinkKey, ...]:
        """The keys; a new one where there is no file. Of two processes that make one at once, the file
        has one's, and both have that."""
        new = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            files.create(new)
            new.write_text(written(LinkKey("local", secrets.token_bytes(KEY_BYTES))), "utf-8")
            with suppress(FileExistsError):
                self.path.hardlink_to(new)
        except OSError as problem:
            raise ConfigurationError(f"{self.path}: cannot be written ({problem})") from None
        finally:
            new.unlink(missing_ok=True)
        return self.read()
