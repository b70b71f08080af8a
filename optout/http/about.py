"""The service about itself: its health and its description."""

import json
from functools import lru_cache
from importlib import resources
from typing import Any

from optout import __version__
from optout.http.exchange import Request
from optout.service import Service


def health(request: Request, service: Service) -> Any:
    """GET /api/health"""
    service.store.check()
    return {"status": "ok", "version": __version__}


def openapi(request: Request, service: Service) -> Any:
    """GET /api/openapi.json"""
    return _openapi()


@lru_cache(maxsize=1)
def _openapi() -> Any:
    return json.loads(resources.files("optout.http").joinpath("openapi.json").read_text("utf-8"))
