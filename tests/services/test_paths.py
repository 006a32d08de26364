"""Paths as an investigator reads them: the telling ones first, each as one sentence, names masked for who reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import AsOf, EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.schema import SCHEMA
from graph_model.services.paths import CLAUSES, RankedPath, ranked_paths
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures.reference_case import id_number

START = datetime(2026, 1, 5, tzinfo=UTC)
IDA = Principal("ida", Role.INVESTIGATOR)


@dataclass
class Town:
    """A graph that is drawn as the story goes."""

    store: GraphStore
    refs: dict[str, NodeRef] = field(default_factory=dict)

    def person(self, name: str) -> None:
        key = id_number(date(1985, 4, 1), 100 + len(self.refs))
        self._add(name, NodeRecord(NodeRef("Customer", key), START, START, "files", {"name": name}))

    def thing(self, alias: str, label: str, key: str) -> None:
        clean = str(SCHEMA.node(label).key.type.clean(key))
        self._add(alias, NodeRecord(NodeRef(label, clean), START, START, "files"))

    def tie(self, start: str, type: str, end: str, at: datetime = START) -> None:
        edge = EdgeRecord(type, self.refs[start], self.refs[end], at, at, at, "files")
        self.store.upsert(GraphBatch(edges=[edge]))

    def paths(self, start: str, end: str, k: int = 3, max_hops: int = 4, as_of: AsOf | None = None) -> list[RankedPath]:
        return ranked_paths(self.store, IDA, self.id(start), self.id(end), k=k, max_hops=max_hops, as_of=as_of)

    def id(self, name: str) -> str:
        node = self.store.get(self.refs[name])
        assert node is not None
        return node.node_id

    def _add(self, name: str, record: NodeRecord) -> None:
        self.refs[name] = record.ref
        self.store.upsert(GraphBatch([record]))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Zhang and Li on one device, and Wang, for whom Li guarantees."""
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    drawn = Town(store)
    for name in ("张伟", "李娜", "王芳"):
        drawn.person(name)
    drawn.thing("device", "Device", "a1-device-0007")
    drawn.tie("张伟", "USES_DEVICE", "device")
    drawn.tie("李娜", "USES_DEVICE", "device")
    drawn.tie("李娜", "GUARANTEES", "王芳")
    yield drawn
    store.close()


def test_a_shared_device_is_one_plain_sentence(town: Town) -> None:
    (path,) = town.paths("张伟", "李娜")
    assert path.sentence.zh == "张* 与 李* 共用设备 a1-***007。"
    assert path.sentence.en == "张* and 李* share device a1-***007."
    assert len(path.edges) == 2 and path.cost == 2.0


def test_a_path_is_told_from_the_one_asked_for_to_the_other(town: Town) -> None:
    (there,) = town.paths("张伟", "王芳")
    assert there.sentence.zh == "张* 与 李* 共用设备 a1-***007，李* 为 王* 担保。"
    assert there.sentence.en == "张* and 李* share device a1-***007; 李* guarantees 王*."
    (back,) = town.paths("王芳", "张伟")
    assert back.sentence.zh == "李* 为 王* 担保，李* 与 张* 共用设备 a1-***007。"
    assert [node.node_id for node in back.nodes] == [node.node_id for node in there.nodes][::-1]


def test_an_application_and_a_contact_are_told_by_what_they_are(town: Town) -> None:
    town.thing("application", "Application", "APP-7")
    town.thing("phone", "Phone", "13800138007")
    town.person("赵敏")
    town.tie("赵敏", "APPLIED", "application")
    town.tie("application", "USES_DEVICE", "device")
    town.tie("王芳", "EMERGENCY_CONTACT", "phone")
    town.tie("application", "USES_PHONE", "phone")
    (path,) = town.paths("赵敏", "王芳", k=1)
    assert (
        path.sentence.zh
        == "赵* 提交 申请单 APP-7，申请单 APP-7 使用电话 138****8007，王* 的紧急联系人是电话 138****8007。"
    )
    assert path.sentence.en == (
        "赵* made application APP-7; application APP-7 uses phone 138****8007; 王* named phone 138****8007 as an emergency contact."
    )


def test_a_private_phone_two_steps_further_tells_more_than_the_wifi_of_the_mall(town: Town) -> None:
    """An IP of 60 people ties everybody in two hops; a person between them, by a phone and a device, is dearer by hops and cheaper by crowd."""
    town.thing("wifi", "IpAddress", "203.0.113.9")
    town.thing("phone", "Phone", "13800138001")
    for i in range(58):
        town.person(f"路人{i}")
        town.tie(f"路人{i}", "USES_IP", "wifi")
    for name in ("张伟", "王芳"):
        town.tie(name, "USES_IP", "wifi")
        town.tie(name, "USES_PHONE", "phone")
    best, second, third = town.paths("张伟", "王芳")
    assert best.sentence.zh == "张* 与 王* 共用电话 138****8001。"
    assert second.sentence.zh.startswith("张* 与 李* 共用设备")
    assert "IP" in third.sentence.zh and len(third.edges) == 2
    assert best.cost < second.cost < third.cost
    assert [path.sentence.zh for path in town.paths("张伟", "王芳", k=1)] == [best.sentence.zh]


def test_strangers_have_no_path_and_that_is_no_error(town: Town) -> None:
    town.person("陌生人")
    assert town.paths("张伟", "陌生人") == []
    assert town.paths("张伟", "王芳", max_hops=2) == []


def test_before_it_was_seen_a_path_is_not_there(town: Town) -> None:
    town.person("孙丽")
    town.tie("王芳", "REFERRED", "孙丽", at=datetime(2026, 5, 1, tzinfo=UTC))
    assert len(town.paths("张伟", "孙丽", as_of=AsOf(datetime(2026, 5, 2, tzinfo=UTC), None))) == 1
    with pytest.raises(NotFound):
        town.paths("张伟", "孙丽", as_of=AsOf(datetime(2025, 5, 2, tzinfo=UTC), None))
    april = AsOf(datetime(2026, 4, 1, tzinfo=UTC), None)
    assert town.paths("张伟", "孙丽", as_of=april) == []


def test_bounds_are_refused_and_so_is_who_may_not_see_the_graph(town: Town) -> None:
    for options in ({"k": 0}, {"k": 11}, {"max_hops": 0}, {"max_hops": 7}):
        with pytest.raises(InvalidRequest):
            town.paths("张伟", "李娜", **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest):
        town.paths("张伟", "张伟")
    with pytest.raises(NotFound):
        ranked_paths(town.store, IDA, town.id("张伟"), "nobody")
    with pytest.raises(Forbidden):
        ranked_paths(town.store, Principal("key:e", Role.RISK_ENGINE), town.id("张伟"), town.id("李娜"))


def test_every_relationship_of_the_schema_can_be_told() -> None:
    assert set(CLAUSES) == {kind.name for kind in SCHEMA.relationships}
    for told in CLAUSES.values():
        for text in (told.zh, told.en):
            assert "{0}" in text and "{1}" in text
