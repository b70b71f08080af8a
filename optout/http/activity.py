"""What happened, to everybody: counts by day and sender, and the newest of it."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from optout.domain.enums import Activity
from optout.http import history
from optout.http.exchange import Body, Request, decoded, encoded, queried
from optout.http.values import PageQuery, shown
from optout.service import Service, now_utc

MOST_DAYS = 366


class ActivityQuery(Body):
    """How far back?"""

    days: int = Field(30, ge=1, le=MOST_DAYS)


def counts(request: Request, service: Service) -> Any:
    """GET /api/activity"""
    query = queried(ActivityQuery, request)
    now = now_utc()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=query.days - 1)
    days: dict[tuple[str, str | None], dict[str, int]] = {}
    for count in service.store.counts(since):
        by_activity = days.setdefault((count.day.isoformat(), count.sender), {})
        by_activity[count.activity] = count.times
    return {
        "from": shown(since),
        "to": shown(now),
        "counts": [
            {
                "day": day,
                "sender": sender,
                **{
                    str(activity): by_activity.get(activity, 0)
                    for activity in Activity
                    if activity is not Activity.OTHER
                },
            }
            for (day, sender), by_activity in days.items()
        ],
    }


def journal(request: Request, service: Service) -> Any:
    """GET /api/journal"""
    query = queried(PageQuery, request)
    page = service.store.journal(query.limit, decoded(query.cursor))
    return {"items": list(map(history.item_of_anybody, page.items)), "cursor": encoded(page.after)}
