"""One message from beginning to end, over real sockets: locally and in Microsoft's runtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optout.operations.reply_delivery import REPLY_TAG
from optout.settings import ROOT
from tests.support.acs import Failure, LoopbackAcs
from tests.support.client import App, environment, serving
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import report_event, sms_event
from tests.support.topic import LoopbackTopic

PERSON = "+14255550123"


@contextmanager
def hosted(host: str, settings: dict[str, str]) -> Iterator[App]:
    """The app in one of the hosts."""
    if host == "runtime":
        with FunctionsRuntime(ROOT, settings) as runtime:
            yield App(runtime)
    else:
        with serving(settings) as served:
            yield served.app


@pytest.mark.parametrize("host", ["local host", "runtime"])
def test_a_message_its_reply_its_report_and_its_announcement(host: str, tmp_path: Path) -> None:
    """The history tells all of it, in one item."""
    with LoopbackAcs() as acs, LoopbackTopic() as topic:
        settings = environment(
            tmp_path / "optout.db",
            OPTOUT_ACS_ENDPOINT=acs.endpoint,
            OPTOUT_ACS_KEY=acs.key,
            OPTOUT_TOPIC_ENDPOINT=topic.endpoint,
            OPTOUT_TOPIC_KEY=topic.key,
        )
        with hosted(host, settings) as app:
            stop = sms_event("STOP", message_id="Incoming_1")
            acs.fail_next(Failure.status(503))
            topic.fail_next(401)
            assert app.deliver(stop) == 202
            assert app.deliver(stop) == 202  # once more: it tries again what ACS and the topic refused
            (item,) = app.history(PERSON)
            (sms,) = acs.messages
            assert sms.tag == REPLY_TAG + item["id"]
            assert item["reply"]["delivery"] is None

            report = report_event(
                "No error.", status="Delivered", from_="12345", to=PERSON, tag=sms.tag
            )
            assert app.deliver(report) == 202
            (item,) = app.history(PERSON)

    reply, announcement = item["reply"], item["announcement"]
    assert (item["message_id"], item["text"], item["effect"]) == ("Incoming_1", "STOP", "opted_out")
    assert (reply["status"], reply["message_id"]) == ("sent", sms.id)
    assert reply["delivery"]["delivered"] is True
    assert announcement["type"] == "optout.standing"
    assert announcement["published_at"] > item["received_at"]
    assert [event["id"] for event in topic.events] == [announcement["id"]]
    assert acs.phones[PERSON] == [sms.text]


@pytest.mark.parametrize("host", ["local host", "runtime"])
def test_a_block_that_only_acs_knows_of(host: str, tmp_path: Path) -> None:
    """A report suppresses the sender; opting in by hand says what the person must text."""
    with hosted(host, environment(tmp_path / "optout.db")) as app:
        assert app.deliver(report_event("Sender blocked for given recipient.", to=PERSON)) == 202
        assert app.check("+18335550100", PERSON)["source"] == "delivery_report"
        answer = app.change("opt-in", PERSON, sender="+18335550100")
        assert (answer["suppressed"], answer["blocked_by"]) == (True, "carrier")
        assert "text START or UNSTOP to +18335550100" in answer["remedy"]
