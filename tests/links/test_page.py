"""The page of a link, over HTTP: what it shows, what a tap does, and what it never does."""

import re
from pathlib import Path

import pytest

from optout import service, settings
from optout.domain.errors import StoreAway
from optout.http import link_page
from optout.http.exchange import Request
from optout.operations import link_tries
from optout.operations.link_tries import Tries
from tests.links.conftest import BASE, KEY, new_key, setting
from tests.support.client import Answer, App, environment

PERSON = "+447700900123"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HOW = "call 0800 800 8000"


def path(app: App, sender: str = "CONTOSO", person: str = PERSON) -> str:
    answer = app.post("links", {"sender": sender, "recipients": [person]})
    assert answer.status == 200, answer.body
    url: str = answer.json()["results"][0]["url"]
    assert url.startswith(f"{BASE}/o/")
    return url.removeprefix(BASE)


def opened(app: App, target: str, **headers: str) -> Answer:
    return app.host.request(
        "GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def tapped(app: App, target: str, body: bytes = b"", **headers: str) -> Answer:
    return app.host.request("POST", target, body, {**FORM, **headers})


def text_of(answer: Answer) -> str:
    """What people read of a page."""
    html = re.sub(r"<style>.*</style>", "", answer.body.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_a_link_is_made_opened_and_tapped(linked: App) -> None:
    """The page names the program and the masked number; after the tap the person is out, and the
    history shows why."""
    target = path(linked)
    shown = opened(linked, target)
    assert shown.status == 200
    assert "Do you want to stop text messages from Contoso UK to +44…23?" in text_of(shown)
    assert PERSON[1:] not in shown.body.decode()
    assert not linked.check("CONTOSO", PERSON)["suppressed"]
    done = tapped(linked, target)
    assert done.status == 200
    assert "Done: +44…23 will get no more text messages from Contoso UK." in text_of(done)
    assert f"Contoso UK: {HOW}" in text_of(done)
    assert linked.check("CONTOSO", PERSON)["source"] == "link"
    (item,) = linked.history(PERSON)
    assert (item["kind"], item["sender"], item["rule"]) == ("link", "contoso", "link:2026")


def test_where_no_links_are_configured(linked: App) -> None:
    """409, which says what to set; the sender and the body are looked at first."""
    service.current().links.base = None
    asked = {"sender": "CONTOSO", "recipients": [PERSON]}
    answer = linked.post("links", asked)
    assert answer.status == 409
    assert "set OPTOUT_LINK_BASE and OPTOUT_LINK_KEYS" in answer.json()["detail"]
    assert linked.post("links", {**asked, "sender": "CONTOSA"}).json()["nearest"] == ["CONTOSO"]
    assert linked.post("links", {**asked, "recipients": []}).status == 400
    assert linked.post("links", {**asked, "recipients": [PERSON] * 10_001}).status == 400


def test_ten_thousand_links(linked: App) -> None:
    """In one request, in their order, with an error in the place of whoever is nobody."""
    people = [f"+4477{number:08}" for number in range(9_999)]
    answer = linked.post("links", {"sender": "CONTOSO", "recipients": [*people, 7]})
    results = answer.json()["results"]
    assert [each["recipient"] for each in results] == [*people, 7]
    assert len({each["url"] for each in results[:-1]}) == 9_999
    assert set(results[-1]) == {"recipient", "error"}


def test_whoever_can_answer_is_told_the_word(linked: App) -> None:
    """START brings them back, and it does."""
    done = tapped(linked, path(linked, "78787"))
    assert "To get them again, text START to 78787." in text_of(done)
    assert HOW not in text_of(done)


def test_looking_at_it_changes_nothing(linked: App) -> None:
    """A hundred times, by GET and HEAD, with what previews and scanners say in addition."""
    target = path(linked)
    for turn in range(50):
        assert opened(linked, f"{target}?List-Unsubscribe=One-Click&n={turn}").status == 200
        assert linked.host.request("HEAD", target, headers={"User-Agent": "preview"}).status == 200
    assert linked.history(PERSON) == []
    assert not linked.check("CONTOSO", PERSON)["suppressed"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        (b"in=1&opt-in=true&action=start", "application/x-www-form-urlencoded"),
        (b"\xff\x00 no form", "text/plain"),
    ],
)
def test_whatever_is_sent_opts_out(linked: App, body: bytes, kind: str) -> None:
    """The form, RFC 8058's one click in both of its forms, and what is neither: never in, no redirect,
    no cookie."""
    answer = tapped(linked, path(linked), body, **{"Content-Type": kind})
    assert (answer.status, answer.headers["Set-Cookie"]) == (200, None)
    assert linked.check("CONTOSO", PERSON)["suppressed"]
    assert [each["effect"] for each in linked.history(PERSON)] == ["opted_out"]


def test_a_tap_only_confirms_until_the_person_comes_back(linked: App) -> None:
    target = path(linked)
    assert [tapped(linked, target).status for _ in range(2)] == [200, 200]
    assert [each["effect"] for each in linked.history(PERSON)] == ["confirmed", "opted_out"]
    linked.change("opt-in", PERSON, sender="CONTOSO")
    assert not linked.check("CONTOSO", PERSON)["suppressed"]
    assert tapped(linked, target).status == 200
    assert linked.history(PERSON)[0]["effect"] == "opted_out"
    counts = linked.get("activity").json()
    assert "opted_out" in str(counts)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "alter",
    [
        lambda token: token[:-1],
        lambda token: token[:-9],
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "Q"),
        lambda token: token.swapcase(),
        lambda token: "x",
        lambda token: "A" * 5000,
        lambda token: "%00",
        lambda token: "%E2%80%8B",
        lambda token: "<script>",
    ],
)
def test_a_link_that_is_wrong(
    linked: App, caplog: pytest.LogCaptureFixture, alter: object, method: str
) -> None:
    """404 with a page that says whom to call; nothing is recorded, and nothing logged."""
    target = f"/o/{alter(path(linked)[3:])}"  # type: ignore[operator]
    caplog.clear()
    answer = linked.host.request(method, target)
    assert answer.status == 404
    assert "This link does not work" in text_of(answer)
    assert f"Contoso UK: {HOW}" in text_of(answer)
    assert "<script" not in answer.body.decode()
    assert [record for record in caplog.records if record.name == "optout"] == []
    assert linked.history(PERSON) == []


