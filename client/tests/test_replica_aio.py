"""Replica for asyncio over the running app: the same copy, and nobody waits while it is read."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from optout_client import CheckResult, FeedGone, OptoutUnavailable, StaleReplica, UnknownSender
from optout_client.aio import OptoutClient, Replica
from optout_client.testing import FakeOptout

from .copies import imported
from .support import App, People

QUICK = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 5}


@asynccontextmanager
async def replica_of(app: App, path: Path, **options: Any) -> AsyncIterator[Replica]:
    async with OptoutClient(app.endpoint, **QUICK) as optout, Replica(optout, path, **options) as replica:
        yield replica


async def checked(
    replica: Replica, recipients: str | Iterable[str], sender: str = "12345"
) -> list[CheckResult]:
    return [result async for result in replica.check(sender, recipients)]


async def suppressed(replica: Replica, recipients: str | Iterable[str]) -> list[bool]:
    return [result.suppressed for result in await checked(replica, recipients)]


async def within(seconds: float, is_so: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.02)


def test_what_happens_is_seen(app: App, people: People, copy_path: Path) -> None:
    """STOP, START and an import are seen after a refresh, not before."""
    everybody = people(1_200)

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            with pytest.raises(StaleReplica, match="not complete"):
                await checked(replica, everybody)
            await replica.refresh()
            assert not any(await suppressed(replica, everybody))
            app.text(everybody[0], "STOP")
            assert await suppressed(replica, everybody[0]) == [False]
            await replica.refresh()
            assert await suppressed(replica, everybody[:2]) == [True, False]
            app.text(everybody[0], "START")
            imported(app, everybody[1:])
            await replica.refresh()
            results = await checked(replica, everybody)
            assert [each.suppressed for each in results] == [False] + [True] * 1_199
            assert [each.index for each in results] == list(range(1_200))
            assert replica.age is not None
            assert replica.age < 10

    asyncio.run(main())


def test_errors(app: App, copy_path: Path) -> None:
    """What cannot be answered raises what the copy for threads raises."""

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            await replica.refresh()
            with pytest.raises(UnknownSender):
                await checked(replica, ["+14255550123"], "12354")
            with pytest.raises(ValueError, match="recipient 1:"):
                await checked(replica, ["+14255550123", "4255550123"])

    asyncio.run(main())


def test_new_generation(own_app: App, people: People, copy_path: Path) -> None:
    """When the store was restored, everything is forgotten and read again."""
    (person,) = people(1)

    async def main() -> None:
        async with replica_of(own_app, copy_path) as replica:
            own_app.text(person, "STOP")
            await replica.refresh()
            own_app.kill()
            with pytest.raises(OptoutUnavailable):
                await replica.refresh()
            assert own_app.run("new-generation").returncode == 0
            own_app.start()
            lives = replica._held.copy.state().life
            await replica.refresh()
            assert replica._held.copy.state().life == lives + 1
            assert await suppressed(replica, person) == [True]

    asyncio.run(main())


def test_gone_again(app: App, copy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that calls every place gone is not asked for ever."""

    async def gone(*_: object, **__: object) -> AsyncIterator[None]:
        raise FeedGone(message="gone")
        yield

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            monkeypatch.setattr(replica._optout, "changes", gone)
            with pytest.raises(FeedGone):
                await replica.refresh()

    asyncio.run(main())


def test_two_at_once(app: App, people: People, copy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two replicas of one file in one loop pass by each other's pages, and both are right in the end."""
    everybody = people(200)
    imported(app, everybody)
    monkeypatch.setattr("optout_client.aio._replica.PAGE_SIZE", 10)

    async def main() -> None:
        async with replica_of(app, copy_path) as one, replica_of(app, copy_path) as two:
            await asyncio.gather(one.refresh(), two.refresh(), two.refresh())
            assert all(await suppressed(one, everybody))
            assert all(await suppressed(two, everybody))

    asyncio.run(main())


def test_in_the_background(own_app: App, people: People, copy_path: Path) -> None:
    """A STOP is seen within the interval, also after the app was killed and started again."""
    one, two = people(2)

    async def main() -> None:
        async with replica_of(own_app, copy_path) as replica:
            replica.start(every=0.5)
            with pytest.raises(RuntimeError, match="already"):
                replica.start()
            await within(10, lambda: _is(replica.age is not None))
            own_app.text(one, "STOP")
            await within(2, lambda: _are(replica, one))
            own_app.kill()
            await asyncio.sleep(1)
            own_app.start()
            own_app.text(two, "STOP")
            await within(5, lambda: _are(replica, two))

    asyncio.run(main())


def test_whatever_goes_wrong(
    app: App, copy_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The refresher ends by nothing but stop: an error is logged, without numbers, and it is tried again."""
    caplog.set_level(logging.DEBUG)

    def fail() -> None:
        raise ZeroDivisionError("+14255550123")

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            with monkeypatch.context() as broken:
                broken.setattr(replica._optout, "senders", fail)
                replica.start(every=0.1)
                await within(5, lambda: _is(caplog.text.count("not refreshed: ZeroDivisionError") > 2))
            await within(5, lambda: _is(replica.age is not None))
            await replica.stop()
            await replica.stop()
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert "14255550123" not in caplog.text


def test_nobody_waits(app: App, people: People, copy_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a page is written, which may wait for another process, the loop goes on, and checks too."""
    (person,) = people(1)

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            await replica.refresh()
            keep = replica._held.keep

            def slowly(*told: Any) -> Any:
                time.sleep(0.5)
                return keep(*told)

            monkeypatch.setattr(replica._held, "keep", slowly)
            refreshing = asyncio.create_task(replica.refresh())
            await asyncio.sleep(0.2)
            started = time.monotonic()
            assert await suppressed(replica, person) == [False]
            assert time.monotonic() - started < 0.1
            assert not refreshing.done()
            await refreshing

    asyncio.run(main())


def test_many_let_others_go_on(app: App, copy_path: Path) -> None:
    """A check of very many does not keep the loop to itself."""

    async def main() -> None:
        async with replica_of(app, copy_path) as replica:
            await replica.refresh()
            checking = asyncio.create_task(suppressed(replica, ["+14255550123"] * 20_000))
            turns = 0
            while not checking.done():
                turns += 1
                await asyncio.sleep(0)
            assert turns >= 40

    asyncio.run(main())


def test_fake(copy_path: Path) -> None:
    """A copy of the fake, for other people's tests."""

    async def main() -> None:
        fake = FakeOptout({"12345": ["contoso-alerts"]})
        async with Replica(fake.aio_client(), copy_path) as replica:
            fake.stop("+14255550123", "12345")
            await replica.refresh()
            assert await suppressed(replica, ["+14255550123", "+14255550124"]) == [True, False]

    asyncio.run(main())


async def _is(so: bool) -> bool:
    return so


async def _are(replica: Replica, person: str) -> bool:
    return all(await suppressed(replica, person))
