"""Answers in gzip, where the caller takes it.

The Functions host on Linux does not compress by itself, and leaves alone what is compressed already
(azure-functions-host, pull request 10870). An operation says whether its answers may be:
docs/decisions.md has the reason.
"""

import gzip
import re
from dataclasses import replace
from http import HTTPStatus

from optout.http.exchange import Request, Response

# In bytes; a shorter answer fits a packet as it is.
SHORTEST = 1024
# Of 1 to 9. More would take twice the time to save a twentieth of the size.
_LEVEL = 1
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def compressed(request: Request, response: Response) -> Response:
    """A successful answer as the caller takes it. It always says on what that depends."""
    if response.status != HTTPStatus.OK:
        return response
    body = response.body if isinstance(response.body, bytes) else response.body.encode()
    headers = {**response.headers, "Vary": "Accept-Encoding"}
    if len(body) < SHORTEST or not takes_gzip(request.headers.get("accept-encoding", "")):
        return replace(response, headers=headers)
    return replace(
        response,
        body=gzip.compress(body, _LEVEL, mtime=0),
        headers={**headers, "Content-Encoding": "gzip"},
    )


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a caller takes gzip, and does not like the answer better as it is (RFC 9110, 12.5.3).
    Whoever says nothing, or what is not understood, does not take it."""
    weights = dict(map(_weighed, accept_encoding.lower().split(",")))
    gzip_weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip_weight > 0 and gzip_weight >= weights.get("identity", 0.0)


def _weighed(coding: str) -> tuple[str, float]:
    """A coding, and its weight from 0 to 1."""
    name, parted, weight = coding.partition(";")
    if not parted:
        return name.strip(), 1.0
    found = _WEIGHT.fullmatch(weight.strip())
    return name.strip(), float(found[1]) if found else 0.0