@pytest.mark.parametrize("after", [".", ",", "!", ")", ").", "%22", "%E2%80%9D"])
def test_a_sentence_may_end_with_a_link(linked: App, after: str) -> None:
    """Phones take what stands right after it, at the end of a text, for part of the address."""
    target = path(linked)
    assert opened(linked, target + after).status == 200
    assert tapped(linked, target + after).status == 200
    assert linked.check("CONTOSO", PERSON)["suppressed"]
    assert opened(linked, f"{target[:-1]}{after}").status == 404


def test_keys_rotate(linked: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a new key in front old links work; where the old one is taken out, they show the page that
    helps."""
    target, newer = path(linked), new_key("2027")
    monkeypatch.setenv("OPTOUT_LINK_KEYS", setting(newer, KEY))
    service.shutdown()
    assert path(linked) != target
    assert tapped(linked, target).status == 200
    assert linked.history(PERSON)[0]["rule"] == "link:2026"
    monkeypatch.setenv("OPTOUT_LINK_KEYS", setting(newer))
    service.shutdown()
    assert (opened(linked, target).status, tapped(linked, target).status) == (404, 404)
    assert linked.check("CONTOSO", PERSON)["suppressed"]


def test_where_the_store_is_away(
    linked: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page can still be opened; a tap says that nothing was saved, and the alarm is raised."""
    target = path(linked)

    def away(*_: object) -> None:
        raise StoreAway("away")

    monkeypatch.setattr(service.current().store, "update", away)
    assert opened(linked, target).status == 200
    answer = tapped(linked, target)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "Please try again" in text_of(answer)
    assert "nothing has changed" in text_of(answer)
    assert "Done" not in text_of(answer)
    assert "stop_not_recorded" in caplog.text
    assert PERSON not in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("OPTOUT_PROGRAMS", "none.toml", 503),
        ("OPTOUT_LINK_KEYS", "k1:none", 503),
        ("OPTOUT_LINK_KEYS", "@Microsoft.KeyVault(SecretUri=https://v.example/secrets/links)", 503),
        ("OPTOUT_LINK_KEYS", "", 404),
    ],
)
def test_where_nothing_is_configured(
    linked: App, monkeypatch: pytest.MonkeyPatch, name: str, value: str, status: int
) -> None:
    """No success is shown for a tap that nobody can record."""
    target = path(linked)
    monkeypatch.setenv(name, value)
    service.shutdown()
    for answer in (opened(linked, target), tapped(linked, target)):
        assert answer.status == status
        assert "<h1" in answer.body.decode()
        assert "Done" not in text_of(answer)


