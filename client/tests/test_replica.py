"""Replica over the running app: what it sees after a refresh, and when it refuses."""

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from optout_client import (
    ChangesPage,
    CheckResult,
    FeedGone,
    OptoutClient,
    OptoutUnavailable,
    Replica,
    StaleReplica,
    UnknownSender,
)
from optout_client.testing import FakeOptout

from .copies import imported, within
from .support import REPOSITORY, WHO, App, People

QUICK = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 5}


@pytest.fixture
def replica(optout: OptoutClient, copy_path: Path) -> Iterator[Replica]:
    with Replica(optout, copy_path) as replica:
        yield replica


@pytest.fixture
def own(own_app: App, copy_path: Path) -> Iterator[Replica]:
    """A copy of an app whose list is empty."""
    with OptoutClient(own_app.endpoint, **QUICK) as client, Replica(client, copy_path) as replica:
        yield replica


def said(replica: Replica, recipient: str, sender: str = "12345") -> CheckResult:
    replica.refresh()
    return held_of(replica, recipient, sender)


def held_of(replica: Replica, recipient: str, sender: str = "12345") -> CheckResult:
    (result,) = replica.check(sender, recipient)
    return result


def agrees(replica: Replica, optout: OptoutClient, people: list[str]) -> None:
    """The copy says of everybody what the app does, of every sender."""
    replica.refresh()
    for sender in optout.senders():
        theirs = list(optout.check(sender.sender, people))
        ours = list(replica.check(sender.sender, people))
        assert list(map(told, ours)) == list(map(told, theirs)), sender.sender


def told(result: CheckResult) -> tuple[object, ...]:
    """What a copy knows. Where a list and everything are out by the same word, the app names the list."""
    scope = "list" if result.scope == "everything" else result.scope
    return result.index, result.recipient, result.suppressed, result.state, result.since, scope


def test_stop_and_start(app: App, replica: Replica, people: People) -> None:
    """STOP is seen after a refresh, not before; so is START."""
    (person,) = people(1)
    assert not said(replica, person).suppressed
    app.text(person, "STOP")
    assert not held_of(replica, person).suppressed
    assert said(replica, person).suppressed
    app.text(person, "START")
    assert said(replica, person).state == "in"


def test_stop_all(app: App, replica: Replica, people: People) -> None:
    """STOP ALL to one sender is about all of them."""
    (person,) = people(1)
    app.text(person, "STOP ALL")
    assert said(replica, person, "CONTOSO").suppressed
    app.text(person, "START")
    assert not said(replica, person, "12345").suppressed
    assert held_of(replica, person, "CONTOSO").scope == "everything"


def test_as_the_app(app: App, optout: OptoutClient, replica: Replica, people: People) -> None:
    """Whatever happened, the copy answers as the app does."""
    everybody = people(9)
    for person, words in zip(
        everybody,
        [
            [], ["STOP"], ["STOP", "START"], ["STOP ALL"], ["STOP ALL", "START"], ["START"],
            ["STOP", "STOP ALL"], ["START", "STOP ALL"], ["STOP", "START", "STOP ALL"],
        ],
        strict=True,
    ):  # fmt: skip
        for word, sender in zip(words, ["12345", "+18335550100", "54321"], strict=False):
            app.text(person, word, sender)
    agrees(replica, optout, everybody)


def test_by_hand(optout: OptoutClient, replica: Replica, people: People) -> None:
    """Changes by hand are seen: of a sender, a list, and everything."""
    one, two, three = people(3)
    optout.opt_out(one, sender="+18335550100", **WHO)
    optout.opt_out(two, list_name="contoso-uk", **WHO)
    optout.opt_out(three, everything=True, **WHO)
    agrees(replica, optout, [one, two, three])
    optout.opt_in(one, sender="+18335550100", **WHO)
    agrees(replica, optout, [one, two, three])
    assert not held_of(replica, one, "+18335550100").suppressed


def test_import(app: App, optout: OptoutClient, replica: Replica, people: People) -> None:
    """An import is seen, whole, by more than one page."""
    replica.refresh()
    everybody = people(1_500)
    imported(app, everybody)
    replica.refresh()
    assert all(result.suppressed for result in replica.check("12345", everybody))
    agrees(replica, optout, everybody[:20])


