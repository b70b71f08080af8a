"""The page for everybody: by keyboard, with a screen reader, in the dark, on a phone's width."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from optout import settings
from tests.console.conftest import OpenPage
from tests.console.test_look_up import look_up, sign
from tests.support.client import App
from tests.support.payloads import sms_event
from tests.support.world import Clock, World

AXE = (settings.ROOT / "tests/node/node_modules/axe-core/axe.min.js").read_text("utf-8")
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# How much of what is shown moves while a view loads; below 0.1 people do not notice.
SHIFTS = """() => new Promise(resolve => new PerformanceObserver(list => resolve(
  list.getEntries().reduce((sum, each) => sum + (each.hadRecentInput ? 0 : each.value), 0)
)).observe({type: "layout-shift", buffered: true}) || setTimeout(resolve, 100, 0))"""


def violations(page: Page) -> list[str]:
    """What axe finds, best practices included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def seed(app: App) -> None:
    """Something for every part of every view."""
    for text, sender in (("HELP", "12345"), ("STOP", "+18335550100"), ("Is this Contoso?", "12345")):
        app.deliver(sms_event(text, to=sender))
    app.deliver(sms_event("who is this? stop it", to="78787"), sms_event("STOP", from_="nobody"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers(app: App, console: str, open_page: OpenPage, scheme: str, size: Any) -> None:
    """axe finds nothing in any view, in the dialog and while signing in; nothing is wider than the
    screen, and what is shown does not jump."""
    seed(app)
    page = open_page(f"{console}#phone", viewport=size, color_scheme=scheme)
    expect(page.locator(".exchange")).to_have_count(3)
    assert violations(page) == []
    page.get_by_role("link", name="Look up").click()
    look_up(page)
    expect(page.locator(".timeline > li")).to_have_count(4)
    assert violations(page) == []
    page.get_by_role("button", name="Opt out: Contoso Promo, contoso-promo").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("#quarantine > *").first).to_be_visible()
    expect(page.locator("#newest > *").first).to_be_visible()
    assert violations(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert page.evaluate(SHIFTS) < 0.1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers_in_other_states(
    app: App, tmp_path: Path, console: str, open_page: OpenPage, scheme: str, size: Any
) -> None:
    """What stays blocked, why, paper, a request that waits too long, a free period, a search that finds
    nothing, a delivery report; nothing is wider than the screen."""
    with World(tmp_path, clock=Clock(datetime.now(UTC) - timedelta(days=4))) as world:
        world.receive("who is this? stop it")
    seed(app)
    page = open_page(
        f"{console}#look-up", viewport=size, color_scheme=scheme, timezone_id="America/St_Johns"
    )

    def hold() -> None:
        assert violations(page) == []
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]

    look_up(page)
    page.get_by_role("button", name="Opt in: Contoso Alerts, contoso-alerts").click()
    sign(page, "Opt in")
    expect(page.locator(".is-remedy")).to_be_visible()
    page.get_by_text("Why", exact=True).first.click()
    hold()
    page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
    hold()
    page.emulate_media(media="screen", color_scheme=scheme)  # type: ignore[arg-type]
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("#reviews-late")).to_be_visible()
    page.get_by_label("Period").select_option("free")
    page.get_by_label("Words, or a part of a number").fill("nobody said so")
    page.keyboard.press("Enter")
    expect(page.locator("#newest-status")).to_have_text("Nothing of that kind has happened.")
    hold()
    page.get_by_role("link", name="Phone").click()
    page.get_by_role("button", name="Report a block").click()
    expect(page.locator("#thread .event")).to_be_visible()
    hold()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers_while_signing_in(
    console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, scheme: str, size: Any
) -> None:
    """While a key is refused, by one that opens a part, and a minute before one is signed out."""
    monkeypatch.setenv("WEBSITE_SITE_NAME", "contoso")
    page = open_page(console, viewport=size, color_scheme=scheme)
    page.clock.install()
    page.reload()
    expect(page.get_by_label("Function key")).to_be_focused()
    assert violations(page) == []
    opened = "**/suppressions/check"
    page.route("**/api/**", lambda route: route.fulfill(status=401))
    page.get_by_label("Function key").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-problem")).to_contain_text("opens nothing here")
    assert violations(page) == []
    page.route(opened, lambda route: route.fulfill(status=405))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Phone number")).to_be_focused()
    page.keyboard.type("+14255550123")
    page.keyboard.press("Enter")
    expect(page.locator(".is-denied")).to_have_count(2)
    page.clock.fast_forward("14:30")
    expect(page.locator("#idle")).to_be_visible()
    assert violations(page) == []


def test_the_search_by_keyboard_alone(app: App, console: str, open_page: OpenPage) -> None:
    """From the heading to the words, the kind, and a person of the journal."""
    app.deliver(sms_event("STOP"), sms_event("HELP", from_="+14255550124"))
    page = open_page(f"{console}#activity")
    expect(page.locator("#newest .entry")).to_have_count(2)
    page.get_by_label("Words, or a part of a number").focus()
    page.keyboard.type("0124")
    page.keyboard.press("Enter")
    expect(page.locator("#newest .entry")).to_have_count(1)
    tab_to(page, "+14255550124")
    page.keyboard.press("Enter")
    expect(page.locator("#person")).to_be_focused()
    expect(page.locator("#person")).to_have_text("+14255550124")


def test_by_keyboard_alone(app: App, console: str, open_page: OpenPage) -> None:
    """Text STOP, look the person up, opt them in by hand: no pointer, and focus is always seen."""
    page = open_page(console)
    expect(page.locator("#thread")).to_contain_text("No messages yet")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.keyboard.type("STOP")
    page.keyboard.press("Enter")
    expect(page.locator(".to-person")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    tab_to(page, "Look up", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Phone number")).to_be_focused()
    page.keyboard.type("+14255550123")
    page.keyboard.press("Enter")
    expect(page.locator("#person")).to_be_focused()
    tab_to(page, "Opt in: Contoso Alerts, contoso-alerts")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Opt in: Contoso Alerts, contoso-alerts")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("What").focus()
    page.keyboard.type("sender 12345")
    page.keyboard.press("Tab")
    page.keyboard.type("asked on the phone")
    page.keyboard.press("Tab")
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_have_text("Opted in.")
    expect(page.locator("#person")).to_be_focused()
    assert app.check("12345", "+14255550123")["suppressed"] is False


FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  return [at.getAttribute("aria-label") ?? at.textContent.trim(), style.outlineStyle !== "none"];
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press a key until the focus is on something of this name; it is visible all the way."""
    for _ in range(60):
        page.keyboard.press(key)
        label, is_seen = page.evaluate(FOCUSED)
        assert is_seen, label
        if label == name:
            return
    raise AssertionError(f"{name} cannot be reached")


def test_the_skip_link(console: str, open_page: OpenPage) -> None:
    """The first stop leads past the bar, and leaves the view as it is."""
    page = open_page(f"{console}#activity")
    expect(page.get_by_role("heading", name="Activity")).to_be_focused()
    tab_to(page, "Skip to content", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()


def test_the_dark_is_dark(console: str, open_page: OpenPage) -> None:
    """Following the system's wish, both ways."""
    shades = []
    for scheme in ("light", "dark"):
        page = open_page(console, color_scheme=scheme)
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades.append(int(color.removeprefix("rgb(").split(",")[0]))
    light, dark = shades
    assert light > 200 > 50 > dark
