"""In Azure: the page is empty, asks for a key, and shows only what the key may do."""

import secrets
from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import OpenPage
from tests.support.client import App
from tests.support.front import asking_for_keys
from tests.support.roles import KEYS, OPENED, OPENED_BY

PERSON = "+14255550171"
EVERYTHING, CHECK, READ = KEYS["support"], KEYS["lookup"], secrets.token_urlsafe()
READS = {"suppression_status", "history"}


@pytest.fixture
def azure(app: App, local_port: int, azurite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page of the app in Azure: on tables, with ACS, behind a front that asks for keys."""
    for name, value in {
        "WEBSITE_SITE_NAME": "contoso",
        "OPTOUT_STORE": "tables",
        "OPTOUT_TABLES_CONNECTION_STRING": azurite,
        "OPTOUT_ACS_ENDPOINT": "http://127.0.0.1:9",  # nothing is sent here
        "OPTOUT_ACS_KEY": b64encode(secrets.token_bytes(32)).decode(),
    }.items():
        monkeypatch.setenv(name, value)
    app.change("opt-out", PERSON, list="contoso-uk")
    with asking_for_keys(local_port, {READ: READS, **OPENED_BY}) as port:
        yield f"http://127.0.0.1:{port}/api/console"


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("Function key").fill(key)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Look up a number")).to_be_visible()


def look_up(page: Page) -> None:
    page.get_by_label("Phone number").fill(PERSON)
    page.keyboard.press("Enter")
    expect(page.locator("#look-up-result")).to_have_attribute("aria-busy", "false")


def test_without_a_key_there_is_nothing(azure: str, open_page: OpenPage) -> None:
    """No view and no way to one; and no phone, even by its address."""
    page = open_page(f"{azure}#phone")
    expect(page.get_by_role("heading")).to_have_text("Sign in with a key")
    expect(page.get_by_role("link", name="Look up")).to_be_hidden()
    sign_in(page, EVERYTHING)
    expect(page.get_by_role("link", name="Phone")).to_be_hidden()
    page.goto(f"{azure}#phone")
    expect(page.get_by_role("heading", name="Look up a number")).to_be_visible()


def test_the_right_key_opens_everything(azure: str, app: App, open_page: OpenPage) -> None:
    """Look up; a reload keeps the key, signing out forgets it and what was shown. The key is in no
    address."""
    page = open_page(azure)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, EVERYTHING)
    look_up(page)
    expect(page.locator(".person-row")).to_contain_text("Opted out on 1 of 4 lists.")
    expect(page.locator(".timeline")).to_contain_text("opted out by hand")
    page.reload()
    look_up(page)
    expect(page.locator(".timeline")).to_contain_text("opted out by hand")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("Sign in with a key")
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    assert PERSON not in page.content()
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("Sign in with a key")
    assert len(asked) > 10
    assert not [url for url in asked if EVERYTHING in url]


def test_a_key_that_may_only_check(azure: str, open_page: OpenPage) -> None:
    """Lists and history say that the key may not; one sender can be checked."""
    page = open_page(azure)
    sign_in(page, CHECK)
    look_up(page)
    expect(page.locator(".is-denied")).to_have_count(2)
    page.get_by_label("Check one sender").fill("CONTOSO")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".check")).to_contain_text("Opted out")
    page.get_by_role("link", name="Activity").click()
    expect(page.locator("#view-activity .is-denied")).to_have_count(4)


def test_a_key_that_may_not_change(azure: str, app: App, open_page: OpenPage) -> None:
    """The dialog says so, and nothing is changed."""
    page = open_page(azure)
    sign_in(page, READ)
    look_up(page)
    page.get_by_role("button", name="Opt in: contoso-uk").click()
    page.get_by_label("Reason").fill("asked")
    page.get_by_label("Your name").fill("ann")
    page.get_by_role("dialog").get_by_role("button", name="Opt in").click()
    expect(page.locator("dialog .is-denied")).to_contain_text("This key may not do that (401).")
    assert app.check("CONTOSO", PERSON)["suppressed"] is True


@pytest.mark.parametrize("role", OPENED)
def test_a_key_of_each_role(azure: str, open_page: OpenPage, role: str) -> None:
    """The page shows what the role opens, and says of everything else that the key may not."""
    page = open_page(azure)
    sign_in(page, KEYS[role])
    look_up(page)
    expect(page.locator("#view-look-up .is-denied")).to_have_count(len(READS - OPENED[role]))
    page.get_by_role("link", name="Activity").click()
    shown = {"activity", "journal", "reviews", "list_quarantine"}
    expect(page.locator("#view-activity .is-denied")).to_have_count(len(shown - OPENED[role]))


def test_a_wrong_key(azure: str, open_page: OpenPage) -> None:
    """Nothing is shown but that the key may not."""
    page = open_page(azure)
    sign_in(page, "wrong")
    look_up(page)
    expect(page.locator(".is-denied")).to_have_count(2)
    page.get_by_label("Check one sender").fill("CONTOSO")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".is-denied")).to_have_count(3)
    assert "Opted out" not in page.locator("#look-up-result").inner_text()