REPLACED = """
[[program]]
name = "Contoso UK"
list = "contoso-uk"

[[program.sender]]
number = "CONTOSO"
type = "alphanumeric"
country = "GB"
opt_out_by = "text STOP to +447400123456"
replaced_by = ["+447400123456"]

[[program.sender]]
number = "78787"
type = "short_code"
country = "GB"
"""


def test_a_number_in_the_place_of_a_sender_id(
    own_app: App, own: Replica, people: People, tmp_path: Path
) -> None:
    """Who is out of the ID may not be texted from the number that networks show in its place."""
    one, two = people(2)
    programs = tmp_path / "programs.toml"
    programs.write_text(REPLACED)
    own_app.kill()
    own_app.set("OPTOUT_PROGRAMS", str(programs))
    own_app.start()
    with OptoutClient(own_app.endpoint, **QUICK) as client:
        blocked = {"recipient": one, "details": "4007: opted out", "at": "2026-06-01T12:00:00Z"}
        own_app.post("api/suppressions/report", {"sender": "CONTOSO", **blocked})
        own_app.text(two, "STOP", "+447400123456")
        agrees(own, client, [one, two])
        number = next(each for each in client.senders() if each.stands_for)
        assert (number.sender, number.stands_for) == ("+447400123456", "contoso")
        assert client.standing(one).suppression(number.sender, number.lists, number.stands_for)
    assert held_of(own, one, "+447400123456").scope == "sender"
    assert not held_of(own, one, "78787").suppressed
    assert held_of(own, two, "CONTOSO").suppressed


def test_renamed(own_app: App, own: Replica, people: People, tmp_path: Path) -> None:
    """Who was on a list is on it under its new name, as soon as the program file says so."""
    (person,) = people(1)
    own_app.text(person, "STOP", "54321")
    assert said(own, person, "54321").suppressed
    own_app.text(person, "START", "54321")
    own_app.post("api/suppressions/opt-out", {"recipient": person, "list": "contoso-promo", **WHO})
    text = (REPOSITORY / "programs.toml").read_text("utf-8")
    programs = tmp_path / "programs.toml"
    own_app.kill()
    own_app.set("OPTOUT_PROGRAMS", str(programs))
    for formerly, suppressed in (("", False), ('formerly = ["contoso-promo"]', True)):
        programs.write_text(
            text.replace('list = "contoso-promo"', f'list = "promo"\n{formerly}'), encoding="utf-8"
        )
        own_app.start()
        assert said(own, person, "54321").suppressed is suppressed
        own_app.kill()


def test_one_short_code_of_two_countries(own_app: App, own: Replica, people: People, tmp_path: Path) -> None:
    """Which is meant, the copy does not know: who is out of either may not be texted."""
    person, other = people(2)
    text = (REPOSITORY / "programs.toml").read_text("utf-8")
    programs = tmp_path / "programs.toml"
    programs.write_text(text.replace('number = "55555"', 'number = "12345"'), encoding="utf-8")
    own_app.kill()
    own_app.set("OPTOUT_PROGRAMS", str(programs))
    own_app.start()
    for each, name in ((person, "contoso-canada"), (other, "contoso-alerts")):
        own_app.post("api/suppressions/opt-out", {"recipient": each, "list": name, **WHO})
    own.refresh()
    assert [result.suppressed for result in own.check("12345", [person, other, *people(1)])] == [
        True, True, False,
    ]  # fmt: skip


