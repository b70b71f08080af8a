"""Looking a number up, and changing consent by hand."""

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from optout import service
from tests.console.conftest import OpenPage
from tests.support.client import App
from tests.support.payloads import sms_event
from tests.test_number_matrix import MATRIX

PERSON = "+14255550123"


def look_up(page: Page, number: str = PERSON) -> None:
    page.get_by_label("Phone number").fill(number)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#look-up-result")).to_have_attribute("aria-busy", "false")


def sign(page: Page, action: str, what: str | None = None) -> None:
    """Fill the dialog in and confirm it."""
    dialog = page.get_by_role("dialog")
    if what:
        dialog.get_by_label("What").select_option(what)
    dialog.get_by_label("Reason").fill("asked on the phone")
    dialog.get_by_label("Your name").fill("ann@contoso.example")
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_be_hidden()


def test_where_a_person_stands_and_what_happened(app: App, console: str, open_page: OpenPage) -> None:
    """Every list, since when and why; the timeline, newest first: the words, the rule, the answer."""
    for words, sender in (("HELP", "12345"), ("STOP", "+18335550100"), ("stop it please", "99999")):
        app.deliver(sms_event(words, to=sender))
    page = open_page(f"{console}#look-up")
    look_up(page, "1 (425) 555-0123")
    expect(page.locator("#person")).to_have_text(PERSON)
    expect(page.locator(".person-row")).to_contain_text("Opted out on 2 of 5 lists.")
    alerts = page.locator(".list-card", has_text="contoso-alerts")
    expect(alerts.locator(".senders li", has_text="+18335550100")).to_contain_text(
        "blocked by the carrier"
    )
    expect(alerts.locator(".senders li", has_text="12345")).to_contain_text("same as the list")
    expect(page.locator(".list-card", has_text="99999")).to_contain_text("In no program")
    expect(page.locator(".list-card", has_text="contoso-uk")).to_contain_text("May be texted")
    newest, stop, question = page.locator(".timeline > li").all()
    expect(newest.locator(".words")).to_have_text("stop it please")
    expect(newest).to_contain_text("Nobody answered")
    expect(stop.locator("code")).to_have_text("toll_free:STOP")
    expect(stop).to_contain_text("The carrier answered")
    expect(stop.locator(".reply")).to_contain_text("NETWORK MSG")
    expect(question).to_contain_text("Understood as HELP")
    expect(question).to_contain_text("Thanks for texting Contoso!")


def test_opting_out_and_in_by_hand(app: App, console: str, open_page: OpenPage) -> None:
    """With a reason and a name, which the history keeps; the next dialog knows the name already."""
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt out: Contoso UK, contoso-uk").click()
    sign(page, "Opt out")
    card = page.locator(".list-card", has_text="contoso-uk")
    expect(card).to_contain_text("opted out by hand")
    expect(page.locator("#toast")).to_have_text("Opted out.")
    assert app.check("78787", PERSON)["scope"] == "list"
    entry = page.locator(".timeline > li").first
    expect(entry).to_contain_text(
        "ann@contoso.example opted out by hand, Contoso UK (contoso-uk): asked on the phone"
    )
    page.get_by_role("button", name="Opt in: Contoso UK, contoso-uk").click()
    expect(page.get_by_label("Your name")).to_have_value("ann@contoso.example")
    sign(page, "Opt in")
    expect(card).to_contain_text("May be texted")
    assert app.check("78787", PERSON)["suppressed"] is False


@pytest.mark.parametrize(
    ("what", "scope", "sender"),
    [("sender CONTOSO", "sender", "CONTOSO"), ("everything", "everything", "12345")],
)
def test_what_is_changed_can_be_chosen(
    app: App, console: str, open_page: OpenPage, what: str, scope: str, sender: str
) -> None:
    """A sender with its list, a list, or everything, from one dialog."""
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt out of everything…").click()
    sign(page, "Opt out", what)
    assert app.check(sender, PERSON)["scope"] == scope


