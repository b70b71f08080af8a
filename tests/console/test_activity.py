"""What goes on: the chart, the newest, the review list and the quarantine with their actions."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.console.conftest import OpenPage
from tests.console.test_look_up import sign
from tests.support.client import App
from tests.support.payloads import sms_event
from tests.support.world import Clock, World

PERSON, OTHER = "+14255550123", "+14255550124"
PROBABLE = "who is this? stop it"


def ago(**duration: float) -> datetime:
    return datetime.now(UTC) - timedelta(**duration)


def figures(page: Page) -> dict[str, int]:
    """The totals beside the chart, by their names."""
    return {
        figure.locator("dt").inner_text(): int(figure.locator("dd").inner_text())
        for figure in page.locator(".figure").all()
    }


def test_counts_by_day_and_by_sender(
    app: App, tmp_path: Path, console: str, open_page: OpenPage
) -> None:
    """The chart has a bar for each kind on each day; sender and period choose; the tables agree."""
    with World(tmp_path) as world:
        for days, text, person, sender in (
            (9, "STOP", PERSON, "12345"),
            (2, "START", PERSON, "12345"),
            (2, "STOP", OTHER, "12345"),
            (0, "HELP", OTHER, "78787"),
        ):
            world.clock.now = ago(days=days)
            world.receive(text, to=sender, person=person)
    page = open_page(f"{console}#activity")
    expect(page.get_by_role("img", name="Opt-outs, opt-ins and help by day")).to_be_visible()
    assert figures(page) == {"Opt-outs": 2, "Opt-ins": 1, "Help": 1}
    assert page.locator("svg .day").count() == 30
    assert page.locator("svg .day [class^=bar-]").count() == 4
    page.get_by_text("As tables").click()
    rows = page.locator("table").first.locator("tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [
        ["Contoso", "Alerts", "(12345)", "2", "1", "0"],
        ["Contoso", "UK", "(78787)", "0", "0", "1"],
    ]
    page.locator("#activity-filters").get_by_label("Sender").select_option("78787")
    assert figures(page) == {"Opt-outs": 0, "Opt-ins": 0, "Help": 1}
    page.locator("#activity-filters").get_by_label("Sender").select_option("")
    page.get_by_label("Period").select_option("7")
    expect(page.locator("svg .day")).to_have_count(7)
    assert figures(page) == {"Opt-outs": 1, "Opt-ins": 1, "Help": 1}


def test_an_import_of_opt_ins_is_among_the_newest(app: App, console: str, open_page: OpenPage) -> None:
    """Who did it, of how many, and why; it leads to nobody."""
    rows = [{"recipient": person, "at": "2024-07-01T12:30:00Z"} for person in (PERSON, OTHER)]
    about = {"list": "contoso-uk", "actor": "ann", "reason": "moved"}
    assert app.post("suppressions/import-opt-ins", {**about, "rows": rows}).status == 200
    entry = open_page(f"{console}#activity").locator("#newest li")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("ann imported 2 opt-ins to Contoso UK (contoso-uk): moved")
    expect(entry.get_by_role("button")).to_have_count(0)


def test_the_newest_leads_to_the_person(app: App, console: str, open_page: OpenPage) -> None:
    """Everybody's messages and changes by hand, the newest first; a number opens its history."""
    app.deliver(sms_event("hello"))
    app.change("opt-out", OTHER, list="contoso-uk")
    page = open_page(f"{console}#activity")
    expect(page.locator("#newest .entry")).to_have_count(2)
    by_hand, message = page.locator("#newest .entry").all()
    expect(by_hand).to_contain_text(
        f"{OTHER}: pat@contoso.example opted out by hand, Contoso UK (contoso-uk)"
    )
    expect(message.locator(".words")).to_have_text("hello")
    message.get_by_role("button", name=PERSON).click()
    expect(page.locator("#person")).to_have_text(PERSON)
    assert page.url.endswith("#look-up")


def test_a_request_that_waits_too_long(
    app: App, tmp_path: Path, console: str, open_page: OpenPage
) -> None:
    """It is marked, and one that came today is not."""
    with World(tmp_path, clock=Clock(ago(days=4))) as world:
        world.receive(PROBABLE)
    app.deliver(sms_event(PROBABLE, from_=OTHER))
    page = open_page(f"{console}#activity")
    entries = page.locator("#reviews .entry")
    expect(entries).to_have_count(2)
    first, second = entries.all()
    expect(first).to_contain_text("has waited for too long")
    expect(second).not_to_contain_text("has waited for too long")


def test_a_verdict_on_a_probable_request(app: App, console: str, open_page: OpenPage) -> None:
    """Lifted, it is off the review list and the person may be texted; confirmed, they are out."""
    app.deliver(sms_event(PROBABLE, at=ago(minutes=2)))
    app.deliver(sms_event(PROBABLE, from_=OTHER))
    page = open_page(f"{console}#activity")
    expect(page.locator("#reviews .entry")).to_have_count(2)
    first = page.locator("#reviews .entry").first
    expect(first).to_contain_text(PERSON)
    expect(first).to_contain_text("Understood as STOP, probably")
    first.get_by_role("button", name="Lift…").click()
    sign(page, "Lift")
    expect(page.locator("#reviews .entry")).to_have_count(1)
    assert app.check("12345", PERSON)["suppressed"] is False
    page.get_by_role("button", name="Confirm…").click()
    sign(page, "Confirm")
    expect(page.locator("#reviews")).to_contain_text("Nothing is waiting for review.")
    assert app.check("12345", OTHER)["suppressed"] is True
    expect(page.locator("#newest .entry").first).to_contain_text("ann@contoso.example judged a message")


def test_a_verdict_that_comes_too_late(app: App, console: str, open_page: OpenPage) -> None:
    """The person sent STOP meanwhile: the dialog says why nothing was lifted."""
    app.deliver(sms_event(PROBABLE, at=ago(minutes=2)))
    page = open_page(f"{console}#activity")
    page.get_by_role("button", name="Lift…").click()
    app.deliver(sms_event("START", at=ago(minutes=1)), sms_event("STOP"))
    page.get_by_label("Reason").fill("an appointment")
    page.get_by_label("Your name").fill("ann")
    page.get_by_role("dialog").get_by_role("button", name="Lift").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        "no longer rests on this message"
    )
    assert app.check("12345", PERSON)["suppressed"] is True


def test_an_event_in_quarantine_is_tried_again(app: App, console: str, open_page: OpenPage) -> None:
    """With the reason and the event as it came; what is still not understood stays."""
    app.deliver(sms_event("<b>STOP</b>", from_="nobody"))
    page = open_page(f"{console}#activity")
    held = page.locator("#quarantine .entry")
    expect(held).to_contain_text("data.from is not a phone number")
    held.get_by_text("The event as it came").click()
    assert json.loads(held.locator("pre").inner_text())["data"]["message"] == "<b>STOP</b>"
    held.get_by_role("button", name="Try again").click()
    expect(page.locator("#toast")).to_have_text("Still not understood: it stays in quarantine.")
    expect(held).to_have_count(1)
