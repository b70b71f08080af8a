"""Every address of the app, as callers know it: a change of host.json or of the table moves none."""

import json

from optout import settings
from optout.http import table

# Those of before the page of links, when the host had the prefix `api`: they stay.
BEFORE = """
POST /api/suppressions/check
POST /api/suppressions/report
GET /api/suppressions/{sender}/{recipient}
POST /api/suppressions/opt-out
POST /api/suppressions/opt-in
POST /api/suppressions/history
POST /api/suppressions/status
GET /api/suppressions
POST /api/suppressions/import
POST /api/suppressions/import-opt-ins
GET /api/export
GET /api/activity
GET /api/journal
GET /api/reviews
POST /api/reviews
GET /api/quarantine
POST /api/quarantine/replay
GET /api/changes
GET /api/senders
POST /api/doctor
GET /api/health
GET /api/openapi.json
GET /api/console
GET /api/console/{file}
"""
SINCE = """
POST /api/journal
POST /api/links
GET /o/{token}
HEAD /o/{token}
POST /o/{token}
"""


def test_every_address() -> None:
    """As the host serves them: its prefix and the route."""
    host = json.loads((settings.ROOT / "host.json").read_text("utf-8"))
    prefix = host["extensions"]["http"]["routePrefix"]
    rows = [(each.method.value, each.route) for each in (*table.OPERATIONS, *table.FILES)]
    rows += [(method, page.route) for page in table.PAGES for method in page.handlers]
    served = {f"{method} /{prefix}{route}" for method, route in rows}
    assert served == {*BEFORE.split("\n"), *SINCE.split("\n")} - {""}


def test_the_document_has_the_same() -> None:
    """Below its server, which is the app's own address."""
    document = table.description()
    (server,) = document["servers"]
    described = {
        f"{method.upper()} {server['url'].rstrip('/')}{path}"
        for path, item in document["paths"].items()
        for method in item
    }
    assert described == {*BEFORE.split("\n"), *SINCE.split("\n")} - {"", "HEAD /o/{token}"}
