"""Rules about what lies around a node mean the same to every engine and to a few lines of plain Python over the same graph."""

import operator
from collections.abc import Callable
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import (
    EVERYTHING,
    HUB,
    AllOf,
    AnyOf,
    Blocklisted,
    Compare,
    Direction,
    Missing,
    Near,
    Neighbours,
    Not,
    Operator,
    Predicate,
    Sharing,
    Tagged,
)
from graph_model.records import GraphBatch, NodeRef
from graph_model.store import GraphStore
from graph_model.stores.sqlite import nearby
from graph_model.tagging import TagRule, TagRun
from tests.stores.adapters import Adapter
from tests.stores.model import Model
from tests.stores.scenarios import address, application, batch, customer, day, device, edge, employer, fact, node, phone
from tests.stores.strategies import batches, days

COMPARE: dict[Operator, Callable[[int, int], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """A farm of three on one device, an applicant of three loans, and somebody who has nothing to do with any of them."""
    store.upsert(
        batch(
            edge("USES_DEVICE", customer("c1"), device("farm"), 1),
            edge("USES_DEVICE", customer("c2"), device("farm"), 2),
            edge("USES_DEVICE", customer("c3"), device("farm"), 9),
            edge("USES_PHONE", customer("c1"), phone("p1"), 1),
            edge("USES_PHONE", customer("c1"), phone("p2"), 1),
            edge("EMERGENCY_CONTACT", customer("c4"), phone("p1"), 1),
            edge("HAS_ADDRESS", customer("c4"), address("a1"), 1, qualifier="home"),
            edge("HAS_ADDRESS", customer("c4"), address("a1"), 1, qualifier="work"),
            edge("REFERRED", customer("c1"), customer("c2"), 1),
            edge("REFERRED", customer("c2"), customer("c1"), 1),
            edge("REFERRED", customer("c1"), customer("c3"), 1),
            edge("REFERRED", customer("c3"), customer("c3"), 1),
            edge("HUMAN_LINK", customer("c1"), customer("c5"), 1),
            *(edge("APPLIED", customer("c2"), application(f"x{i}"), i) for i in (1, 2, 3)),
            nodes=[node(application("x1"), 1, amount=900.0), node(application("x2"), 2, amount=5000.0)],
            facts=[
                fact(customer("c2"), "blocklist", "listed", 3),
                fact(device("farm"), "blocklist", "listed", 1),
                fact(device("farm"), "blocklist", "removed", 5),
            ],
        )
    )
    return store


def chosen(store: GraphStore, predicate: Predicate) -> list[str]:
    found = [n.key for n in store.select("Customer", predicate)]
    assert store.count("Customer", predicate) == len(found)
    return found


GE, EQ = Operator.GE, Operator.EQ


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (Neighbours("USES_PHONE", GE, 2), ["c1"]),
        (Neighbours("USES_PHONE", EQ, 0), ["c2", "c3", "c4", "c5"]),
        (Neighbours("HAS_ADDRESS", EQ, 1), ["c4"]),  # home and work are one address
        (Neighbours("REFERRED", GE, 2), ["c1"]),  # each other, once; and never oneself
        (Neighbours("REFERRED", EQ, 1, Direction.OUT), ["c2"]),
        (Neighbours("REFERRED", EQ, 1, Direction.IN), ["c1", "c2", "c3"]),
        (Neighbours("APPLIED", GE, 1, label="Application", where=Compare("amount", GE, 1000.0)), ["c2"]),
        (Neighbours("APPLIED", EQ, 2, label="Application", where=Not(Missing("amount"))), ["c2"]),
        (Neighbours("APPLIED", EQ, 2, at=day(2)), ["c2"]),
        (Sharing("Device", GE, 2), ["c1", "c2", "c3"]),
        (Sharing("Device", EQ, 1, at=day(5)), ["c1", "c2"]),
        (Sharing("Phone", GE, 1), ["c1", "c4"]),
        (Sharing("Phone", GE, 1, ("USES_PHONE",)), []),
        (Blocklisted(day(4)), ["c2"]),
        (Blocklisted(day(2)), []),
        (Near("Device", 1, Blocklisted(day(2))), ["c1", "c2", "c3"]),
        (Near("Device", 1, Blocklisted(day(6))), []),
        (Near("Customer", 2, Blocklisted(day(4))), ["c1", "c3"]),
        (Near("Customer", 1, Compare("id_number", EQ, "c5")), []),  # what was drawn by hand leads nowhere
        (Near("Application", 2, EVERYTHING), ["c1", "c2"]),
        (AllOf([Sharing("Device", GE, 2), Not(Near("Customer", 1, EVERYTHING))]), []),
    ],
)
def test_a_rule_about_the_graph_means_exactly_these(
    book: GraphStore, predicate: Predicate, expected: list[str]
) -> None:
    assert chosen(book, predicate) == expected


def test_nothing_is_near_through_a_place_that_everybody_has_in_common(store: GraphStore) -> None:
    workers = [customer(f"w{i:03}") for i in range(HUB + 1)]
    store.upsert(batch(*(edge("WORKS_AT", one, employer("factory")) for one in workers)))
    assert store.count("Customer", Near("Customer", 2, EVERYTHING)) == 0
    assert store.count("Customer", Sharing("Employer", GE, HUB)) == HUB + 1
    assert store.count("Customer", Sharing("Employer", EQ, 5)) == 0  # counted no further than needed, and yet not as 5


