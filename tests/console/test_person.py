"""One person at the desk: what is said of a change, who asked and when, all evidence to take away."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import OpenPage
from tests.console.test_look_up import look_up, sign
from tests.support.client import App
from tests.support.payloads import sms_event

PERSON, OTHER = "+14255550123", "+14255550124"


def opt_in(page: Page, what: str | None = None) -> None:
    page.get_by_role("button", name="Opt in: Contoso Alerts, contoso-alerts").click()
    sign(page, "Opt in", what)


@pytest.mark.parametrize(
    ("what", "toast"),
    [
        (None, "Opted in, but not to +18335550100, which stays blocked."),
        (
            "sender +18335550100",
            "Not opted in: +18335550100 stays blocked. Below is what the person can do.",
        ),
    ],
)
def test_what_stays_blocked_is_said_at_once(
    app: App, console: str, open_page: OpenPage, what: str | None, toast: str
) -> None:
    """The sentence at the edge says no more than what holds, and the person's part stands below."""
    app.deliver(sms_event("STOP", to="+18335550100"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    opt_in(page, what)
    expect(page.locator("#toast")).to_have_text(toast)
    expect(page.locator(".is-remedy")).to_contain_text("What stays blocked")
    expect(page.locator(".is-remedy")).to_contain_text("to text START or UNSTOP to +18335550100")


def test_when_and_by_whom_it_was_asked(app: App, console: str, open_page: OpenPage) -> None:
    """A letter of some days ago, in the reader's time: the history says both times, and who wrote."""
    at = (datetime.now(UTC) - timedelta(days=3)).replace(hour=9, minute=30, second=0, microsecond=0)
    page = open_page(f"{console}#look-up", timezone_id="Asia/Kolkata")
    look_up(page)
    page.get_by_role("button", name="Opt out: Contoso UK, contoso-uk").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#asked-on-hint")).to_contain_text("(UTC+05:30)")
    local = at + timedelta(hours=5, minutes=30)
    dialog.get_by_label("Asked on").fill(local.strftime("%Y-%m-%dT%H:%M"))
    dialog.get_by_label("Asked by").fill("the daughter")
    sign(page, "Opt out")
    (item,) = app.history(PERSON)
    assert datetime.fromisoformat(item["at"]) == at
    assert item["reason"] == "asked on the phone (asked by the daughter)"
    expect(page.locator(".timeline > li")).to_contain_text("Recorded on")
    assert app.check("78787", PERSON)["since"] == item["at"]


def test_a_letter_that_is_older_than_what_was_texted(
    app: App, console: str, open_page: OpenPage
) -> None:
    """It is recorded, and it is said that something newer counts."""
    app.deliver(sms_event("START", at=datetime.now(UTC) - timedelta(minutes=5)))
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt out: Contoso Alerts, contoso-alerts").click()
    page.get_by_label("Asked on").fill("2026-01-05T10:00")
    sign(page, "Opt out")
    expect(page.locator("#toast")).to_have_text("Recorded, but something newer counts.")
    assert app.check("12345", PERSON)["suppressed"] is False


def test_nobody_is_taken_for_the_one_before(app: App, console: str, open_page: OpenPage) -> None:
    """While somebody is looked up nobody is shown; and a slow answer about one comes too late to be
    shown as another."""
    app.deliver(sms_event("STOP"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if OTHER in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/suppressions/*", hold)
    page.get_by_label("Phone number").fill(OTHER)
    page.get_by_role("button", name="Look up").click()
    result = page.locator("#look-up-result")
    expect(result).to_have_text(f"Looking up {OTHER} …")
    look_up(page, "+14255550125")
    expect(page.locator("#person")).to_have_text("+14255550125")
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#person")).to_have_text("+14255550125")
    assert len(held) == 2


def test_a_reload_shows_the_same_person(app: App, console: str, open_page: OpenPage) -> None:
    """By what the tab keeps: the number is in no address, which the page fixture sees to. Another tab
    knows nothing of it."""
    app.deliver(sms_event("STOP"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.reload()
    expect(page.locator("#person")).to_have_text(PERSON)
    expect(page.get_by_label("Phone number")).to_be_focused()
    assert PERSON not in page.url
    other = open_page(f"{console}#look-up")
    expect(other.locator("#look-up-result")).to_be_empty()


def test_rules_are_behind_why(app: App, console: str, open_page: OpenPage) -> None:
    """Folded until somebody asks; then in words, with the rule's name."""
    app.deliver(sms_event("please take me off this list"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    rule = page.locator(".timeline code")
    expect(rule).to_be_hidden()
    page.get_by_text("Why", exact=True).click()
    expect(rule).to_be_visible()
    expect(page.locator(".why")).to_contain_text("What such words mean in English")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("block 4", "No rule, but what it is like when all its words are weighed: second-reader"),
        ("spam or ham", "What such words mean in English, and what stands around them, weighed"),
    ],
)
def test_what_was_weighed_says_so(
    text: str, says: str, app: App, console: str, open_page: OpenPage
) -> None:
    """Whoever reviews a request sees that no rule found it, or not by itself."""
    app.deliver(sms_event(text))
    page = open_page(f"{console}#look-up")
    look_up(page)
    expect(page.locator(".why")).to_contain_text(says)


def test_all_evidence_as_a_file(app: App, console: str, open_page: OpenPage) -> None:
    """Every entry, beyond the first page: as rows for a spreadsheet, and whole as JSON. The file's name
    has no number."""
    app.deliver(*(sms_event(f"message {number}") for number in range(25)))
    app.change("opt-out", PERSON, list="contoso-uk", reason="=letter", actor="ann")
    page = open_page(f"{console}#look-up")
    look_up(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as JSON").click()
    document = json.loads(Path(saved.value.path()).read_text("utf-8"))
    assert document["evidence"] == app.history(PERSON)
    assert document["recipient"] == document["status"]["recipient"] == PERSON
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    content = Path(saved.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == 26
    assert (rows[0]["recipient"], rows[0]["reason"]) == (PERSON, "'=letter")
    assert PERSON not in saved.value.suggested_filename
    assert saved.value.suggested_filename.startswith("optout-evidence-0123-")


def test_all_evidence_on_paper(app: App, console: str, open_page: OpenPage) -> None:
    """The whole history, its rules unfolded, and nothing to press; what is not evidence is left out."""
    app.deliver(*(sms_event(f"message {number}") for number in range(24)), sms_event("STOP"))
    page = open_page(f"{console}#look-up")
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    look_up(page)
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    page.emulate_media(media="print")
    expect(page.locator(".timeline > li")).to_have_count(25)
    expect(page.locator("#printed")).to_contain_text(f"All evidence about {PERSON}, as of")
    expect(page.locator("#printed")).to_contain_text("25 entries, the newest first.")
    expect(page.locator(".timeline code").first).to_be_visible()
    for gone in (".bar", "#look-up-form", ".evidence-actions", ".change", ".skip"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator("#look-up-result button:visible")).to_have_count(0)
