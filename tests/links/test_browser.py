"""The page of a link in Chromium: on the smallest phone, in the dark, to a screen reader, by keys."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import PATIENCE, complaint
from tests.console.test_everybody import violations
from tests.links.conftest import new_key, setting
from tests.support.browser import chromium
from tests.support.client import App

PERSON = "+447700900123"
Follow = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def follow(
    app: App, browser: Browser, local_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Follow]:
    """Make a link and open it. At the end nothing was refused by the policy, nothing came from anywhere
    else, and nothing was stored."""
    base = f"http://127.0.0.1:{local_port}"
    monkeypatch.setenv("OPTOUT_LINK_BASE", base)
    monkeypatch.setenv("OPTOUT_LINK_KEYS", setting(new_key()))
    problems: list[str] = []
    contexts = []

    def followed(person: str = PERSON, alter: str = "", **options: Any) -> Page:
        made = app.post("links", {"sender": "CONTOSO", "recipients": [person]}).json()["results"][0]
        context = browser.new_context(**{"locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.extend(complaint(message.type, message.text)))
        page.on("request", lambda request: sent.append(request.url))
        page.goto(made["url"] + alter)
        return page

    sent: list[str] = []
    yield followed
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert not problems
    assert {url for url in sent if not re.fullmatch(rf"{base}/(o/[\w-]+|favicon\.ico)", url)} == set()


@pytest.mark.parametrize("width", [320, 390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers(follow: Follow, width: int, scheme: Any) -> None:
    """axe finds nothing before the tap, after it, and on the page of a wrong link, in three languages,
    one of them from right to left; nothing is wider than the screen, and the button is on it."""
    options = {"viewport": {"width": width, "height": 640}, "color_scheme": scheme}
    # axe is brought in from outside, which the policy of the page forbids to everybody else.
    page = follow("+971501234567", bypass_csp=True, locale="fr-FR", **options)
    button = page.get_by_role("button")
    expect(button).to_be_in_viewport()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button.click()
    expect(page.locator(".done").first).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wrong = follow(alter="x", bypass_csp=True, **options)
    expect(wrong.get_by_role("heading")).to_have_text("This link does not work")
    assert violations(wrong) == []


def test_one_tap(app: App, follow: Follow) -> None:
    """Without scripts: the button, and what it did; opened again, the page is as before."""
    page = follow(java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("Contoso UK")
    expect(page).to_have_title("Contoso UK: Stop text messages")
    assert not app.check("CONTOSO", PERSON)["suppressed"]
    page.get_by_role("button", name="Stop text messages").click()
    expect(page.get_by_text("Done: +44…23 will get no more text messages")).to_be_visible()
    assert app.check("CONTOSO", PERSON)["source"] == "link"
    assert page.get_by_role("button").count() == 0


def test_by_keyboard_in_two_languages(app: App, follow: Follow) -> None:
    """The button is the first stop, it can be seen to be, and says in both languages what it does."""
    page = follow("+33612345678", locale="de-DE")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="SMS abbestellen Ne plus recevoir de SMS")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Erledigt: +33…78 erhält keine SMS mehr von Contoso UK.")).to_be_visible()
    expect(page.get_by_text("C’est fait")).to_be_visible()
    assert app.check("CONTOSO", "+33612345678")["suppressed"]


def test_in_colours_of_the_reader(follow: Follow) -> None:
    """Where a system forces its own colours, the button still has an edge."""
    page = follow(forced_colors="active")
    assert page.get_by_role("button").evaluate("each => getComputedStyle(each).borderTopWidth") == "2px"
