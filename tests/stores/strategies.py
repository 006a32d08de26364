"""Random small graphs for the property tests: few names and few days, so that records meet, tie and overlap."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from graph_model.predicates import AllOf, Among, AnyOf, Compare, Missing, Not, Operator, Predicate
from graph_model.records import AsOf, EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef
from graph_model.schema import Value
from tests.stores.scenarios import SOURCE, address, application, customer, day, device, edge, fact, phone

CUSTOMERS = [customer(f"c{i}") for i in range(4)]
DEVICES = [device("d0"), device("d1")]
ADDRESSES = [address("a0"), address("a1")]
APPLICATIONS = [application("x0"), application("x1")]
REFS = [*CUSTOMERS, *DEVICES, *ADDRESSES, *APPLICATIONS, phone("p0")]
TYPES = ("USES_DEVICE", "HAS_ADDRESS", "REFERRED", "APPLIED", "HUMAN_LINK")
NAMES = ("张伟", "张伟国", "李张伟", "王芳", "wang fang", "WangFang")
TEXTS = ("北京市朝阳区", "朝阳区 12号", "上海市#3", "北京")
GRADES = "ABCD"

days = st.integers(0, 6)
moments = days.map(day)
refs = st.sampled_from(REFS)

as_ofs = st.none() | st.builds(AsOf, moments, st.none() | moments)


def _properties(ref: NodeRef) -> st.SearchStrategy[dict[str, Value]]:
    match ref.label:
        case "Customer":
            return st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(NAMES),
                    "sex": st.sampled_from(("female", "male")),
                    "birth_date": st.integers(0, 3).map(lambda n: date(1990, 1, 1) + timedelta(n)),
                },
            )
        case "Address":
            return st.fixed_dictionaries({}, optional={"text": st.sampled_from(TEXTS)})
        case "Application":
            return st.fixed_dictionaries(
                {},
                optional={
                    "amount": st.sampled_from((1000.0, 2000.5, 0.1 + 0.2)),
                    "term_months": st.sampled_from((6, 12)),
                    "applied_at": moments,
                    "channel": st.sampled_from(("app", "web")),
                },
            )
        case _:
            return st.just({})


@st.composite
def node_records(draw: st.DrawFn) -> NodeRecord:
    ref = draw(refs)
    source = draw(st.sampled_from(("core", "web")))
    return NodeRecord(ref, draw(moments), draw(moments), source, draw(_properties(ref)), draw(st.booleans()))


@st.composite
def edge_records(draw: st.DrawFn) -> EdgeRecord:
    type = draw(st.sampled_from(TYPES))
    qualifier = ""
    match type:
        case "USES_DEVICE":
            start, end = draw(st.sampled_from(CUSTOMERS + APPLICATIONS)), draw(st.sampled_from(DEVICES))
        case "HAS_ADDRESS":
            start, end = draw(st.sampled_from(CUSTOMERS + APPLICATIONS)), draw(st.sampled_from(ADDRESSES))
            qualifier = draw(st.sampled_from(("", "home", "work")))
        case "REFERRED":
            start, end = draw(st.sampled_from(CUSTOMERS)), draw(st.sampled_from(CUSTOMERS))
        case "APPLIED":
            start, end = draw(st.sampled_from(CUSTOMERS)), draw(st.sampled_from(APPLICATIONS))
        case _:
            start, end = draw(refs), draw(refs)
    first, last = sorted((draw(days), draw(days)))
    properties: dict[str, Value] = {}
    if type == "HUMAN_LINK":
        properties = draw(st.fixed_dictionaries({}, optional={"author": st.just("li"), "expires_at": moments}))
    source = draw(st.sampled_from((SOURCE, "branch-7")))
    return edge(
        type, start, end, first, last=last, recorded=draw(days), qualifier=qualifier, source=source, **properties
    )


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    at, recorded = draw(days), draw(days)
    if draw(st.booleans()):
        value = draw(st.sampled_from(("confirmed_fraud", "good")))
        return fact(draw(st.sampled_from(APPLICATIONS)), "label", value, at, recorded=recorded)
    topic = draw(st.sampled_from(("sms", "call")))
    value = draw(st.sampled_from(("yes", "no")))
    return fact(draw(st.sampled_from(CUSTOMERS)), "consent", value, at, recorded=recorded, topic=topic)


@st.composite
def batches(draw: st.DrawFn) -> GraphBatch:
    """A batch that holds a record for every node it names."""
    edges = draw(st.lists(edge_records(), max_size=6))
    told = draw(st.lists(facts(), max_size=3))
    nodes = draw(st.lists(node_records(), max_size=5))
    described = {record.ref for record in nodes}
    named: Sequence[NodeRef] = [*(e.start for e in edges), *(e.end for e in edges), *(f.about for f in told)]
    bare = [
        NodeRecord(ref, draw(moments), draw(moments), "core") for ref in dict.fromkeys(named) if ref not in described
    ]
    return GraphBatch([*nodes, *bare], edges, told)


_APPLICATION_FIELDS: dict[str, st.SearchStrategy[Value]] = {
    "amount": st.sampled_from((1000.0, 2000.5, 0.3)),
    "term_months": st.sampled_from((6, 12)),
    "applied_at": moments,
    "channel": st.sampled_from(("app", "web")),
    "application_id": st.sampled_from(("x0", "x1", "x2")),
    "first_seen": moments,
    "last_seen": moments,
    "source": st.sampled_from(("core", "web")),
    "score": st.sampled_from((0.1, 0.5)),
    "grade": st.sampled_from(GRADES),
    "ring_id": st.sampled_from(("r0", "r1")),
}
APPLICATION_FIELDS = tuple(_APPLICATION_FIELDS)


@st.composite
def _comparisons(draw: st.DrawFn) -> Predicate:
    field = draw(st.sampled_from(APPLICATION_FIELDS))
    values = _APPLICATION_FIELDS[field]
    match draw(st.integers(0, 2)):
        case 0:
            return Compare(field, draw(st.sampled_from(tuple(Operator))), draw(values))
        case 1:
            return Among(field, draw(st.lists(values, max_size=3)))
        case _:
            return Missing(field)


predicates: st.SearchStrategy[Predicate] = st.recursive(
    _comparisons(),
    lambda part: (
        st.builds(AllOf, st.lists(part, max_size=3))
        | st.builds(AnyOf, st.lists(part, max_size=3))
        | st.builds(Not, part)
    ),
    max_leaves=5,
)
