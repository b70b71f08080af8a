"""In Azure: the page is empty, asks for a key, and shows only what the key may do."""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import OpenPage
from tests.support.client import App
from tests.support.front import asking_for_keys
from tests.support.roles import KEYS, OPENED, OPENED_BY

PERSON = "+14255550171"
EVERYTHING, CHECK, READ = KEYS["support"], KEYS["lookup"], secrets.token_urlsafe()
READS = {"suppression_status", "history"}
SHOWN = {"activity", "journal", "reviews", "list_quarantine"}


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
    expect(page.locator(".timeline")).to_contain_text("opted out by hand")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("Sign in with a key")
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    assert PERSON not in page.content()
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("Sign in with a key")
    assert len(asked) > 10
    assert not [url for url in asked if EVERYTHING in url]


def denied(page: Page, view: str) -> int:
    """How many parts of a view say that the key does not open them."""
    return page.locator(f"#view-{view} .is-denied").count()


def test_a_key_that_may_only_check(azure: str, open_page: OpenPage) -> None:
    """It is said what the key is for; nothing else is offered, and one sender can be checked."""
    page = open_page(azure)
    sign_in(page, CHECK)
    expect(page.locator("#opens")).to_have_text("This key may check one sender.")
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
    look_up(page)
    assert denied(page, "look-up") == 2
    page.get_by_label("Check one sender").fill("CONTOSO")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".check")).to_contain_text("Opted out")
    page.goto(f"{azure}#activity")
    expect(page.get_by_role("heading", name="Look up a number")).to_be_visible()


def test_a_key_that_may_not_change(azure: str, open_page: OpenPage) -> None:
    """Nothing is offered that would be refused."""
    page = open_page(azure)
    sign_in(page, READ)
    look_up(page)
    expect(page.locator(".list-card")).to_have_count(4)
    expect(page.get_by_text("This key shows, and does not change.")).to_be_visible()
    expect(page.locator(".change")).to_have_count(0)
    expect(page.get_by_role("button", name="Save as CSV")).to_be_visible()


@pytest.mark.parametrize("role", OPENED)
def test_a_key_of_each_role(azure: str, open_page: OpenPage, role: str) -> None:
    """The page shows what the role opens, and lets nobody in by a key for other work."""
    page = open_page(azure)
    if OPENED[role].isdisjoint({*READS, *SHOWN, "check_suppressions"}):
        page.get_by_label("Function key").fill(KEYS[role])
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#sign-in-problem")).to_contain_text("is for other work than a desk's")
        return
    sign_in(page, KEYS[role])
    look_up(page)
    assert denied(page, "look-up") == len(READS - OPENED[role])
    if SHOWN & OPENED[role]:
        page.get_by_role("link", name="Activity").click()
        expect(page.locator("#reviews > *")).not_to_have_count(0)
        assert denied(page, "activity") == len(SHOWN - OPENED[role])


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "This key opens nothing here (401): it is mistyped"), (403, "whatever the key (403)")],
)
def test_a_key_is_tried_when_it_is_entered(
    azure: str, open_page: OpenPage, status: int, said: str
) -> None:
    """A wrong key, and a network that lets nobody in, are told apart; nothing is kept, and the right
    key may follow."""
    page = open_page(azure)
    if status == 403:
        page.route("**/api/**", lambda route: route.fulfill(status=403))
    page.get_by_label("Function key").fill("wrong")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#sign-in-problem")).to_contain_text(said)
    assert page.evaluate("sessionStorage.length") == 0
    page.unroute("**/api/**")
    sign_in(page, EVERYTHING)


def test_trying_a_key_does_nothing(azure: str, app: App, open_page: OpenPage) -> None:
    """Not a message, not a change: every part is only asked by a method that it does not take."""
    page = open_page(azure)
    asked: list[tuple[str, str]] = []
    page.on("request", lambda each: asked.append((each.method, each.url)))
    before = app.history(PERSON)
    sign_in(page, EVERYTHING)
    assert {method for method, url in asked if "/suppressions/opt" in url} == {"PUT"}
    assert app.history(PERSON) == before


def refuse(route: Route, status: int) -> None:
    route.fulfill(status=status)


def test_a_key_that_is_replaced_meanwhile(azure: str, open_page: OpenPage) -> None:
    """What was open is not any more: 401 and 403 are told apart there, too."""
    page = open_page(azure)
    sign_in(page, EVERYTHING)
    for status, said in ((401, "Not with this key."), (403, "Not from here.")):
        refusal = partial(refuse, status=status)
        page.route("**/suppressions/status", refusal)
        look_up(page)
        expect(page.locator(".is-denied").first).to_contain_text(said)
        expect(page.locator(".is-denied").first).to_contain_text(f"({status})")
        page.unroute("**/suppressions/status")


def test_who_is_away_is_signed_out(azure: str, open_page: OpenPage) -> None:
    """A minute before, it is said; who moves stays. What was shown is gone, and so is a dialog."""
    page = open_page(azure)
    page.clock.install()
    page.reload()
    sign_in(page, EVERYTHING)
    look_up(page)
    page.get_by_role("button", name="Opt in: Contoso UK, contoso-uk").click()
    page.get_by_label("Reason").fill("a secret")
    page.clock.fast_forward("14:10")
    expect(page.locator("#idle")).to_be_visible()
    page.keyboard.press("Shift")
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.fast_forward("14:50")
    expect(page.get_by_role("heading", name="Sign in with a key")).to_be_hidden()
    page.clock.fast_forward("00:20")
    expect(page.get_by_role("heading", name="Sign in with a key")).to_be_visible()
    expect(page.locator("#sign-in-problem")).to_contain_text("You were signed out")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0
    assert PERSON not in page.content()
    assert page.locator("#reason").input_value() == ""
