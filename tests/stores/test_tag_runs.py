"""The runs of a tag, on every engine: a month of nights told one by one, what failed or was killed among them, and to nobody more than they may know."""

from collections.abc import Generator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from graph_model.errors import InvalidRequest, NotFound, StoreFull
from graph_model.principal import Principal
from graph_model.services.tags import computing, dictionary, given, reading
from graph_model.services.tags.binding import Bound
from graph_model.services.tags.definition import ConsentClass, TagKind, ValueType
from graph_model.services.tags.reading import RunFigures
from graph_model.services.tags.runs import MOST_RUNS, RunStatus, last_run, remember
from graph_model.store import GraphStore
from graph_model.tagging import TagRule, TagStep
from tests.services.people import person
from tests.stores.scenarios import batch, customer, edge, node, phone
from tests.stores.test_tag_rules import LI, MEI, NOW, TODAY, WU, Clock, book, clock, compute, define, draft

__all__ = ["book", "clock"]  # fixtures


def told(store: GraphStore, code: str = "two", by: Principal = WU, first: int = MOST_RUNS) -> list[RunFigures]:
    return reading.runs(store, by, code, first=first, now=NOW)


def test_every_night_of_a_tag_is_told_with_what_it_found_and_what_changed(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    assert told(book) == []
    compute(book, clock, on=TODAY - timedelta(days=2))
    book.upsert(batch(edge("USES_PHONE", customer("c01"), phone("q01"))))
    compute(book, clock, on=TODAY - timedelta(days=1))
    dictionary.change(book, MEI, draft("two", "degree(USES_PHONE) >= 3"), now=NOW)
    compute(book, clock)
    compute(book, clock)  # current: no run
    assert [(run.base_date.day, run.version, run.coverage, run.changed, run.population) for run in told(book)] == [
        (1, 2, 0, 11, 30),
        (28, 1, 11, 1, 30),
        (27, 1, 10, 10, 30),
    ]
    assert all(run.status is RunStatus.DONE and run.by == "test" for run in told(book))
    assert all(run.started_at < run.heard_at for run in told(book))
    assert [run.base_date for run in told(book, first=1)] == [TODAY]


def test_a_run_that_failed_or_was_killed_stays_in_the_history_with_its_reason(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    compute(book, clock)
    dictionary.change(book, MEI, draft("two", "degree(USES_PHONE) >= 1"), now=NOW)

    sound = book.state("tag/two")
    assert sound is not None
    book.put_state("tag/two", sound.replace("USES_PHONE", "USED_PHONE"))  # as a schema that lost a relationship has it
    compute(book, clock, again=True)
    book.put_state("tag/two", sound)
    failed = last_run(book, "two")
    assert failed is not None
    later = failed.started_at + timedelta(seconds=1)
    killed = type(failed)(2, TODAY, RunStatus.RUNNING, later, later, "a job (tags)")
    remember(book, "two", killed)  # and its process died
    compute(book, clock, again=True)
    assert [(run.status, run.code) for run in told(book)] == [
        (RunStatus.DONE, ""),
        (RunStatus.STUCK, ""),
        (RunStatus.FAILED, "tag.rule"),
        (RunStatus.DONE, ""),
    ]
    assert "no relationship type" in told(book)[2].message


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (StoreFull("the disk"), "store_full"),
        (MemoryError(), "tag.ended"),
        (KeyboardInterrupt(), "tag.ended"),
    ],
)
def test_a_computation_broken_off_before_its_pass_leaves_no_tag_telling_that_it_runs(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: str
) -> None:
    for name in ("aa", "bb", "cc"):
        define(book, name, "degree(USES_PHONE) >= 2")
    bind = computing.bind

    def broken(text: str, label: str, base_date: date, **more: Any) -> Bound:
        if last_run(book, "cc") is not None:  # the others have begun
            raise failure
        return bind(text, label, base_date, **more)

    monkeypatch.setattr(computing, "bind", broken)
    with pytest.raises(type(failure)):
        compute(book, clock)
    ended = [last_run(book, name) for name in ("aa", "bb", "cc")]
    assert [(run.status, run.code) for run in ended if run is not None] == [(RunStatus.FAILED, code)] * 3
    monkeypatch.undo()
    assert {one.run.coverage for one in compute(book, clock).values() if one.run is not None} == {10}


