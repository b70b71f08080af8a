"""A guarded send against SmsClient alone, over loopback: what asking before each request costs."""

import secrets
import sys
import tempfile
from pathlib import Path

from azure.communication.sms import SmsClient
from azure.core.credentials import AzureKeyCredential

from bench.measure import Figure, at_most, paired, seconds
from optout import settings
from tests.support.acs import LoopbackAcs
from tests.support.client import environment, serving

sys.path.insert(0, str(settings.ROOT / "client/src"))

from optout_client import GuardedSmsClient, OptoutClient

ROUNDS = 60


def figures() -> list[Figure]:
    """A hundred recipients and one, nobody of whom has opted out."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(environment(Path(folder) / "optout.db")) as served,
        LoopbackAcs() as acs,
    ):
        key = AzureKeyCredential(secrets.token_urlsafe())
        optout = OptoutClient(f"http://127.0.0.1:{served.port}", key)
        sms = SmsClient(acs.endpoint, AzureKeyCredential(acs.key))
        return [
            _figure(sms, GuardedSmsClient(sms, optout), 100, 1.6),
            _figure(sms, GuardedSmsClient(sms, optout), 1, 2),
        ]


def _figure(sms: SmsClient, guarded: GuardedSmsClient, count: int, ceiling: float) -> Figure:
    people = [f"+1425{5_000_000 + number}" for number in range(count)]
    ours, theirs = paired(
        lambda: seconds(lambda: guarded.send("12345", people, "Hi")),
        lambda: seconds(lambda: sms.send("12345", people, "Hi")),  # type: ignore[misc]
        ROUNDS,
    )
    return at_most(
        f"a guarded send to {count}",
        f"{ours * 1000:.1f} ms, {(ours - theirs) * 1000:.1f} more",
        ours / theirs,
        ceiling,
    )
