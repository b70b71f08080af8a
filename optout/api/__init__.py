"""The HTTP operations: what each takes, does and answers, as JSON. A module for each subject.

The routes themselves are in function_app.py, what all operations share in http.py.
"""

from optout.api import (
    about,
    activity,
    console,
    history,
    lists,
    quarantine,
    reviews,
    senders,
    suppressions,
)

__all__ = [
    "about",
    "activity",
    "console",
    "history",
    "lists",
    "quarantine",
    "reviews",
    "senders",
    "suppressions",
]
