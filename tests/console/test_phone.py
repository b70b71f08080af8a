"""The phone of the local host: what a person texts, what comes back, what was understood."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from optout import service
from optout.operations.reply_delivery import REPLY_TAG
from optout.settings import ROOT
from tests.console.conftest import OpenPage
from tests.support.client import App
from tests.support.payloads import report_event, sms_event


def text(page: Page, words: str, sender: str = "12345") -> None:
    """Choose a sender and send it a message."""
    page.locator("#view-phone").get_by_label("Sender").select_option(sender)
    expect(page.locator("#standing")).to_contain_text(f"From {sender}")
    page.get_by_label("Message", exact=True).fill(words)
    before = page.locator(".from-person").count()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".from-person")).to_have_count(before + 1)
    expect(page.locator(".from-person").last).to_have_text(f"You: {words}")


def test_a_number_as_people_write_it(app: App, console: str, open_page: OpenPage) -> None:
    """What is typed becomes the number before an event says it; what may be two is not sent."""
    page = open_page(console)
    person = page.get_by_label("The person's number")
    expect(page.locator("#standing")).to_contain_text("May be texted")
    person.fill("(212) 555-0123")
    page.get_by_label("Message", exact=True).fill("STOP")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".from-person")).to_have_text("You: STOP")
    expect(person).to_have_value("+12125550123")
    person.fill("2072345678")
    page.get_by_label("Message", exact=True).fill("STOP")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#phone-problem")).to_contain_text("did you mean +1 207 234 5678")
    assert {item["recipient"] for item in app.get("export").json()["items"]} == {"+12125550123"}


@pytest.mark.parametrize(
    ("sender", "words", "rule", "answer", "by"),
    [
        ("12345", "STOP", "house:STOP", "Contoso Alerts: You opted out", "optout answered (printed)"),
        (
            "+18335550100",
            "stop",
            "toll_free:STOP",
            "NETWORK MSG: You replied with",
            "The carrier answered",
        ),
        (
            "54321",
            "QUIT",
            "us.short_code.platform:QUIT",
            "Contoso Alerts: You opted out",
            "ACS answered",
        ),
        ("55555", "ARRET", "house:ARRET", "Contoso Canada : vous êtes désabonné", "optout answered"),
        ("78787", "STOP ALL", "house:STOP ALL", "Contoso UK: You have opted out", "optout answered"),
        (
            "12345",
            "please take me off this list",
            "en:",
            "Contoso Alerts: You opted out",
            "optout answered",
        ),
    ],
)
def test_a_stop_as_the_phone_shows_it(
    console: str, open_page: OpenPage, sender: str, words: str, rule: str, answer: str, by: str
) -> None:
    """The person's words, the one answer, who gave it; beside them what was understood, and by which
    rule. The person is opted out."""
    page = open_page(console)
    text(page, words, sender)
    person, reply = page.locator(".exchange").all()
    expect(person).to_contain_text("Opted out")
    expect(person.locator("code")).to_contain_text(rule)
    expect(reply.locator(".to-person")).to_contain_text(answer)
    expect(reply.locator(".beside")).to_contain_text(by)
    expect(page.locator("#standing")).to_contain_text("Opted out")


def test_a_conversation(console: str, open_page: OpenPage) -> None:
    """STOP, again, START, and a question: each answered once or not at all, and it says why not."""
    page = open_page(console)
    for words in ("STOP", "STOP", "START", "Hi?"):
        text(page, words)
    shown = [each.inner_text().split("\n")[-1] for each in page.locator(".exchange").all()]
    assert page.locator(".to-person").count() == 2
    assert shown[2] == "The answer was not sent: the same request had just been answered."
    assert shown[-1] == "Changes nothing"
    expect(page.locator("#standing")).to_contain_text("May be texted")


def test_the_clarifying_dialogue(
    console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """STOP ends everything and asks once; until it is answered all has stopped, STOP asks nothing more,
    and the answer keeps one list."""
    programs = tmp_path / "programs.toml"
    programs.write_text(DIALOGUE, "utf-8")
    monkeypatch.setenv("OPTOUT_PROGRAMS", str(programs))
    service.shutdown()
    page = open_page(console)
    sender, standing = page.locator("#view-phone").get_by_label("Sender"), page.locator("#standing")
    for words in ("STOP", "Stop!"):
        text(page, words)
        for other in ("+14255550100", "+14255550101", "12345"):
            sender.select_option(other)
            expect(standing).to_contain_text(f"From {other}")
            expect(standing).to_contain_text("Opted out")
    text(page, "ALERTS")
    replies = [each.inner_text() for each in page.locator(".to-person").all()]
    assert replies == ["No more. Reply ALERTS to keep alerts.", "You keep alerts."]
    expect(page.locator(".exchange").first).to_contain_text("everything")
    expect(page.locator(".exchange code").last).to_have_text("program:ALERTS")
    expect(standing).to_contain_text("Opted out")
    sender.select_option("+14255550100")
    expect(standing).to_contain_text("Opted in")
    page.goto(f"{console}#look-up")
    page.get_by_label("Phone number").fill("+14255550123")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#view-look-up .lead").last).to_have_text(
        "Opted out of everything but 1 of 3 lists."
    )


DIALOGUE = """
[[program]]
name = "Promo"
list = "promo"
reach = "everything"

