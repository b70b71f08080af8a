"""The senders of the program file."""

from typing import Any

from optout.http.exchange import Request
from optout.service import Service


def listed(request: Request, service: Service) -> Any:
    """GET /api/senders"""
    return {
        "items": [
            {
                "sender": sender.name,
                "type": sender.number_type,
                "country": sender.country,
                "program": sender.program,
                "list": sender.list,
                "managed_by": sender.managed_by,
            }
            for sender in service.directory.senders.values()
        ]
    }
