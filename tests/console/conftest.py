"""One browser for all tests of the page, and pages that notice what must never happen."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.support.browser import chromium
from tests.support.client import App

# Any number of these tests' people: none may ever stand in an address.
NUMBERS = ("5550", "7700900")
# In milliseconds, for a machine that is busy with other tests.
PATIENCE = 15_000

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open an address in a browser of its own. At the end nothing was refused by the policy, no script
    failed, no dialog came up, no file was missing, and no address had a number."""
    problems: list[str] = []
    contexts = []

    def opened(url: str, **options: Any) -> Page:
        context = browser.new_context(locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on("console", lambda message: problems.extend(complaint(message.type, message.text)))
        page.on("request", lambda request: problems.extend(revealed(request)))
        page.on("response", lambda response: problems.extend(missing(response)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def complaint(kind: str, text: str) -> list[str]:
    """What the browser says on its console, but for answers that a test asked for."""
    expected = text.startswith("Failed to load resource")
    return [] if kind not in ("error", "warning") or expected else [f"{kind}: {text}"]


def revealed(request: Request) -> list[str]:
    return [f"a number in {request.url}" for number in NUMBERS if number in request.url]


def missing(response: Response) -> list[str]:
    own = urlsplit(response.url).path.startswith("/api/console")
    return [f"{response.status} {response.url}"] if own and response.status >= 400 else []


@pytest.fixture
def console(app: App, local_port: int) -> str:
    """The page of the app with an empty store, on the local host."""
    return f"http://127.0.0.1:{local_port}/api/console"
