"""The journal on the page: looked for and filtered, live, and as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from optout.operations.transfer.cells import guarded
from tests.console.conftest import OpenPage
from tests.console.test_activity import PROBABLE, ago, figures
from tests.support.client import App
from tests.support.payloads import sms_event
from tests.support.world import Clock, World

PERSON, OTHER = "+14255550123", "+447700900123"


def entries(page: Page, count: int) -> None:
    expect(page.locator("#newest .entry")).to_have_count(count)


@pytest.fixture
def told(app: App) -> App:
    app.deliver(sms_event("Please take me off this list"), sms_event("HELP", to="78787", from_=OTHER))
    app.change("opt-out", OTHER, list="contoso-uk", reason="letter", actor="Zoë")
    return app


@pytest.mark.parametrize(
    ("label", "said", "count"),
    [
        ("Words, or a part of a number", "OFF this", 1),
        ("Words, or a part of a number", "7700 900", 2),
        ("Words, or a part of a number", "nobody said so", 0),
        ("Done by", "zoe", 1),
    ],
)
def test_what_is_typed_is_looked_for(
    told: App, console: str, open_page: OpenPage, label: str, said: str, count: int
) -> None:
    """Words, a number's digits, and who did it; without any of it there is everything again."""
    page = open_page(f"{console}#activity")
    entries(page, 3)
    page.get_by_label(label).fill(said)
    page.keyboard.press("Enter")
    entries(page, count)
    if count == 0:
        expect(page.locator("#newest-status")).to_have_text("Nothing of that kind has happened.")
    page.get_by_role("button", name="Clear").click()
    entries(page, 3)


def test_what_is_chosen(told: App, console: str, open_page: OpenPage) -> None:
    """Kind and list, each at once, and together; lists by their programs' names."""
    page = open_page(f"{console}#activity")
    search = page.get_by_role("search")
    for kind, count in (("Messages", 2), ("By hand", 1), ("Opt-outs", 2), ("Help", 1)):
        search.get_by_label("Kind").select_option(kind)
        entries(page, count)
    search.get_by_label("List").select_option("Contoso Alerts (contoso-alerts)")
    entries(page, 0)
    search.get_by_label("Kind").select_option("All kinds")
    entries(page, 1)


def test_the_sender_at_the_head_is_for_all_of_the_page(
    app: App, console: str, open_page: OpenPage
) -> None:
    """The chart, the requests, the quarantine and the journal; what names no sender stays."""
    app.deliver(sms_event(PROBABLE), sms_event(PROBABLE, to="78787", from_=OTHER))
    app.deliver(sms_event("STOP", from_="nobody", to="78787"), "5")
    page = open_page(f"{console}#activity")
    entries(page, 2)
    expect(page.locator("#quarantine .entry")).to_have_count(2)
    page.locator("#activity-filters").get_by_label("Sender").select_option("12345")
    entries(page, 1)
    expect(page.locator("#newest")).to_contain_text(f"{PERSON} to Contoso Alerts (12345)")
    expect(page.locator("#reviews .entry")).to_have_count(1)
    expect(page.locator("#quarantine .entry")).to_have_count(1)
    assert figures(page)["Opt-outs"] == 1
    page.locator("#activity-filters").get_by_label("Sender").select_option("55555")
    entries(page, 0)
    expect(page.locator("#reviews")).to_contain_text("Nothing is waiting for review. (of this sender)")


def test_a_free_period(app: App, tmp_path: Path, console: str, open_page: OpenPage) -> None:
    """From a day to a day, for the chart and the journal; a day of the table chooses itself."""
    with World(tmp_path, clock=Clock()) as world:
        for days in (100, 50, 49, 0):
            world.clock.now = ago(days=days)
            world.receive("STOP", person=f"+1425555{days:04}")
    first, last = (ago(days=days).date().isoformat() for days in (50, 49))
    page = open_page(f"{console}#activity")
    entries(page, 1)
    page.get_by_label("Period").select_option("free")
    page.get_by_label("First day").fill(first)
    page.get_by_label("Last day").fill(last)
    page.keyboard.press("Tab")
    entries(page, 2)
    expect(page.locator("svg .day")).to_have_count(2)
    page.get_by_text("As tables").click()
    page.get_by_role("button", name=first).click()
    entries(page, 1)
    expect(page.locator("svg .day")).to_have_count(1)
    expect(page.get_by_label("Last day")).to_have_value(first)
    page.get_by_label("Last day").fill("2020-01-01")
    assert page.locator("#to-day").evaluate("each => each.validationMessage") != ""


