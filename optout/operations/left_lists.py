"""Lists that people are on and no sender is any more: renamed, most likely, and nobody said so."""

from optout.programs.directory import Directory
from optout.programs.findings import Finding
from optout.store.protocol import Store


def lists_without_sender(directory: Directory, store: Store) -> list[Finding]:
    """What a store says about a program file. Raises StoreAway."""
    meant = directory.lists.union(*directory.formerly.values())
    return [
        Finding(
            f'list "{name}"',
            "list_without_sender",
            "people are on it, and no sender of the program file is",
            f'If it has another name now, add formerly = ["{name}"] to the program with that name: '
            "until then its people may be texted. If its program has ended, nothing is wrong.",
        )
        for name in store.list_names()
        if name not in meant and ":" not in name  # which the list of a sender without a program has
    ]
