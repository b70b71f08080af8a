"""What somebody hears of: alerts know the lines that are logged, and docs/deploy.md has all of them."""

import json
import re

from optout import settings
from optout.azure import backups
from tests.support.bicep import INFRA, TEMPLATES, resource, variable
from tests.support.world import NOON

DEPLOY = (settings.ROOT / "docs/deploy.md").read_text("utf-8")


def log_names() -> set[str]:
    """The names of all lines that the app logs."""
    sources = [path.read_text("utf-8") for path in (settings.ROOT / "optout").rglob("*.py")]
    call = r'\b(?:info|warning|error|critical|exception)\(\s*"(\w+)"'
    named = r'\b(?:log\.info\(\s*)"(\w+)" if [\w.]+ else "(\w+)"'
    text = "".join(sources)
    return {*re.findall(call, text), *(name for pair in re.findall(named, text) for name in pair)}


def test_alerts_watch_lines_that_are_logged() -> None:
    """The name in an alert is the name in the code, and docs/deploy.md explains it."""
    watched = {name for alert in variable("app/alerts.bicep", "alerts") for name in alert["events"]}
    hosts = {"poisoned"}  # not a line of ours
    assert watched - hosts <= log_names()
    assert watched >= {"stop_not_recorded", "quarantined", "reply_failed", "gave_up", *hosts}
    for name in watched - hosts | {variable("app/alerts.bicep", "poisoned")}:
        assert f"`{name}`" in DEPLOY
    metrics = {alert["metric"] for alert in variable("app/event-alerts.bicep", "alerts")}
    assert "DeadLetteredCount" in metrics
    for metric in metrics:
        assert f"`{metric}`" in DEPLOY


def test_no_line_that_an_alert_needs_is_sampled_away() -> None:
    """Application Insights may drop what it has much of, but no request, no trace and no exception."""
    host = json.loads((settings.ROOT / "host.json").read_text("utf-8"))
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Trace", "Exception"} <= set(sampling["excludedTypes"].split(";"))


def test_one_event_that_is_not_taken_is_heard_of() -> None:
    """It fails about five times in a quarter of an hour; two of them are enough, one is a restart."""
    thresholds = {
        alert["metric"]: alert["threshold"] for alert in variable("app/event-alerts.bicep", "alerts")
    }
    assert thresholds == {"DeadLetteredCount": 0, "DroppedEventCount": 0, "DeliveryAttemptFailCount": 1}
    rules = resource("app/event-alerts.bicep", "rules")["properties"]
    assert rules["windowSize"] == "PT15M"
    assert rules["criteria"]["allOf"][0]["operator"] == "GreaterThan"


def test_a_backup_that_is_missing_is_heard_of() -> None:
    """No blob of the command was written for two days, where somebody is named who should write one."""
    missing = resource("app/alerts.bicep", "noBackup")
    (criterion,) = missing["properties"]["criteria"]["allOf"]
    assert f"/backups/{backups.name(NOON).partition('-')[0]}-" in criterion["query"]
    assert variable("app/backup-storage.bicep", "backupContainer") == "backups"
    assert (criterion["operator"], criterion["threshold"]) == ("LessThan", 1)
    assert missing["properties"]["windowSize"] == "PT48H"
    logs = resource("app/backup-storage.bicep", "audit")["properties"]["logs"]
    assert "StorageWrite" in [each["category"] for each in logs if each["enabled"]]
    assert "`no-backup`" in DEPLOY


def test_silence_is_heard_of() -> None:
    """No request for the function of events, none of which is sampled, for as long as Azure looks."""
    silence = resource("app/alerts.bicep", "silence")
    (criterion,) = silence["properties"]["criteria"]["allOf"]
    assert "sms_events" in criterion["query"]
    assert (criterion["operator"], criterion["threshold"]) == ("LessThan", 1)
    hours = TEMPLATES["main.bicep"]["parameters"]["silenceHours"]
    (allowed,) = (each["argument"] for each in hours["decorators"] if each["type"] == "allowed")
    assert hours["default"] in allowed
    assert set(allowed) <= {0, 1, 2, 3, 4, 5, 6, 24, 48}
    given = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
    assert given["silenceHours"]["value"] == f"${{SILENCE_HOURS={hours['default']}}}"
    assert "`nothing-arrives`" in DEPLOY
    assert silence["name"] == "optout-nothing-arrives"