def test_what_breaks_is_no_success(linked: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """500, and the page that asks to try again."""
    target = path(linked)
    monkeypatch.setattr(service.current().store, "update", lambda *_: 1 / 0)
    answer = tapped(linked, target)
    assert answer.status == 500
    assert "Please try again" in text_of(answer)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods(linked: App, method: str) -> None:
    answer = linked.host.request(method, path(linked))
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")
    assert linked.history(PERSON) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("is_right", [True, False])
def test_headers(linked: App, method: str, is_right: bool) -> None:
    """No script, no frame, no cache, no search engine, no cookie, and no address passed on."""
    target = path(linked) if is_right else "/o/wrong"
    headers = linked.host.request(method, target).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers.get_all("Cache-Control") == ["no-store"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Set-Cookie"] is None
    body = linked.host.request(method, target).body.decode()
    assert not re.search(r"<script|<link|<img|https?://|\son\w+=", body)


def asked(token: str, address: str = "", **headers: str) -> Request:
    given = {"x-forwarded-for": address, **headers}
    return Request("GET", path={"token": token}, headers=given)


def test_many_wrong_links_from_one_address(
    linked: App, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a hundred within ten minutes the answer is 429, with the same help, and one line says so
    without the address. Whoever has a right link is never counted, and others are not concerned."""
    token, now = path(linked).removeprefix("/o/"), [0.0]
    running = service.current()
    monkeypatch.setitem(running.__dict__, "link_tries", Tries(lambda: now[0]))

    def status(tried: str, address: str) -> int:
        return int(link_page.show(asked(tried, address), lambda: running).status)

    carrier = "203.0.113.7, 198.51.100.9:51234"
    assert [status("wrong", carrier) for _ in range(101)] == [404] * 100 + [429]
    assert status("wrong", "203.0.113.8, 198.51.100.9:40000") == 429
    assert status(token, carrier) == 200
    assert status("wrong", "198.51.100.9, 198.51.100.10:51234") == 404
    assert caplog.text.count("link_tries") == 1
    assert "198.51.100.9" not in caplog.text
    helped = link_page.show(asked("wrong", carrier), lambda: running)
    assert "0800 800 8000" in str(helped.body)
    now[0] += link_tries.SECONDS + 1
    assert status("wrong", carrier) == 404


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("198.51.100.9:51234", "198.51.100.9"),
        ("1.2.3.4, 198.51.100.9:51234", "198.51.100.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:51234", "[2001:db8::1]"),
        ("", ""),
    ],
)
def test_network_addresses(header: str, address: str) -> None:
    """The one that the platform saw, without its port."""
    assert link_page._address(asked("x", header)) == address


def test_names_are_text(tmp_path: Path) -> None:
    """What a program file says never becomes markup."""
    programs = tmp_path / "programs.toml"
    programs.write_text(
        '[[program]]\nname = "<b>A & {number}</b>"\nlist = "a"\n[[program.sender]]\nnumber = "EVIL"\n'
        'type = "alphanumeric"\ncountry = "GB"\nregistered_in = ["GB"]\n'
        'opt_out_by = "<script>alert(1)</script>"\n',
        "utf-8",
    )
    given = environment(
        tmp_path / "optout.db", OPTOUT_PROGRAMS=str(programs), OPTOUT_LINK_BASE=BASE,
        OPTOUT_LINK_KEYS=setting(KEY),
    )  # fmt: skip
    running = service.build(settings.load(given))
    try:
        (made,) = running.links.make(running.directory.sender("evil"), [PERSON])
        token = str(made.url).rpartition("/")[2]
        for handler, asked_for in (
            (link_page.show, token),
            (link_page.opt_out, token),
            (link_page.show, "x"),
        ):
            body = bytes(handler(asked(asked_for), lambda: running).body).decode()  # type: ignore[arg-type]
            assert not re.search("<script|<b>", body)
        assert (
            "&lt;b&gt;A &amp; {number}&lt;/b&gt;"
            in bytes(
                link_page.show(asked(token), lambda: running).body  # type: ignore[arg-type]
            ).decode()
        )
    finally:
        running.close()
