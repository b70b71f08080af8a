"""Rules broken on purpose, one at a time: the simulation must notice each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.simulate.broken import decisions, following, recording, sending
from tests.simulate.broken.patching import Patch

BROKEN: dict[str, Callable[[Patch], None]] = {
    rule.__name__: rule
    for module in (decisions, recording, sending, following)
    for rule in module.RULES
}
# What is a matter of one store alone.
ONLY_IN = {
    "stale_decision": "model",
    "consents_first": "model",
    "nothing_loaded": "model",
    "feed_up_to_now": "tables",
    "index_afterwards": "tables",
    "overwritten_rows": "tables",
}


@contextmanager
def broken(rule: str | None) -> Iterator[None]:
    """With one rule broken, or none."""
    with Patch.context() as patch:
        if rule is not None:
            BROKEN[rule](patch)
        yield
