"""The page for everybody: by keyboard, with a screen reader, in the dark, on a phone's width."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from optout import settings
from tests.console.conftest import OpenPage
from tests.console.test_look_up import look_up
from tests.support.client import App
from tests.support.payloads import sms_event

AXE = (settings.ROOT / "tests/node/node_modules/axe-core/axe.min.js").read_text("utf-8")
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 360, "height": 740}
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
    page.get_by_role("button", name="Opt out: contoso-promo").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("#quarantine > *").first).to_be_visible()
    expect(page.locator("#newest > *").first).to_be_visible()
    assert violations(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert page.evaluate(SHIFTS) < 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers_while_signing_in(
    console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("WEBSITE_SITE_NAME", "contoso")
    page = open_page(console, viewport=PHONE, color_scheme=scheme)
    expect(page.get_by_label("Function key")).to_be_focused()
    assert violations(page) == []


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
    tab_to(page, "Opt in: contoso-alerts")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Opt in: contoso-alerts")).to_be_focused()
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