[program.replies]
stop = "No more. Reply ALERTS to keep alerts."

[[program.keyword]]
words = ["ALERTS"]
intent = "start"
list = "alerts"
reply = "You keep alerts."

[[program.sender]]
number = "12345"
type = "short_code"
country = "US"

[[program]]
name = "Alerts"
list = "alerts"

[[program.sender]]
number = "+14255550100"
type = "long_code"

[[program]]
name = "News"
list = "news"

[[program.sender]]
number = "+14255550101"
type = "long_code"
"""


def test_conversations_are_kept_apart(console: str, open_page: OpenPage) -> None:
    """Another sender and another person have threads of their own; going back shows the first again."""
    page = open_page(console)
    text(page, "HELP")
    page.get_by_role("button", name="New").click()
    expect(page.locator("#thread")).to_contain_text("No messages yet")
    page.get_by_label("The person's number").fill("+1 425 555 0123")
    page.keyboard.press("Tab")
    expect(page.locator(".from-person")).to_have_text("You: HELP")
    page.locator("#view-phone").get_by_label("Sender").select_option("78787")
    expect(page.locator("#thread")).to_contain_text("No messages yet")
    expect(page.get_by_label("The person's number")).to_have_value("+447700900123")


def test_nobody_can_text_a_sender_id(console: str, open_page: OpenPage) -> None:
    """An alphanumeric sender has no field to write in; where the app makes no links, the thread says
    what people do instead."""
    page = open_page(console)
    page.route("**/api/links", lambda route: route.fulfill(status=409, json={"detail": "none"}))
    page.locator("#view-phone").get_by_label("Sender").select_option("CONTOSO")
    expect(page.locator("#thread")).to_contain_text("Nobody can text a sender ID")
    expect(page.get_by_label("Message", exact=True)).to_be_hidden()


def test_a_suggestion_is_one_click(console: str, open_page: OpenPage) -> None:
    """Suggestions speak the sender's languages."""
    page = open_page(console)
    page.locator("#view-phone").get_by_label("Sender").select_option("55555")
    page.get_by_role("button", name="AIDE").click()
    expect(page.locator(".to-person")).to_contain_text("Soutien 1-800-800-8000")


def test_a_long_conversation_makes_the_page_no_longer(
    app: App, console: str, open_page: OpenPage
) -> None:
    """However much was said, it scrolls in the phone; below it there is no blank space."""
    page = open_page(console, viewport={"width": 1440, "height": 900})
    expect(page.locator("#thread")).to_contain_text("No messages yet")
    height = page.evaluate("document.documentElement.scrollHeight")
    app.deliver(*(sms_event(f"message {number}") for number in range(30)))
    page.reload()
    expect(page.locator(".from-person")).to_have_count(30)
    assert page.evaluate("document.documentElement.scrollHeight") == height
    assert page.locator("#thread").evaluate("each => each.scrollHeight > each.clientHeight")


