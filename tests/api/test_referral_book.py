"""Circles are counted aside of the requests that ask for them: whoever asks meanwhile gets the last answer, or one clear word that there is none yet."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import referral_book
from api.referral_book import CirclesCounting, ReferralBook
from graph_model.deadline import within
from graph_model.errors import StoreError
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import NOW, arrive, marketing, person, refer

SECRET = b"a home's secret"
LATER = NOW + timedelta(days=1)


class Counting:
    """Counting that may be held up, as that of a million referrals is, and fails when it is told to."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.calls = 0
        self.fails = False

    def __call__(self, store: GraphStore, secret: bytes, **more: Any) -> Circles:
        self.calls += 1
        assert self.free.wait(30)
        more["on_progress"]("referrals", 0, 0)
        if self.fails:
            raise StoreError("The store went away.")
        return circles_of(store, secret, **more)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'guanxi.db'}", create=True)
    marketing(opened)
    yield opened
    opened.close()


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    slow = Counting()
    monkeypatch.setattr(referral_book, "circles_of", slow)
    monkeypatch.setattr(referral_book, "_REST", 0)
    monkeypatch.setattr(referral_book, "_IN_PASSING", 0.05)
    return slow


def somebody_new(store: GraphStore) -> None:
    arrive(store, [person(40)])
    refer(store, [(person(0), person(40))])


def test_an_answer_is_kept_until_something_is_written(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    assert book.now(NOW) is book.now(LATER) and counting.calls == 1
    somebody_new(store)
    assert book.now(LATER).size.tolist() == [41]


def test_while_a_newer_one_is_counted_the_last_answer_is_given(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    last = book.now(NOW)
    somebody_new(store)
    counting.free.clear()
    assert book.now(LATER) is last and book.now(LATER) is last
    counting.free.set()
    book.close()  # waits for the counting
    assert counting.calls == 2, "of several who ask, one counts"


def test_who_asks_before_there_is_an_answer_is_told_to_come_again(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    counting.free.clear()
    with within(0.2), pytest.raises(CirclesCounting) as refused:
        book.now(NOW)
    assert (refused.value.code, refused.value.retry_after) == ("circles.counting", 5)
    counting.free.set()
    assert book.now(NOW).size.tolist() == [40] and counting.calls == 1, "it went on when the request had ended"


def test_a_walk_of_pages_finds_the_moment_that_it_began_at(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    first = book.now(NOW)
    assert book.at(first.people.as_of) is first


def test_more_moments_than_may_wait_are_refused(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    last = book.now(NOW)
    counting.free.clear()
    for day in range(1, 9):
        with within(0.02), pytest.raises(CirclesCounting):
            book.at(NOW - timedelta(days=day))
    with pytest.raises(CirclesCounting):
        book.at(LATER)
    somebody_new(store)
    assert book.now(LATER) is last, "who could have the last answer has it"
    counting.free.set()
    book.close()


def test_a_counting_that_fails_is_told_where_there_is_no_last_answer(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    counting.fails = True
    with pytest.raises(StoreError, match="went away"):
        book.now(NOW)
    counting.fails = False
    last = book.now(NOW)
    counting.fails = True
    somebody_new(store)
    assert book.now(LATER) is last


def test_a_server_that_goes_down_gives_up_counting(store: GraphStore, counting: Counting) -> None:
    book = ReferralBook(store, SECRET)
    counting.free.clear()
    with within(0.02), pytest.raises(CirclesCounting):
        book.now(NOW)
    threading.Timer(0.1, counting.free.set).start()
    book.close()
    with pytest.raises(CirclesCounting):
        book.now(NOW)
