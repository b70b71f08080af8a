"""A tap on a link, on every store: what it opts out of, when, and what others hear of it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from optout import files
from optout.azure.topic import NotAnnounced, Notice
from optout.domain.enums import Activity, ConsentState, Effect, EvidenceKind
from optout.domain.errors import NotNow
from optout.domain.model import EVERYTHING, Evidence
from optout.operations import documents, feed
from optout.operations.link_key_file import KeyFile
from optout.operations.links import Links
from optout.programs.directory import Directory
from optout.service import new_id
from tests.links.conftest import BASE, new_key
from tests.support.places import Place
from tests.support.program_files import load
from tests.support.world import CONTOSO, World

PERSON = "+447700900123"
KEY = new_key("2026")
PROGRAMS = """
{top}
[[program]]
name = "Contoso UK"
list = "contoso-uk"
{rest}
[program.replies]
stop = "Contoso: You opted out of all messages and will not receive any more."

[[program.sender]]
number = "78787"
type = "short_code"
country = "GB"

[[program.sender]]
number = "{name}"
type = "alphanumeric"
country = "GB"
registered_in = ["GB"]
opt_out_by = "call 0800 800 8000"

[[program]]
name = "Contoso Promo"
list = "contoso-promo"

[[program.sender]]
number = "65432"
type = "short_code"
country = "GB"
"""


def programs(folder: Path, rest: str = "", top: str = "", name: str = "CONTOSO") -> Directory:
    return load(folder, PROGRAMS.format(rest=rest, top=top, name=name))


def links_of(world: World, *keys: Any) -> Links:
    return Links(world.directory, world.recorder, new_id, BASE, keys or (KEY,))


def url(links: Links, sender: str = "contoso", person: str = PERSON) -> str:
    (made,) = links.make(links.directory.sender(sender), [person])
    assert made.url is not None
    return made.url


def tap(world: World, address: str) -> Evidence:
    links = links_of(world)
    found = links.follow(address.removeprefix(f"{BASE}/o/"))
    assert found is not None
    return links.tap(found)


@pytest.fixture
def at(place: Place) -> Iterator[World]:
    """Contoso's service on each store."""
    with World(place) as world:
        yield world


def out_of(world: World, *senders: str) -> list[bool]:
    return [world.check(sender, PERSON).suppressed for sender in senders]


def test_a_tap_opts_out_of_the_sender_and_its_list(at: World) -> None:
    """At the time of the tap; the record says by which key, and the status why."""
    link = url(links_of(at))
    at.clock.move(hours=3)
    evidence = tap(at, link)
    assert (evidence.kind, evidence.effect) == (EvidenceKind.LINK, Effect.OPTED_OUT)
    assert (evidence.sender, evidence.rule, evidence.at) == ("contoso", "link:2026", at.clock.now)
    found = at.check("CONTOSO", PERSON)
    assert (found.suppressed, found.source, found.since) == (True, EvidenceKind.LINK, at.clock.now)
    assert out_of(at, "78787", "12345") == [True, False]
    assert at.store.timeline(PERSON) == (evidence,)
    assert evidence.activity is Activity.OPTED_OUT


def test_the_same_tap_again_only_confirms(at: World) -> None:
    """Each is on record with its time; the opt-out is of the first."""
    link, first = url(links_of(at)), at.clock.now
    effects = []
    for _ in range(3):
        effects.append(tap(at, link).effect)
        at.clock.move(minutes=1)
    assert effects == [Effect.OPTED_OUT, Effect.CONFIRMED, Effect.CONFIRMED]
    assert at.check("CONTOSO", PERSON).since == first


def test_after_the_person_came_back_it_opts_out_again(at: World) -> None:
    """A link never expires, and never opts in; nor is a tap outdated by a clock that was ahead."""
    link = url(links_of(at), "78787")
    assert tap(at, link).effect is Effect.OPTED_OUT
    at.clock.move(minutes=1)
    at.receive("START", "78787", PERSON)
    assert out_of(at, "78787", "CONTOSO") == [False, False]
    at.clock.move(minutes=-2)
    assert tap(at, link).effect is Effect.OPTED_OUT
    assert out_of(at, "78787", "CONTOSO") == [True, True]


def test_a_start_that_was_sent_before_the_tap_comes_late(at: World) -> None:
    """By the order of their times the tap is newer."""
    link, sent = url(links_of(at), "78787"), at.clock.now
    at.clock.move(minutes=1)
    tap(at, link)
    at.receive("START", "78787", PERSON, at=sent)
    assert out_of(at, "78787") == [True]


