"""Takes the README's pictures of the page, from a run of the local host: `make screenshots`."""

import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, expect

from optout.settings import ROOT
from tests.console.test_look_up import look_up
from tests.support.browser import chromium
from tests.support.client import App, environment, serving
from tests.support.payloads import sms_event
from tests.support.world import World

FOLDER = ROOT / "docs/images"
SIZE: ViewportSize = {"width": 1200, "height": 880}
PAPER: Any = {"viewport": {"width": 800, "height": 1000}, "locale": "en-GB"}
HAND: Any = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
PERSON = "+14255550123"
# (days ago, text, sender) of the person who is looked up.
STORY = (
    (40, "START", "12345"),
    (21, "HELP", "12345"),
    (12, "STOP", "+18335550100"),
    (3, "thanks, got it!", "12345"),
    (1, "Stop!", "54321"),
)
SENDERS = ("12345", "12345", "12345", "+18335550100", "54321", "55555", "78787")
SAID = (
    "STOP",
    "stop",
    "STOP",
    "HELP",
    "START",
    "unsubscribe",
    "Please take me off this list",
    "Is this real?",
)
TO_REVIEW = ("who is this? stop it", "I don't want these anymore")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(environment(folder / "optout.db")) as served, chromium(folder) as browser:
            fill(folder, served.app)
            with browser.new_context(
                viewport=SIZE, locale="en-GB", device_scale_factor=1.25
            ) as context:
                page = context.new_page()
                page.goto(f"http://127.0.0.1:{served.port}/api/console")
                phone(page)
                look_up_person(page)
                activity(page)
            with browser.new_context(viewport=SIZE, locale="en-GB") as context:
                page = context.new_page()
                page.goto(f"http://127.0.0.1:{served.port}/api/console#activity")
                journal(page)
                change(page)
            with browser.new_context(**PAPER) as context:
                paper(context.new_page(), served.port)
            with browser.new_context(**HAND, locale="en-GB") as context:
                in_the_hand(context.new_page(), served.port)


def fill(folder: Path, app: App) -> None:
    """A month of a small company."""
    now = datetime.now(UTC)
    chance = random.Random(4)
    happened = [(now - timedelta(days=days), PERSON, text, sender) for days, text, sender in STORY]
    for _ in range(260):
        at = now - timedelta(days=chance.triangular(0.02, 30, 0.02))
        happened.append(
            (
                at,
                f"+1425555{chance.randrange(130, 180):04}",
                chance.choice(SAID),
                chance.choice(SENDERS),
            )
        )
    for hours, text in enumerate(TO_REVIEW, 2):
        happened.append((now - timedelta(hours=hours), f"+142555501{hours:02}", text, "12345"))
    with World(folder) as world:
        for at, person, text, sender in sorted(happened):
            world.clock.now = at
            world.receive(text, to=sender, person=person)
    app.deliver(sms_event("STOP", from_="anonymous"))
    app.change(
        "opt-out", PERSON, list="contoso-uk", reason="letter of 2 May", actor="ann@contoso.example"
    )


def phone(page: Page) -> None:
    page.get_by_label("The person's number").fill("+14255550188")
    for number, text in enumerate(("Hi, who is this?", "please take me off this list", "START"), 1):
        page.get_by_label("Message", exact=True).fill(text)
        page.keyboard.press("Enter")
        expect(page.locator(".from-person")).to_have_count(number)
    save(page, "phone")


def look_up_person(page: Page) -> None:
    page.get_by_role("link", name="Look up").click()
    look_up(page, PERSON)
    save(page, "look-up")


def activity(page: Page) -> None:
    page.get_by_role("link", name="Activity").click()
    for part in ("#activity-chart svg", "#reviews .entry", "#quarantine .entry", "#newest .entry"):
        expect(page.locator(part).first).to_be_visible()
    save(page, "activity")


def journal(page: Page) -> None:
    """One sender, and words that some wrote to it."""
    page.locator("#activity-filters").get_by_label("Sender").select_option("12345")
    page.get_by_label("Words, or a part of a number").fill("take me off")
    page.keyboard.press("Enter")
    expect(page.locator("#newest .words").first).to_contain_text("take me off")
    expect(page.locator("#newest")).to_have_attribute("aria-busy", "false")
    page.locator("#newest .why summary").first.click()
    page.locator("#newest-title").evaluate("each => scrollTo(0, each.offsetTop - 24)")
    save(page, "journal")


def change(page: Page) -> None:
    """A letter, and what stays blocked after it."""
    page.get_by_role("link", name="Look up").click()
    look_up(page, PERSON)
    page.get_by_role("button", name="Opt in: Contoso Alerts, contoso-alerts").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Asked in a letter to be texted again")
    dialog.get_by_label("Your name").fill("ann@contoso.example")
    dialog.get_by_label("Asked on").fill(f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H:%M}")
    save(page, "by-hand")
    dialog.get_by_role("button", name="Opt in", exact=True).click()
    expect(page.locator(".is-remedy")).to_be_visible()
    save(page, "still-blocked")


def paper(page: Page, port: int) -> None:
    """The evidence of a person as it is printed."""
    page.goto(f"http://127.0.0.1:{port}/api/console#look-up")
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    look_up(page, PERSON)
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    page.emulate_media(media="print")
    save(page, "paper")


def in_the_hand(page: Page, port: int) -> None:
    """The journal on a phone's screen, in the dark."""
    page.goto(f"http://127.0.0.1:{port}/api/console#activity")
    expect(page.locator("#newest .entry").first).to_be_visible()
    page.locator("#newest-title").evaluate("each => scrollTo(0, each.offsetTop - 16)")
    save(page, "journal-dark")


def save(page: Page, name: str) -> None:
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