def test_a_delivery_report(app: App, console: str, open_page: OpenPage) -> None:
    """What ACS says of a message that was blocked is in the thread, with what it did; also of a sender
    that nobody can text."""
    page = open_page(console)
    for sender, number in (("12345", "+14255550123"), ("CONTOSO", "+447700900123")):
        page.locator("#view-phone").get_by_label("Sender").select_option(sender)
        page.get_by_role("button", name="Report a block").click()
        expect(page.locator("#thread .event")).to_contain_text("A delivery report about Contoso")
        expect(page.locator("#thread .event")).to_contain_text("Opted out")
        expect(page.locator("#standing")).to_contain_text("Opted out")
        assert app.check(sender, number)["source"] == "delivery_report"


def test_what_became_of_an_answer(app: App, console: str, open_page: OpenPage) -> None:
    """ACS's delivery report about our answer stands beside it."""
    page = open_page(console)
    text(page, "HELP")
    (asked,) = app.history("+14255550123")
    app.deliver(report_event("Handset is off.", from_="12345", tag=REPLY_TAG + asked["id"]))
    page.reload()
    expect(page.locator("#thread")).to_contain_text("Not delivered: Handset is off.")


def test_the_link_of_a_sender_that_nobody_can_text(
    app: App, console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone shows the person's own; whoever taps it and comes back sees what it did."""
    base = console.removesuffix("/api/console")
    monkeypatch.setenv("OPTOUT_LINK_BASE", base)
    service.shutdown()
    page = open_page(console)
    page.locator("#view-phone").get_by_label("Sender").select_option("CONTOSO")
    link = page.locator("#thread a")
    expect(link).to_have_text(re.compile(rf"^{base}/o/[\w-]+$"))
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    with page.context.expect_page() as opened:
        link.click()
    opened.value.get_by_role("button").click()
    expect(opened.value.locator(".done")).to_be_visible()
    opened.value.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#thread")).to_contain_text("Tapped the link of a message from")
    expect(page.locator("#standing")).to_contain_text("Opted out")
    page.locator("#thread summary").click()
    expect(page.locator("#thread details")).to_contain_text("The key that made the link: link:local")
    (item,) = app.history("+447700900123")
    assert (item["kind"], item["effect"]) == ("link", "opted_out")


def test_only_our_own_texts_have_links(
    console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An address in an answer leads there, without the full stop; one that a person wrote does not."""
    programs = tmp_path / "programs.toml"
    answer = "Contoso: ask at https://contoso.example/help."
    written = (ROOT / "programs.toml").read_text("utf-8")
    help_ = next(line for line in written.splitlines() if line.startswith("help = "))
    programs.write_text(written.replace(help_, f'help = "{answer}"', 1), "utf-8")
    monkeypatch.setenv("OPTOUT_PROGRAMS", str(programs))
    service.shutdown()
    page = open_page(console)
    text(page, "see https://evil.example/x")
    text(page, "HELP")
    expect(page.locator(".to-person")).to_have_text(answer)
    expect(page.locator("#thread a")).to_have_count(1)
    expect(page.locator("#thread a")).to_have_attribute("href", "https://contoso.example/help")


def test_a_message_that_could_not_be_taken(
    app: App, console: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and keeps what was written."""
    page = open_page(console)
    expect(page.locator("#thread")).to_contain_text("No messages yet")
    monkeypatch.setenv("OPTOUT_PROGRAMS", "there is no such file.toml")
    service.shutdown()
    page.get_by_label("Message", exact=True).fill("STOP")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The app answered 500")
    expect(page.get_by_label("Message", exact=True)).to_have_value("STOP")