def test_all_of_it_as_csv(told: App, console: str, open_page: OpenPage) -> None:
    """What the filter shows, beyond the first page; a text is no formula, by the rule of the export."""
    said = ["=1+1", "+44 is my code", "'quoted", '"so", he said\nand left', "-", "\uff1dSUM(1)"]
    told.deliver(*(sms_event(text, to="55555") for text in said))
    told.deliver(*(sms_event(f"number {number}", to="55555") for number in range(20)))
    page = open_page(f"{console}#activity")
    page.locator("#activity-filters").get_by_label("Sender").select_option("55555")
    entries(page, 20)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    content = Path(saved.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == 26
    texts = {row["text"] for row in rows}
    assert {guarded(text) for text in said} <= texts
    assert {row["recipient"] for row in rows} == {PERSON}
    assert saved.value.suggested_filename.startswith("optout-journal-")
    expect(page.locator("#toast")).to_have_text("Saved 26 entries.")


def test_what_is_new_appears(app: App, console: str, open_page: OpenPage) -> None:
    """The journal, the chart, the requests and the badges, without a word; each entry once, and those
    alone that are looked for. The answer to a message is shown once it is known."""
    app.deliver(sms_event("hello"))
    page = open_page(console)
    page.clock.install()
    page.goto(f"{console}#activity")
    page.reload()
    entries(page, 1)
    page.locator("#newest .entry").evaluate("each => each.dataset.first = 'yes'")
    app.deliver(sms_event(PROBABLE), sms_event("STOP", from_="nobody"))
    page.clock.run_for(10_000)
    entries(page, 2)
    expect(page.locator("#newest .entry").first).to_contain_text(PROBABLE)
    expect(page.locator("#newest .entry[data-first]")).to_have_count(1)
    expect(page.locator("#reviews .entry")).to_have_count(1)
    expect(page.get_by_role("link", name="Activity")).to_contain_text("1 to review")
    expect(page.get_by_role("link", name="Activity")).to_contain_text("1 in quarantine")
    page.get_by_label("Words, or a part of a number").fill("nobody said so")
    page.keyboard.press("Enter")
    entries(page, 0)
    app.deliver(sms_event("hello again"))
    page.clock.run_for(10_000)
    expect(page.locator("#live")).to_have_text("New entries appear by themselves.")
    entries(page, 0)


def test_badges_wherever_one_is(app: App, tmp_path: Path, console: str, open_page: OpenPage) -> None:
    """Beside the way to what waits, also while somebody looks a number up; too old is said."""
    with World(tmp_path, clock=Clock(ago(days=4))) as world:
        world.receive(PROBABLE)
    page = open_page(f"{console}#look-up")
    link = page.get_by_role("link", name="Activity")
    expect(link).to_contain_text("1 to review, 1 for too long")
    expect(link.locator(".badge.is-late")).to_be_visible()
    link.click()
    expect(page.locator("#reviews-late")).to_have_text("One of them has waited for too long.")


def test_a_search_that_takes_long_can_be_stopped(app: App, console: str, open_page: OpenPage) -> None:
    """Short pages are followed by further ones; how much was found so far is said all the while."""
    app.deliver(sms_event("hello"))
    page = open_page(f"{console}#activity")
    entries(page, 1)
    item = app.get("journal").json()["items"][0]
    pages = [0]

    def short(route: object) -> None:
        pages[0] += 1
        found = [{**item, "id": str(pages[0])}] if pages[0] == 2 else []
        route.fulfill(json={"items": found, "cursor": "bW9yZQ"})  # type: ignore[attr-defined]

    page.route("**/api/journal", short)
    page.get_by_label("Words, or a part of a number").fill("rare")
    page.keyboard.press("Enter")
    expect(page.locator("#newest-status")).to_contain_text("Searching … 1 found so far.")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#newest-status")).to_have_text("1 entry, and there are older ones")
    page.unroute("**/api/journal")


def test_a_search_that_was_overtaken(app: App, console: str, open_page: OpenPage) -> None:
    """What was asked for last is shown, whichever answer comes first."""
    app.deliver(sms_event("first"), sms_event("second"))
    page = open_page(f"{console}#activity")
    entries(page, 2)
    waiting = []
    page.route(
        "**/api/journal",
        lambda route: (
            waiting.append(route) if "first" in (route.request.post_data or "") else route.continue_()
        ),
    )
    field = page.get_by_label("Words, or a part of a number")
    for words in ("first", "second"):
        field.fill(words)
        field.press("Enter")
    entries(page, 1)
    expect(page.locator("#newest .words")).to_have_text("second")
    for route in waiting:
        route.continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#newest .words")).to_have_text("second")


def test_the_time_is_said_here_and_in_utc(app: App, console: str, open_page: OpenPage) -> None:
    """Each time in the reader's zone with UTC beside it, also where that is another day."""
    at = datetime.now(UTC).replace(hour=2, minute=30, second=0, microsecond=0) - timedelta(days=1)
    app.deliver(sms_event("STOP", at=at))
    page = open_page(f"{console}#look-up", timezone_id="America/New_York")
    expect(page.locator("#zone")).to_contain_text("Times are yours, America/New_York (UTC-0")
    page.get_by_label("Phone number").fill(PERSON)
    page.keyboard.press("Enter")
    expect(page.locator(".timeline time").first).to_contain_text(f"({at.day} {at:%b}, 02:30 UTC)")