@pytest.mark.parametrize(
    ("rest", "top", "reached"),
    [
        ("", "", False),
        ('reach = "everything"', "", True),
        ("", 'reach = "everything"', True),
        ('reach = "everything"\nreach_from = 2027-01-31', "", False),
        ('reach = "everything"\nreach_from = 2026-01-31', "", True),
    ],
)
def test_it_reaches_as_far_as_a_stop(tmp_path: Path, rest: str, top: str, reached: bool) -> None:
    """Rule 1, by the program file and the time of the tap."""
    with World(tmp_path / "store", directory=programs(tmp_path, rest, top)) as world:
        assert (EVERYTHING in tap(world, url(links_of(world))).scopes) is reached
        assert out_of(world, "78787", "65432") == [True, reached]


@pytest.mark.parametrize(
    ("then", "now", "reached"),
    [
        ("contoso-uk", "", True),
        ("contoso-uk-2025", 'formerly = ["contoso-uk-2025"]', True),
        ("contoso-uk-2024", "", False),
    ],
)
def test_a_sender_that_is_gone(tmp_path: Path, then: str, now: str, reached: bool) -> None:
    """Its link ends it and, if it is known, the list that it was on, also under another name; as far as
    that list's program reaches now."""
    before = programs(tmp_path)
    sender = replace(before.sender("contoso"), list=then)
    after = programs(tmp_path, now + '\nreach = "everything"', name="CONTOSO2")
    with World(tmp_path / "store", directory=after) as world:
        links = links_of(world)
        (made,) = links.make(sender, [PERSON])
        found = links.follow(str(made.url).removeprefix(f"{BASE}/o/"))
        assert found is not None
        assert found.program == ("Contoso UK" if reached else "contoso")
        assert found.way_back is None
        assert found.ways == (("call 0800 800 8000",) if reached else ())
        assert links.tap(found).effect is Effect.OPTED_OUT
        assert out_of(world, "contoso", "contoso2", "65432") == [True, reached, reached]


def test_a_short_code_of_two_countries(tmp_path: Path) -> None:
    """The recipient's number says whose list is meant."""
    text = "\n".join(
        f'[[program]]\nname = "Contoso {country}"\nlist = "contoso-{country.lower()}"\n'
        f'[[program.sender]]\nnumber = "22395"\ntype = "short_code"\ncountry = "{country}"\n'
        for country in ("US", "GB")
    )
    with World(tmp_path / "store", directory=load(tmp_path, text)) as world:
        assert tap(world, url(links_of(world), "22395")).list == "contoso-gb"
        found = links_of(world).follow(url(links_of(world), "22395", "+14255550123")[-39:])
        assert found is not None
        assert (found.program, found.sender.list) == ("Contoso US", "contoso-us")


@pytest.mark.parametrize(
    ("given", "url_is_there", "error"),
    [
        ("+447700900123", True, None),
        ("07700 900123", True, None),
        ("nobody", False, "not a phone number"),
        ("123", False, "not a phone number"),
        (447700900123, False, "not a text"),
        (None, False, "not a text"),
        ("", False, "not a phone number"),
    ],
)
def test_who_gets_a_link(world: World, given: object, url_is_there: bool, error: str | None) -> None:
    """Whoever is certainly named; another has an error in the same place."""
    sender = CONTOSO.sender("contoso")
    (made,) = links_of(world).make(sender, [given], ["GB"])
    assert (made.url is not None, made.given) == (url_is_there, given)
    assert made.recipient == (PERSON if url_is_there else None)
    assert (error or "") in (made.error or "")


class Hears:
    """A topic that can be away."""

    def __init__(self) -> None:
        self.heard: list[Notice] = []
        self.is_away = False

    def publish(self, notice: Notice) -> None:
        if self.is_away:
            raise NotAnnounced("away")
        self.heard.append(notice)

    def close(self) -> None:
        pass


def test_others_hear_of_it(place: Place) -> None:
    """By an announcement whose cause is the link, and by the feed; a tap that only confirms moves the
    time of the opt-out."""
    topic = Hears()
    with World(place, publisher=topic) as world:
        link = url(links_of(world))
        tap(world, link)
        world.clock.move(minutes=1)
        tap(world, link)
    first, second = topic.heard
    assert first.data["cause"]["kind"] == "link"
    assert first.data["senders"]["contoso"]["suppressed"] is True
    assert second.data["version"] > first.data["version"]