def test_what_only_the_person_can_lift(app: App, console: str, open_page: OpenPage) -> None:
    """Opting in at a desk does not lift the carrier's block; it says what the person must text."""
    app.deliver(sms_event("STOP", to="+18335550100"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt in: Contoso Alerts, contoso-alerts").click()
    sign(page, "Opt in")
    expect(page.locator(".is-remedy")).to_contain_text(
        "ask them to text START or UNSTOP to +18335550100"
    )
    assert app.check("+18335550100", PERSON)["suppressed"] is True
    assert app.check("12345", PERSON)["suppressed"] is False


def test_a_refused_change_stays_in_the_dialog(app: App, console: str, open_page: OpenPage) -> None:
    """Blanks are no reason: the dialog says what is wrong, and nothing is changed."""
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt out: Contoso UK, contoso-uk").click()
    page.get_by_label("Reason").fill("  ")
    page.get_by_label("Your name").fill("ann")
    page.get_by_role("dialog").get_by_role("button", name="Opt out").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("reason:")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert app.history(PERSON) == []


def test_a_retry_is_the_same_change(app: App, console: str, open_page: OpenPage) -> None:
    """An answer that got lost: submitting the same again changes nothing more; another reason is
    another change."""
    keys: list[str] = []

    def lose_the_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        route.fulfill(status=503, json={"detail": "lost"}) if len(keys) < 4 else route.fulfill(
            response=answer
        )

    page = open_page(f"{console}#look-up")
    page.route("**/suppressions/opt-out", lose_the_answer)
    look_up(page)
    page.get_by_role("button", name="Opt out: Contoso UK, contoso-uk").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("ann")
    for count, reason in enumerate(["phoned", "phoned", "wrote"], start=1):
        dialog.get_by_label("Reason").fill(reason)
        dialog.get_by_role("button", name="Opt out").click()
        expect(dialog.get_by_role("alert")).to_contain_text("lost")
        expect(dialog.get_by_role("button", name="Opt out")).to_be_enabled()
        assert len(keys) == count
    dialog.get_by_role("button", name="Opt out").click()
    expect(dialog).to_be_hidden()
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert [item["reason"] for item in app.history(PERSON)] == ["wrote", "phoned"]


def test_a_long_history_comes_in_pages(app: App, console: str, open_page: OpenPage) -> None:
    """The newest first, older ones when asked for."""
    app.deliver(*(sms_event(f"message {number}") for number in range(30)))
    page = open_page(f"{console}#look-up")
    look_up(page)
    expect(page.locator(".timeline > li")).to_have_count(20)
    page.get_by_role("button", name="Show older").click()
    expect(page.locator(".timeline > li")).to_have_count(30)
    expect(page.get_by_role("button", name="Show older")).to_be_hidden()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("(425) 555-0123", "+1 425 555 0123, United States"),
        ("604-555-0123", "+1 604 555 0123, Canada"),
        ("020 7946 0958", "+44 20 7946 0958, United Kingdom"),
        ("07700 900123", "+44 7700 900123"),
        ("2072345678", "did you mean +1 207 234 5678 or +44 20 7234 5678?"),
        ("425555012x3", "not a phone number; write it with + and the country code"),
        ("42555", ""),
    ],
)
def test_how_a_number_is_read_as_one_types(
    console: str, open_page: OpenPage, typed: str, said: str
) -> None:
    """The line below the field, before anything is looked up; nothing while there is too little."""
    page = open_page(f"{console}#look-up")
    field = page.get_by_label("Phone number")
    field.press_sequentially("+1 212 555 0123")
    expect(page.locator("#recipient-read")).to_have_text("+1 212 555 0123, United States")
    field.fill("")
    field.press_sequentially(typed)
    expect(page.locator("#recipient-read")).to_contain_text(said)
    if not said:
        page.wait_for_timeout(1000)
        expect(page.locator("#recipient-read")).to_have_text("")
    expect(page.locator("#person")).to_have_count(0)


def test_the_number_that_is_shown(app: App, console: str, open_page: OpenPage) -> None:
    """However it is written: the number of the table, or how to write it. Opting out is about that
    number, and about no other."""
    page = open_page(f"{console}#look-up")
    for written in MATRIX:
        if not written.text:
            continue
        look_up(page, written.text)
        if written.shown is None:
            expect(page.get_by_role("alert")).to_be_visible()
            expect(page.locator("#person")).to_have_count(0)
            continue
        expect(page.locator("#person")).to_have_text(written.shown)
    look_up(page, "310-555-6306")
    page.get_by_role("button", name="Opt out of everything…").click()
    sign(page, "Opt out")
    expect(page.locator(".person-row")).to_contain_text("Opted out of everything.")
    items = app.get("export").json()["items"]
    assert [item["recipient"] for item in items] == ["+13105556306"]


def test_a_sender_of_no_program(app: App, console: str, open_page: OpenPage) -> None:
    """Who opted out of it by a message can be opted in: it is chosen, and not typed."""
    app.deliver(sms_event("STOP", to="99999"))
    page = open_page(f"{console}#look-up")
    look_up(page)
    page.get_by_role("button", name="Opt in: 99999").click()
    sign(page, "Opt in")
    expect(page.locator(".list-card", has_text="99999")).to_contain_text("May be texted")
    assert app.check("99999", PERSON, allow_unconfigured=True)["state"] == "in"


@pytest.mark.parametrize(("typed", "said"), [("nobody", "not a phone number"), ("12", "2 digits")])
def test_what_is_no_number(console: str, open_page: OpenPage, typed: str, said: str) -> None:
    """It says how to write one."""
    page = open_page(f"{console}#look-up")
    look_up(page, typed)
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_a_store_that_is_away(
    app: App, console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 is said in the API's own words, and can be tried again when it is over."""
    page = open_page(f"{console}#look-up")
    with monkeypatch.context() as broken:
        broken.setenv("OPTOUT_STORE", "sqlite:/dev/null/optout.db")
        service.shutdown()
        look_up(page)
        expect(page.get_by_role("alert").first).to_contain_text("Not available now.")
        expect(page.get_by_role("alert").first).to_contain_text("Do not send")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator(".person-row")).to_contain_text("May be texted from every list.")


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>STOP",
    "</blockquote><h1>Free</h1>",
    "&lt;b&gt;bold&lt;/b&gt;",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_text_never_becomes_markup(app: App, console: str, open_page: OpenPage, words: str) -> None:
    """What somebody texts, or writes as a reason, is shown letter for letter: no element comes of it.
    The page fixture sees to dialogs, scripts and the policy."""
    app.deliver(sms_event(words))
    app.change("opt-out", PERSON, list="contoso-uk", reason=words, actor=words)
    page = open_page(f"{console}#look-up")
    look_up(page)
    expect(page.locator(".words")).to_have_text(words, use_inner_text=True)
    expect(page.locator(".timeline")).to_contain_text(
        f"{words} opted out by hand, Contoso UK (contoso-uk): {words}"
    )
    page.get_by_role("link", name="Phone").click()
    expect(page.locator(".from-person")).to_contain_text(words)
    assert page.locator("#main :is(img, script, h1:text('Free'), b)").count() == 0


def test_the_browser_itself_refuses_markup(console: str, browser: Browser) -> None:
    """Should a script ever try: the policy takes no text for markup."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(console)
        with pytest.raises(Error, match="TrustedHTML"):
            page.evaluate("document.body.innerHTML = '<p>x'")
