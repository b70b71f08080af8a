"""A new generation, where a restore cannot be noticed: what comes after it goes before all before."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.cli import main
from optout.domain.errors import Gone
from optout.operations import feed
from optout.operations.standing import document
from optout.store import generation
from optout.store.protocol import Store
from tests.support.client import environment
from tests.support.places import Place
from tests.support.reader import Reader, say
from tests.support.world import PERSON, Clock

JULY = datetime(2026, 7, 1, tzinfo=UTC)


def settings_of(place: Place) -> dict[str, str]:
    """The settings of an app whose store is at a place."""
    if place.file is not None:
        return environment(place.file)
    tables = {
        "OPTOUT_STORE": "tables",
        "OPTOUT_TABLES_CONNECTION_STRING": place.connection_string,
    }
    return environment(Path("unused"), **tables)


@pytest.fixture(params=["sqlite", "tables"])
def configured(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A place that the settings name; in tables under the name that the app gives its own."""
    place = Place(file=tmp_path / "optout.db")
    if request.param == "tables":
        place = Place(connection_string=request.getfixturevalue("azurite"), prefix="optout")
    for name, value in settings_of(place).items():
        monkeypatch.setenv(name, value)
    return place


def version(store: Store) -> int:
    return document(store.snapshot(PERSON), store.generation())["version"]


def test_what_comes_after_goes_before(
    configured: Place, account_time: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next STOP has a higher version than all that was heard, and whoever follows begins again."""
    reader = Reader()
    with closing(configured.open()) as store:
        for _ in range(5):
            say(store, PERSON)
        reader.catch_up(store, account_time)
        before, heard = store.generation(), version(store)
    assert main.main(["new-generation"]) == 0
    said = capsys.readouterr().out
    with closing(configured.open()) as store:
        begun = store.generation()
        assert begun > before
        assert f"generation {begun} has begun, after {before}" in said
        assert "restart every instance" in said
        assert "410" in said
        assert version(store) > heard
        with pytest.raises(Gone):
            feed.changes(store, 10, reader.token)
    assert main.main(["new-generation"]) == 0
    with closing(configured.open()) as store:
        assert store.generation() > begun


def test_an_instance_that_goes_on(configured: Place) -> None:
    """It keeps the generation that it knows until it is restarted: hence the advice."""
    with closing(configured.open()) as store:
        say(store, PERSON)
        before = store.generation()
        assert main.main(["new-generation"]) == 0
        assert store.generation() == before


def test_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is mistyped makes no file, of whose generation somebody would be told."""
    for name, value in environment(tmp_path / "other.db").items():
        monkeypatch.setenv(name, value)
    assert main.main(["new-generation"]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [1, 2, 17_000, 10**6])
@pytest.mark.parametrize("days", [-400, 0, 1, 9000])
def test_a_number_that_only_grows(number: int, days: int) -> None:
    """Whatever the clock says."""
    assert generation.following(number, JULY + timedelta(days=days)) > number


def test_a_number_that_the_copy_knows_nothing_of() -> None:
    """It is higher than any that began a quarter of an hour ago, or that of a new store."""
    later = JULY + timedelta(minutes=15)
    assert generation.following(1, later) > generation.following(1, JULY) > generation.first(JULY)
