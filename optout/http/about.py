"""What the service says about itself: its health and its description."""

from typing import Annotated, Any, Literal

from pydantic import Field

from optout import __version__
from optout.http.exchange import Request
from optout.operations.shapes import Shape
from optout.service import Service


class Health(Shape):
    """The store answers."""

    status: Literal["ok"]
    version: str


Description = Annotated[dict[str, Any], Field(description="OpenAPI 3.1")]

HEALTHY = {"status": "ok", "version": __version__}
DESCRIBED = {"openapi": "3.1.0"}


def health(request: Request, service: Service) -> Health:
    """Whether the store answers, as of a few seconds ago."""
    service.health.check()
    return {"status": "ok", "version": __version__}