def test_passed_by(
    app: App, optout: OptoutClient, people: People, copy_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh goes on until the copy is complete, however often another process keeps a page before it."""
    everybody = people(200)
    imported(app, everybody)
    monkeypatch.setattr("optout_client._replica.PAGE_SIZE", 20)
    changes = optout.changes
    overtaken: list[str | None] = []

    with Replica(optout, copy_path) as replica, Replica(optout, copy_path) as other:

        def late(since: str | None, **options: Any) -> Iterator[ChangesPage]:
            for page in changes(since, **options):
                if len(overtaken) < 5:
                    overtaken.append(since)
                    assert other._held.keep(other._held.place(), page, [], other._held.freshness.now())
                yield page

        monkeypatch.setattr(optout, "changes", late)
        replica.refresh()
        assert all(result.suppressed for result in replica.check("12345", everybody))
    assert len(set(overtaken)) == 5


def test_unknown_sender(replica: Replica) -> None:
    """A sender that no program names is refused, as the app does."""
    replica.refresh()
    with pytest.raises(UnknownSender) as raised:
        list(replica.check("12354", ["+14255550123"]))
    assert raised.value.nearest == ("12345",)


def test_lazily(replica: Replica) -> None:
    """Recipients are read as the results are taken, and an error is raised where it stands."""
    replica.refresh()

    def endless() -> Iterator[str]:
        yield from ["+14255550123"] * 2_000
        yield "nobody"

    results = replica.check("12345", endless())
    assert [next(results).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="recipient 2000"):
        list(results)


def test_new_generation(own_app: App, own: Replica, people: People) -> None:
    """When the store was restored, everything is forgotten and read again: also who was out of what is not
    there any more, and versions that are higher than the restored ones."""
    one, two = people(2)
    own_app.text(one, "STOP")
    assert said(own, one).suppressed
    with sqlite3.connect(own._held.copy.path) as connection:
        connection.execute("INSERT INTO person SELECT ?, version, entries FROM person", (int(two),))
        connection.execute("UPDATE person SET version = version * 2")
    connection.close()
    assert held_of(own, two).suppressed
    own_app.kill()
    done = own_app.run("new-generation")
    assert done.returncode == 0, done.stderr
    own_app.start()
    own_app.text(one, "START")
    assert not said(own, one).suppressed
    assert not held_of(own, two).suppressed


def test_gone_again(optout: OptoutClient, replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app whose instances call each other's places gone is not asked for ever, and answers nothing."""

    asked: list[str | None] = []
    changes = optout.changes

    def gone(since: str | None, **options: Any) -> Iterator[ChangesPage]:
        asked.append(since)
        yield replace(next(iter(changes(since, **options))), more=True)
        raise FeedGone(message="gone")

    replica.refresh()
    monkeypatch.setattr(optout, "changes", gone)
    with pytest.raises(FeedGone):
        replica.refresh()
    assert len(asked) == 2
    assert asked[1] is None
    with pytest.raises(StaleReplica):
        list(replica.check("12345", ["+14255550123"]))


def test_the_app_is_away(own_app: App, own: Replica, people: People) -> None:
    """While the app is away the copy answers until it is too old, and a refresh says why it cannot."""
    (person,) = people(1)
    own_app.text(person, "STOP")
    own.refresh()
    own_app.kill()
    with pytest.raises(OptoutUnavailable):
        own.refresh()
    assert held_of(own, person).suppressed


def test_no_number_is_logged(
    own_app: App, own: Replica, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    """No number of a person is in any log, whatever its level."""
    caplog.set_level(logging.DEBUG)
    (person,) = people(1)
    own_app.text(person, "STOP")
    assert said(own, person).suppressed
    own_app.kill()
    with pytest.raises(OptoutUnavailable):
        own.refresh()
    own.start(every=1)
    within(10, lambda: "the copy is not refreshed: OptoutUnavailable" in caplog.text)
    own.stop()
    assert "/api/changes" in caplog.text
    assert person[2:] not in caplog.text


def test_fake(copy_path: Path) -> None:
    """A copy of the fake, for other people's tests; one of another fake begins anew."""
    for _ in range(2):
        fake = FakeOptout({"12345": ["contoso-alerts"]})
        with Replica(fake.client(), copy_path) as replica:
            assert not said(replica, "+14255550123").suppressed
            fake.stop("+14255550123", "12345")
            assert said(replica, "+14255550123").suppressed


@pytest.mark.parametrize("max_age", [0, -1])
def test_max_age(optout: OptoutClient, copy_path: Path, max_age: float) -> None:
    """An age that no copy can have is refused."""
    with pytest.raises(ValueError, match="max_age"):
        Replica(optout, copy_path, max_age=max_age)
