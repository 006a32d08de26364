"""The graph that the store benchmarks load: customers, their identifiers and applications, with hubs. Seeded; nothing in it is a person's."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from graph_model.records import EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef

_START = datetime(2024, 1, 1, tzinfo=UTC)
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂"
_CITIES = ("北京市朝阳区", "上海市浦东新区", "广东省广州市天河区", "四川省成都市锦江区", "浙江省杭州市西湖区")
# The share of applications behind one public Wi-Fi, of customers at one employer and at one delivery address.
_WIFI, _EMPLOYER, _ADDRESS = 0.02, 0.01, 0.05


def batches(customers: int, seed: int, size: int = 5_000) -> Iterator[GraphBatch]:
    """Batches of `size` customers with everything around them: about 7 nodes, 13 edges and 2 facts each."""
    for first in range(0, customers, size):
        yield _batch(range(first, min(customers, first + size)), customers, random.Random(f"{seed}-{first}"))


def applications(customers: int, count: int, seed: int) -> GraphBatch:
    """New applications of customers who are in the graph already, on identifiers most of which are too."""
    chance = random.Random(f"{seed}-applications")
    batch = _Batch()
    for number in range(count):
        who = chance.randrange(customers)
        _apply(batch, chance, who, f"N{seed}-{number}", customers, 700)
    return batch.records()


class _Batch:
    def __init__(self) -> None:
        self.nodes: list[NodeRecord] = []
        self.edges: list[EdgeRecord] = []
        self.facts: list[Fact] = []

    def records(self) -> GraphBatch:
        return GraphBatch(self.nodes, self.edges, self.facts)

    def node(self, label: str, key: str, seen: datetime, **properties: str | float | int | datetime) -> NodeRef:
        ref = NodeRef(label, key)
        self.nodes.append(NodeRecord(ref, seen, seen, "bench", properties))
        return ref

    def edge(self, type: str, start: NodeRef, end: NodeRef, seen: datetime, qualifier: str = "") -> None:
        self.edges.append(EdgeRecord(type, start, end, seen, seen, seen, "bench", qualifier))


def _batch(who: range, customers: int, chance: random.Random) -> GraphBatch:
    batch = _Batch()
    for number in who:
        seen = _START + timedelta(minutes=chance.randrange(1_000_000))
        name = chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2))))
        person = batch.node("Customer", f"ID{number:016}", seen, name=name, sex="male", education="college")
        batch.edge("USES_PHONE", person, batch.node("Phone", f"+86138{number:08}", seen), seen)
        batch.edge("HAS_ACCOUNT", person, batch.node("BankAccount", f"6222{number:015}", seen), seen, "pay_in")
        house = number // 3
        text = f"{_CITIES[house % 5]}建国路{house}号{house % 30}单元"
        batch.edge("HAS_ADDRESS", person, batch.node("Address", text, seen, text=text), seen, "home")
        firm = "阳光集团" if chance.random() < _EMPLOYER else f"公司{number // 8}"
        batch.edge("WORKS_AT", person, batch.node("Employer", firm, seen, name=firm), seen)
        if number > 0 and chance.random() < 0.2:
            other = batch.node("Customer", f"ID{chance.randrange(number):016}", seen)
            batch.edge("REFERRED", other, person, seen)
        for turn in range(1 if chance.random() < 0.7 else 2):
            _apply(batch, chance, number, f"A{number}-{turn}", customers, 30)
    return batch.records()


def _apply(batch: _Batch, chance: random.Random, number: int, name: str, customers: int, after: int) -> None:
    seen = _START + timedelta(minutes=chance.randrange(1_000_000), days=after)
    person = batch.node("Customer", f"ID{number:016}", seen)
    form = batch.node(
        "Application", name, seen, product="cash", channel="app", amount=5000.0, term_months=12, applied_at=seen
    )
    batch.edge("APPLIED", person, form, seen)
    device = batch.node("Device", f"device-{chance.randrange(customers):09}", seen)
    batch.edge("USES_DEVICE", form, device, seen)
    batch.edge("USES_DEVICE", person, device, seen)
    phone = batch.node("Phone", f"+86138{number:08}", seen)
    batch.edge("USES_PHONE", form, phone, seen)
    address = "10.0.0.1" if chance.random() < _WIFI else f"11.{number // 4}.{number % 4}"
    batch.edge("USES_IP", form, batch.node("IpAddress", address, seen), seen)
    if chance.random() < _ADDRESS:
        batch.edge("HAS_ADDRESS", form, batch.node("Address", "北京市丰巢总柜", seen), seen, "delivery")
    batch.facts.append(Fact(form, "status", "applied", seen, seen, "bench"))
    if chance.random() < 0.8:
        batch.facts.append(Fact(form, "label", "good", seen, seen + timedelta(days=90), "bench"))


def size(batch: GraphBatch) -> int:
    """Graph records of a batch: nodes and edges."""
    return len(batch.nodes) + len(batch.edges)
