"""What the running app finds about its own configuration, with its own identity."""

import threading

from optout import __version__
from optout.doctor.diagnosis import Condition
from optout.doctor.document import Examined, document
from optout.doctor.examination import examine
from optout.domain.errors import NotNow
from optout.http.exchange import Request

EXAMINED: Examined = {
    "version": __version__,
    "findings": [
        {"condition": Condition.OK, "subject": "settings", "says": "store tables", "remedy": ""},
        {
            "condition": Condition.WRONG,
            "subject": "store",
            "says": "the store cannot be opened (403 AuthorizationPermissionMismatch)",
            "remedy": "Give the identity the role Storage Table Data Contributor, and check that the "
            "network rules of the storage account let it in.",
        },
    ],
}

# Each examination asks every service: one at a time in each instance, whoever has the key.
_examining = threading.Lock()


def examine_itself(request: Request) -> Examined:
    """Whether the app's configuration can work, as the app itself finds it.

    Settings, program file, identity, store, ACS, topic and queue are checked from where the app runs,
    with its identity. Nobody is texted, nothing is published and nothing is queued; a test row is
    written to the store and removed. It takes half a minute at most. No finding contains a secret or a
    person's number. It answers 200 whatever it finds, also where nothing else of the app works.
    """
    if not _examining.acquire(blocking=False):
        raise NotNow("an examination is under way; ask again when it has ended")
    try:
        return document(examine())
    finally:
        _examining.release()
