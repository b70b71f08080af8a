"""Whoever asks for the health of the app often makes the store work no more than who asks seldom."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from optout.domain.errors import StoreAway
from optout.operations.health import SECONDS, StoreHealth
from optout.store.protocol import Store


class Asked:
    """A store that counts how often it is asked, and answers when it may."""

    def __init__(self) -> None:
        self.times = 0
        self.is_away = False
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_asked = threading.Event()

    def check(self) -> None:
        self.times += 1
        self.is_asked.set()
        assert self.may_answer.wait(10)
        if self.is_away:
            raise StoreAway("away")


class Timer:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Asked:
    return Asked()


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def health(store: Asked, timer: Timer) -> StoreHealth:
    return StoreHealth(cast(Store, store), timer)


def is_well(health: StoreHealth) -> bool:
    try:
        health.check()
    except StoreAway:
        return False
    return True


@pytest.mark.parametrize("is_away", [False, True])
def test_an_answer_holds_for_seconds(
    health: StoreHealth, store: Asked, timer: Timer, is_away: bool
) -> None:
    """A good one and a bad one; then the store is asked again, and the new one holds."""
    store.is_away = is_away
    assert {is_well(health) for _ in range(100)} == {not is_away}
    store.is_away = not is_away
    timer.now += SECONDS - 0.1
    assert is_well(health) is not is_away
    assert store.times == 1
    timer.now += 0.2
    assert {is_well(health) for _ in range(100)} == {is_away}
    assert store.times == 2


def test_a_store_that_hangs_holds_one_thread(health: StoreHealth, store: Asked, timer: Timer) -> None:
    """The others go by what it said last, so that events find a thread."""
    health.check()
    timer.now += SECONDS
    store.may_answer.clear()
    store.is_asked.clear()
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(is_well, health)
        assert store.is_asked.wait(10)
        assert all(is_well(health) for _ in range(100))
        store.is_away = True
        store.may_answer.set()
        assert asking.result() is False
    assert (is_well(health), store.times) == (False, 2)


def test_nobody_waits_at_the_start(health: StoreHealth, store: Asked) -> None:
    """Nothing is known until the first one has asked: the others are told so, and hold no thread."""
    store.may_answer.clear()
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(is_well, health)
        assert store.is_asked.wait(10)
        for _ in range(100):
            with pytest.raises(StoreAway, match="not known yet"):
                health.check()
        store.may_answer.set()
        assert asking.result() is True
    assert (is_well(health), store.times) == (True, 1)
