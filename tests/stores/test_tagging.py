"""Tags in the store: values by base date, what changed and nothing else, a past that stays, and a move that takes all of it along."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from graph_model.errors import InvalidRequest, NotFound, UnknownName
from graph_model.moving import copy
from graph_model.predicates import EVERYTHING, AllOf, Compare, Neighbours, Not, Operator, Predicate, Tagged
from graph_model.records import AsOf
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.tagging import TagCell, TagRule, TagRun, ValueColumn
from tests.stores.adapters import Adapter
from tests.stores.scenarios import application, batch, customer, day, edge, id_of, node, phone

FIRST, SECOND, THIRD = date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3)
Cases = Sequence[tuple[TagCell, Predicate]]


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """c1 applied twice, c2 once, c3 never."""
    store.upsert(
        batch(
            edge("APPLIED", customer("c1"), application("x1")),
            edge("APPLIED", customer("c1"), application("x2")),
            edge("APPLIED", customer("c2"), application("x3")),
            nodes=[node(customer("c3"), sex="female")],
        )
    )
    return store


def applied(number: int) -> Predicate:
    return Neighbours("APPLIED", Operator.GE, number)


APPLICANT: Cases = [(1, applied(1))]
LEVEL: Cases = [("often", applied(2)), ("once", applied(1)), ("never", EVERYTHING)]


def run(code: str, base: date, version: int = 1) -> TagRun:
    return TagRun(code, version, base, day(base.day), "job")


def tagged(store: GraphStore, cases: Cases, of: TagRun, *, limit: int | None = None) -> tuple[int, dict[TagCell, int]]:
    """(changed, nodes by value) of all steps."""
    (told,) = passed(store, [TagRule(of, cases)], limit=limit)
    return told


def passed(
    store: GraphStore, rules: Sequence[TagRule], *, within: Predicate = EVERYTHING, limit: int | None = None
) -> list[tuple[int, dict[TagCell, int]]]:
    """The same of several tags in one pass."""
    changed, counts = [0] * len(rules), [Counter[TagCell]() for _ in rules]
    for steps in store.tag("Customer", rules, within=within, limit=limit):
        for place, step in enumerate(steps):
            changed[place] += step.changed
            counts[place].update(step.counts)
    return [(number, dict(values)) for number, values in zip(changed, counts, strict=True)]


def portrait(store: GraphStore, key: str, on: date | None = None) -> dict[str, TagCell | None]:
    node_id = id_of(store, customer(key))
    return {value.run.code: value.value for value in store.tags_of([node_id], on=on).get(node_id, [])}


@pytest.mark.parametrize("limit", [None, 2])
def test_a_run_gives_everybody_the_value_of_the_first_case_that_holds(book: GraphStore, limit: int | None) -> None:
    assert tagged(book, LEVEL, run("level", FIRST), limit=limit) == (3, {"often": 1, "once": 1, "never": 1})
    assert tagged(book, APPLICANT, run("applicant", FIRST), limit=limit) == (2, {1: 2})
    assert portrait(book, "c1") == {"applicant": 1, "level": "often"}
    assert portrait(book, "c3") == {"level": "never"}
    (value,) = book.tags_of([id_of(book, customer("c3"))])[id_of(book, customer("c3"))]
    assert value.run == run("level", FIRST)


@pytest.mark.parametrize("limit", [None, 1])
def test_tags_of_one_pass_are_each_what_they_would_be_alone(book: GraphStore, limit: int | None) -> None:
    tagged(book, [(1, applied(9))], run("gone", FIRST))
    rules = [
        TagRule(run("level", FIRST), LEVEL),
        TagRule(run("applicant", FIRST), APPLICANT),
        TagRule(
            run("woman", FIRST),
            [("f", Compare("sex", Operator.EQ, "female")), ("c1", Compare("id_number", Operator.EQ, "c1"))],
        ),
        TagRule(run("gone", FIRST)),
    ]
    alike = {"often": 1, "once": 1, "never": 1}
    assert passed(book, rules, limit=limit) == [(3, alike), (2, {1: 2}), (2, {"c1": 1, "f": 1}), (0, {})]
    assert passed(book, rules, limit=limit) == [(0, alike), (0, {1: 2}), (0, {"c1": 1, "f": 1}), (0, {})]
    assert portrait(book, "c3") == {"level": "never", "woman": "f"}


def test_whom_a_run_is_not_about_has_the_tag_no_more(book: GraphStore) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    only = passed(book, [TagRule(run("level", SECOND), LEVEL)], within=applied(1))
    assert only == [(1, {"often": 1, "once": 1})]
    assert portrait(book, "c3") == {} and portrait(book, "c2") == {"level": "once"}
    (step,) = next(book.tag("Customer", [TagRule(run("level", SECOND), LEVEL)], within=applied(1)))
    assert step.looked_at == 2


@pytest.mark.parametrize("limit", [None, 2])
def test_values_that_were_worked_out_before_are_given_and_end_with_who_has_none(
    book: GraphStore, limit: int | None
) -> None:
    handles = book.scan_nodes("Customer").handles
    column = ValueColumn(handles, np.array([1, 0, 1]), (2.5, 10.0))
    of = TagRule(run("reach", FIRST), column=column)
    assert passed(book, [of, TagRule(run("level", FIRST), LEVEL)], limit=limit)[0] == (3, {10.0: 2, 2.5: 1})
    assert sorted(str(portrait(book, key)["reach"]) for key in ("c1", "c2", "c3")) == ["10.0", "10.0", "2.5"]
    fewer = ValueColumn(handles[:1], np.array([0]), (10.0,))
    assert passed(book, [TagRule(run("reach", SECOND), column=fewer)], limit=limit) == [(2, {10.0: 1})]
    assert book.count("Customer", Tagged("reach", Operator.GT, 0)) == 1


def test_others_write_between_two_steps_and_who_ends_a_pass_early_leaves_whole_steps(book: GraphStore) -> None:
    with closing(book.tag("Customer", [TagRule(run("level", FIRST), LEVEL)], limit=1)) as steps:
        next(steps)
        book.upsert(batch(edge("USES_PHONE", customer("c3"), phone("p1"))))
    kept = sum(portrait(book, key) != {} for key in ("c1", "c2", "c3"))
    assert kept < 3
    assert tagged(book, LEVEL, run("level", FIRST)) == (3 - kept, {"often": 1, "once": 1, "never": 1})


def test_the_same_run_again_changes_nothing(book: GraphStore) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    assert tagged(book, LEVEL, run("level", FIRST)) == (0, {"often": 1, "once": 1, "never": 1})
    assert tagged(book, LEVEL, run("level", SECOND)) == (0, {"often": 1, "once": 1, "never": 1})


def test_a_day_changes_what_became_different_and_the_day_before_stays(book: GraphStore) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    tagged(book, APPLICANT, run("applicant", FIRST))
    book.upsert(batch(edge("APPLIED", customer("c3"), application("x4"))))
    assert tagged(book, LEVEL, run("level", SECOND)) == (1, {"often": 1, "once": 2})
    assert tagged(book, [(1, applied(2))], run("applicant", SECOND, version=2)) == (1, {1: 1})
    assert portrait(book, "c2") == {"level": "once"}
    assert portrait(book, "c2", FIRST) == {"applicant": 1, "level": "once"}
    assert portrait(book, "c3", FIRST) == {"level": "never"} and portrait(book, "c3", SECOND) == {"level": "once"}
    assert portrait(book, "c3", date(2024, 12, 31)) == {}


def test_as_of_a_moment_nothing_is_told_that_was_computed_or_happened_later(book: GraphStore) -> None:
    """The night of 2 January tells of the day before; the shell catches up on 3 January two weeks later."""
    c3 = id_of(book, customer("c3"))
    night = datetime(2025, 1, 2, 2, tzinfo=LOCAL_ZONE)
    tagged(book, LEVEL, TagRun("level", 1, FIRST, night, "job"))
    book.upsert(batch(edge("APPLIED", customer("c3"), application("x4"))))
    late = datetime(2025, 1, 17, 9, tzinfo=LOCAL_ZONE)
    tagged(book, LEVEL, TagRun("level", 2, THIRD, late, "user:wu"))

    def level(moment: datetime, recorded: datetime | None) -> list[TagCell | None]:
        return [value.value for value in book.tags_of([c3], as_of=AsOf(moment, recorded)).get(c3, [])]

    noon, tick = datetime(2025, 1, 4, 12, tzinfo=LOCAL_ZONE), timedelta(milliseconds=1)
    first_day_over = datetime(2025, 1, 2, tzinfo=LOCAL_ZONE) - tick
    assert level(first_day_over, None) == ["never"] and level(first_day_over - tick, None) == []
    assert level(first_day_over, first_day_over) == [] and level(night, night) == ["never"]
    assert level(noon, noon) == ["never"] and level(noon, None) == ["once"] and level(late, late) == ["once"]
    assert book.tags_of([c3], on=FIRST, as_of=AsOf.at(late))[c3][0].value == "never"


def test_a_tag_without_a_rule_ends_and_comes_back(book: GraphStore) -> None:
    tagged(book, APPLICANT, run("applicant", FIRST))
    assert tagged(book, [], run("applicant", SECOND)) == (2, {})
    assert portrait(book, "c1") == {} and portrait(book, "c1", FIRST) == {"applicant": 1}
    assert book.count("Customer", Tagged("applicant", Operator.EQ, True)) == 0
    assert tagged(book, APPLICANT, run("applicant", THIRD)) == (2, {1: 2})
    assert portrait(book, "c1", SECOND) == {} and portrait(book, "c1", THIRD) == {"applicant": 1}
    told = book.tag_history(id_of(book, customer("c1")), "applicant")
    assert [(each.value, each.run.base_date) for each in told] == [(1, FIRST), (None, SECOND), (1, THIRD)]
    assert book.tag_history(id_of(book, customer("c1")), "unheard") == [] == book.tag_history("nobody", "applicant")


def test_the_past_is_not_written_anew(book: GraphStore) -> None:
    tagged(book, APPLICANT, run("applicant", SECOND))
    with pytest.raises(InvalidRequest) as refused:
        tagged(book, APPLICANT, run("applicant", FIRST))
    assert refused.value.code == "tag.past"
    assert portrait(book, "c1", FIRST) == {}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (Tagged("level", Operator.EQ, "often"), ["c1"]),
        (Tagged("level", Operator.NE, "often"), ["c2", "c3"]),
        (Tagged("level", Operator.GE, ""), ["c1", "c2", "c3"]),
        (Tagged("level", Operator.NE, 1), []),  # a number is never compared with a text
        (Tagged("applicant", Operator.EQ, True), ["c1", "c2"]),
        (Not(Tagged("applicant", Operator.EQ, True)), ["c3"]),
        (Tagged("amount", Operator.LT, 2000), ["c2"]),
        (Tagged("amount", Operator.NE, "x"), []),
        (Tagged("unheard_of", Operator.EQ, True), []),
        (AllOf([Tagged("level", Operator.EQ, "never"), Compare("sex", Operator.EQ, "female")]), ["c3"]),
    ],
)
def test_customers_are_found_by_their_tags(book: GraphStore, predicate: Predicate, expected: list[str]) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    tagged(book, APPLICANT, run("applicant", FIRST))
    tagged(book, [(5000.0, applied(2)), (999.5, applied(1))], run("amount", FIRST))
    assert [n.key for n in book.select("Customer", predicate)] == expected


def test_a_tag_may_read_other_tags(book: GraphStore) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    assert tagged(book, [(1, Not(Tagged("level", Operator.EQ, "never")))], run("active", FIRST)) == (2, {1: 2})


def test_no_code_becomes_part_of_a_query(book: GraphStore) -> None:
    with pytest.raises(UnknownName):
        book.count("Customer", Tagged("x`] = 1 OR n[`y", Operator.EQ, True))


def test_tags_are_no_property_that_a_record_or_a_filter_could_reach(book: GraphStore) -> None:
    tagged(book, LEVEL, run("level", FIRST))
    found = book.select("Customer")
    assert all("tag_level" not in n.properties for n in found)
    with pytest.raises(UnknownName):
        book.count("Customer", Compare("tag_level", Operator.EQ, "often"))


def fill(store: GraphStore) -> None:
    tagged(store, LEVEL, run("level", FIRST))
    tagged(store, [(2.5, applied(1))], run("amount", FIRST))
    tagged(store, [(1, EVERYTHING)], run("gone", FIRST))
    tagged(store, [], run("gone", SECOND))


def test_tags_and_their_history_move_house_and_back(adapter: Adapter, book: GraphStore, tmp_path: Path) -> None:
    fill(book)
    with closing(open_store(f"sqlite:///{tmp_path}/moved.db", create=True)) as file:
        copy(book, file)
        require_moved(file)
        book.close()
        with closing(adapter.create(_folder(tmp_path)).store) as back:
            copy(file, back)
            require_moved(back)


def _folder(path: Path) -> Path:
    (path / "back").mkdir()
    return path / "back"


def require_moved(store: GraphStore) -> None:
    assert portrait(store, "c1") == {"amount": 2.5, "level": "often"}
    assert portrait(store, "c1", FIRST) == {"amount": 2.5, "gone": 1, "level": "often"}
    assert store.count("Customer", Tagged("level", Operator.EQ, "once")) == 1
    with pytest.raises(InvalidRequest):
        tagged(store, [], run("gone", FIRST, version=9))


# --- values that are given -------------------------------------------------------------------------------------------


def test_given_values_are_those_named_and_nobody_else_s(book: GraphStore) -> None:
    ids = {key: id_of(book, customer(key)) for key in ("c1", "c2", "c3")}
    first = book.give_tag(run("vip", FIRST), {ids["c1"]: "gold", ids["c2"]: "silver"})
    assert {(each.node_id, each.before, each.now) for each in first} == {
        (ids["c1"], None, "gold"),
        (ids["c2"], None, "silver"),
    }
    assert book.give_tag(run("vip", FIRST), {ids["c1"]: "gold", ids["c3"]: None}) == []
    (ended,) = book.give_tag(run("vip", SECOND), {ids["c1"]: None})
    assert (ended.node_id, ended.before, ended.now) == (ids["c1"], "gold", None)
    assert [portrait(book, key) for key in ids] == [{}, {"vip": "silver"}, {}]
    assert portrait(book, "c1", FIRST) == {"vip": "gold"}
    assert book.count("Customer", Tagged("vip", Operator.EQ, "silver")) == 1


def test_given_values_do_not_write_the_past_anew_nor_about_nobody(book: GraphStore) -> None:
    subject = id_of(book, customer("c1"))
    book.give_tag(run("vip", SECOND), {subject: 1})
    with pytest.raises(InvalidRequest) as past:
        book.give_tag(run("vip", FIRST), {subject: None})
    assert past.value.code == "tag.past"
    with pytest.raises(NotFound):
        book.give_tag(run("vip", SECOND), {"nobody": 1})
    assert portrait(book, "c1") == {"vip": 1}