def test_the_feed_has_it(tmp_path: Path) -> None:
    """Whoever keeps a copy learns of a tap like of a STOP."""
    with World(tmp_path) as world:
        tap(world, url(links_of(world)))
        page = feed.changes(world.store, 10, None)
        assert [each["recipient"] for each in page.items] == [PERSON]


@pytest.mark.parametrize("is_away", [False, True], ids=["queue", "no queue"])
def test_where_the_topic_is_away(tmp_path: Path, is_away: bool) -> None:
    """The person is told that they are out, because they are; what is left is the queue's, if there is
    one that takes it."""
    topic = Hears()
    topic.is_away = True
    with World(tmp_path, publisher=topic) as world:
        world.queue.is_away = is_away
        evidence = tap(world, url(links_of(world)))
        assert evidence.effect is Effect.OPTED_OUT
        topic.is_away = False
        world.clock.move(minutes=5)
        world.finish()
    assert bool(topic.heard) is not is_away


def test_two_taps_at_once(place: Place) -> None:
    """Of any number at the same moment one opts out, the others confirm, and none is lost."""
    with World(place) as world:
        link = url(links_of(world))
        tapped: list[Effect] = []
        threads = [
            threading.Thread(target=lambda: tapped.append(tap(world, link).effect)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(tapped) == sorted([Effect.OPTED_OUT, *[Effect.CONFIRMED] * 7])
        assert [each.number for each in world.history(PERSON)] == list(range(1, 9))


def test_what_the_record_shows(world: World) -> None:
    """Kind, sender, key, and that it is no message."""
    item = documents.journal_item(tap(world, url(links_of(world))))
    assert (item["kind"], item["rule"], item["effect"]) == ("link", "link:2026", "opted_out")
    assert world.check("CONTOSO", PERSON).state is ConsentState.OUT


def test_a_leaked_key_is_taken_out(world: World) -> None:
    """Its links are nothing from then on; what was opted out by them stays."""
    old, new = new_key("old"), new_key("new")
    token = url(links_of(world, old)).removeprefix(f"{BASE}/o/")
    found = links_of(world, new, old).follow(token)
    assert found is not None
    links_of(world).tap(found)
    assert links_of(world, new).follow(token) is None
    assert out_of(world, "CONTOSO") == [True]


def test_without_keys(world: World) -> None:
    """Nothing is made, and the message says what to set; whatever is followed is nothing."""
    links = Links(CONTOSO, world.recorder, new_id)
    with pytest.raises(NotNow, match="set OPTOUT_LINK_BASE and OPTOUT_LINK_KEYS"):
        links.make(CONTOSO.sender("contoso"), [PERSON])
    assert links.follow("A" * 40) is None


def test_a_laptop_makes_its_own_key(world: World, tmp_path: Path) -> None:
    """When the first link is made, beside the store, and readable by its owner alone. Another process
    follows the link, also one that began before."""
    file = KeyFile(tmp_path / "link.key")
    served = Links(CONTOSO, world.recorder, new_id, BASE, key_file=file)
    assert served.follow("A" * 40) is None
    assert not file.path.exists()
    token = url(Links(CONTOSO, world.recorder, new_id, BASE, key_file=file)).rpartition("/")[2]
    assert file.path.stat().st_mode & 0o077 == 0
    found = served.follow(token)
    assert found is not None
    assert (found.recipient, found.key) == (PERSON, "local")
    assert [each.name for each in tmp_path.glob("link.key*")] == ["link.key"]


def test_two_processes_make_the_key_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have the one that the file has."""
    file = KeyFile(tmp_path / "link.key")
    create = files.create

    def overtaken(path: Path) -> None:
        monkeypatch.undo()
        file.make()
        create(path)

    monkeypatch.setattr(files, "create", overtaken)
    assert file.make() == file.make() == file.read()


def test_an_opt_out_by_a_link_is_computed_alike(world: World) -> None:
    """Whatever comes late, the fold over everything gives the same consent."""
    link, sent = url(links_of(world), "78787"), world.clock.now
    world.clock.move(minutes=10)
    tap(world, link)
    world.receive("STOP", "78787", PERSON, at=sent + timedelta(minutes=5))
    found = world.check("78787", PERSON)
    assert (found.suppressed, found.since) == (True, sent + timedelta(minutes=5))