@pytest.mark.parametrize(
    ("predicate", "error"),
    [
        (Neighbours("HUMAN_LINK", GE, 1), InvalidRequest),
        (Neighbours("KNOWS", GE, 1), UnknownName),
        (Neighbours("USES_PHONE", GE, 1, Direction.IN), UnknownName),
        (Neighbours("USES_PHONE", GE, -1), InvalidRequest),
        (Neighbours("USES_PHONE", GE, 1, where=EVERYTHING), InvalidRequest),
        (Sharing("Application", GE, 1), UnknownName),
        (Sharing("Phone", GE, 1, ("USES_DEVICE",)), UnknownName),
        (Near("Customer", 3, EVERYTHING), InvalidRequest),
        (Near("Customer", 1, Sharing("Device", GE, 1)), InvalidRequest),
        (Near("Customer", 1, Compare("amount", GE, 1.0)), UnknownName),
    ],
)
def test_what_makes_no_sense_is_refused(store: GraphStore, predicate: Predicate, error: type[Exception]) -> None:
    with pytest.raises(error):
        store.count("Customer", predicate)


# --- against plain Python ------------------------------------------------------------------------------------------


def _around(model: Model, ref: NodeRef, at: datetime) -> list[tuple[str, bool, NodeRef]]:
    """(type, outgoing, other) of every relationship of the sources."""
    found = []
    for (start, type, end, _), known in model.edges.items():
        if type != "HUMAN_LINK" and known.first_seen <= at and known.recorded_at <= at:
            if start == ref:
                found.append((type, True, end))
            if end == ref:
                found.append((type, False, start))
    return found


def _holds(model: Model, ref: NodeRef, predicate: Predicate) -> bool:
    match predicate:
        case Neighbours(type, wanted, number, direction, label, where, at):
            assert at is not None
            others = {
                other
                for kind, outgoing, other in _around(model, ref, at)
                if kind == type and other != ref and direction in (None, Direction.OUT if outgoing else Direction.IN)
            }
            among = [o for o in others if label in (None, o.label) and (where is None or _holds(model, o, where))]
            return COMPARE[wanted](len(among), number)
        case Sharing(identifier, wanted, number, _, at):
            assert at is not None
            shared = [o for _, _, o in _around(model, ref, at) if o.label == identifier]
            people = {o for one in shared for _, _, o in _around(model, one, at) if o.label == ref.label and o != ref}
            return COMPARE[wanted](len(people), number)
        case Near(label, hops, where, at):
            assert at is not None
            first = [o for _, _, o in _around(model, ref, at)]
            second = [o for one in first for _, _, o in _around(model, one, at)] if hops > 1 else []
            return any(o.label == label and o != ref and _holds(model, o, where) for o in {*first, *second})
        case AllOf(parts):
            return all(_holds(model, ref, part) for part in parts)
        case Not(part):
            return not _holds(model, ref, part)
    return model.matches(model.nodes[ref], predicate)


moments = days.map(day)
operators = st.sampled_from(tuple(Operator))
numbers = st.integers(0, 3)
wheres = st.just(Missing("amount")) | st.builds(Compare, st.just("amount"), operators, st.just(2000.5))
rules: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(
        Neighbours,
        st.just("REFERRED"),
        operators,
        numbers,
        st.none() | st.sampled_from(Direction),
        st.none(),
        st.none(),
        moments,
    ),
    st.builds(Neighbours, st.just("APPLIED"), operators, numbers, st.none(), st.just("Application"), wheres, moments),
    st.builds(Sharing, st.sampled_from(("Device", "Address")), operators, numbers, st.just(()), moments),
    st.builds(Near, st.just("Customer"), st.integers(1, 2), st.just(Missing("sex")), moments),
    st.builds(Near, st.just("Application"), st.integers(1, 2), wheres, moments),
)


@pytest.mark.parametrize("few", [0, nearby.FEW])
def test_every_engine_means_what_plain_python_means(
    adapter: Adapter, store: GraphStore, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """One store that grows; the model grows with it. Each rule is asked by itself, and all of them in one pass of tags, also those who are near
    anything looked for from either side."""
    monkeypatch.setattr(nearby, "FEW", few)
    model = Model()

    @settings(
        max_examples=adapter.examples(60),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(written=batches(), asked=st.lists(rules | rules.map(Not), min_size=4, max_size=4))
    def holds(written: GraphBatch, asked: list[Predicate]) -> None:
        store.upsert(written)
        model.upsert(written)
        people = [ref for ref in model.nodes if ref.label == "Customer"]
        expected = [{ref.key for ref in people if _holds(model, ref, rule)} for rule in asked]
        for rule, keys in zip(asked, expected, strict=True):
            assert [n.key for n in store.select("Customer", rule)] == sorted(keys), rule
        first, second, *_ = asked
        cases = [("both", AllOf([first, second])), ("one", AnyOf([first, second])), ("none", EVERYTHING)]
        runs = [TagRun(f"t{place}", 1, date(2025, 1, 1), day(1), "job") for place in range(len(asked) + 1)]
        rules = [TagRule(run, [(1, rule)]) for run, rule in zip(runs, asked, strict=False)]
        for _ in store.tag("Customer", [*rules, TagRule(runs[-1], cases)], limit=3):
            pass
        for run, keys in zip(runs, expected, strict=False):
            assert {n.key for n in store.select("Customer", Tagged(run.code, EQ, 1))} == keys, rules
        told = {value: Tagged(runs[-1].code, EQ, value) for value in ("both", "one")}
        assert store.count("Customer", told["both"]) == len(expected[0] & expected[1])
        assert store.count("Customer", told["one"]) == len(expected[0] ^ expected[1])

    holds()
