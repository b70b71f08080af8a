"""A stub Functions host: Microsoft's real Python runtime, invoked from plain synchronous tests.

The worker process runs `azure-functions-runtime`, which indexes the app, decodes bindings and
invokes functions as it does in Azure. Only the host is a stand-in: routing, the Event Grid
webhook, messages of a queue, and the gRPC stream between the two. Not modelled: keys and
authorization levels, host.json (routePrefix, functionTimeout, queues), retries, polling and poison
queues, route constraints, and the rewriting of dates that the host's JSON library does to an event
on its way through.
"""

from .answers import Answer
from .host import FunctionsRuntime
from .process import LogRecord, WorkerError

__all__ = ["Answer", "FunctionsRuntime", "LogRecord", "WorkerError"]