def test_a_store_that_fails_while_tags_are_tried_one_by_one_leaves_none_of_them_running(
    book: GraphStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("aa", "bb", "cc"):
        define(book, name, "degree(USES_PHONE) >= 2")
    tag, tried = book.tag, list[Sequence[str]]()

    def failing(label: str, rules: Sequence[TagRule], **more: Any) -> Generator[Sequence[TagStep], None, None]:
        tried.append([rule.run.code for rule in rules])
        if len(rules) > 1:
            raise InvalidRequest("One of them is past its day.", code="tag.past")
        if tried[-1] == ["bb"]:
            raise StoreFull("the disk")
        return tag(label, rules, **more)

    monkeypatch.setattr(book, "tag", failing)
    with pytest.raises(StoreFull):
        compute(book, clock)
    assert tried == [["aa", "bb", "cc"], ["aa"], ["bb"]]
    ended = {name: last_run(book, name) for name in ("aa", "bb", "cc")}
    assert {name: (run.status, run.code) for name, run in ended.items() if run is not None} == {
        "aa": (RunStatus.DONE, ""),
        "bb": (RunStatus.FAILED, "store_full"),
        "cc": (RunStatus.FAILED, "store_full"),
    }


def test_a_month_is_kept_and_no_more(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    for _ in range(MOST_RUNS + 5):
        compute(book, clock, again=True)
    runs = told(book)
    assert len(runs) == MOST_RUNS
    assert [run.started_at for run in runs] == sorted((run.started_at for run in runs), reverse=True)
    for first in (0, MOST_RUNS + 1):
        with pytest.raises(InvalidRequest):
            told(book, first=first)


def test_who_may_not_see_risk_is_told_rounded_numbers_of_every_night(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    define(book, "few", "shared(Device) >= 1")
    compute(book, clock)
    ((exact,), (rounded,)) = told(book), told(book, by=MEI)
    assert (exact.coverage, exact.changed) == (10, 10) and (rounded.coverage, rounded.changed) == (10, 10)
    ((exact,), (rounded,)) = told(book, "few"), told(book, "few", by=MEI)
    assert (exact.coverage, exact.changed) == (2, 2) and (rounded.coverage, rounded.changed) == (None, None)
    define(book, "risk_two", "blocklisted", by=WU, consent=ConsentClass.RISK)
    compute(book, clock)
    assert len(told(book, "risk_two", by=LI)) == 1
    with pytest.raises(NotFound):
        told(book, "risk_two", by=MEI)


def test_a_tag_that_is_defined_anew_begins_with_no_runs(book: GraphStore, clock: Clock) -> None:
    define(book, "two", "degree(USES_PHONE) >= 2")
    for day in (TODAY - timedelta(days=1), TODAY):
        compute(book, clock, on=day)
    dictionary.delete(book, WU, "two")
    computing.end_deleted(book, by="test", clock=clock)
    define(book, "two", "degree(USES_PHONE) >= 2")
    assert told(book) == []


def test_each_file_of_an_imported_tag_is_a_run(book: GraphStore, clock: Clock) -> None:
    define(book, "tier", "", by=WU, kind=TagKind.IMPORTED, value_type=ValueType.TEXT)
    book.upsert(batch(nodes=[node(person(number)) for number in range(2)]))
    for number in range(2):
        rows = [given.Row(2, person(number).key, "gold")]
        given.take_in(
            book, WU, "tier", [given.Part(rows, 1, 1)], source=f"file {number}", base_date=date(2025, 2, 27 + number),
            clock=clock, on_refused=lambda _: None, on_progress=lambda *_: None,
        )  # fmt: skip
    assert [(run.by, run.base_date.day, run.coverage) for run in told(book, "tier")] == [
        ("file 1", 28, 2),
        ("file 0", 27, 1),
    ]
