"""Nodes of every type, by id and by key: all that the schema declares of them, and every personal value masked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.api.serving import serving
from tests.fixtures.reference_case import ReferenceCase

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
# As people write them; the graph holds what each property type makes of it.
WRITTEN = {
    "Phone": "138 0013 8001",
    "Device": "REF-DEVICE-0001-A",
    "Address": "广东省深圳市南山区学苑大道101号1栋101室",
    "Application": "APP-REF-0001",
    "Employer": "深圳市启明电子有限公司",
    "IpAddress": "203.0.113.7",
    "SocialAccount": "WeChat:reference1",
    "Email": "Nobody@Example.COM",
}


def written(label: str, case: ReferenceCase, store: GraphStore) -> str:
    if label == "Customer":
        return f" {case.id_number.lower()} "
    if label == "BankAccount":
        number = store.get_by_id([case.ids["bank1"]])[0].key
        return f"{number[:4]} {number[4:]}"
    return WRITTEN[label]


@pytest.fixture(scope="module")
def every(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The reference case, with an IP address and an e-mail of its subject: a node of every type."""
    with serving(home, tmp_path_factory.mktemp("nodes")) as served:
        subject = NodeRef("Customer", served.case.id_number)
        nodes, edges = [], []
        for label, type in (("IpAddress", "USES_IP"), ("Email", "HAS_EMAIL")):
            ref = NodeRef(label, str(SCHEMA.node(label).key.type.clean(WRITTEN[label])))
            nodes.append(NodeRecord(ref, SEEN, SEEN, "files"))
            edges.append(EdgeRecord(type, subject, ref, SEEN, SEEN, SEEN, "files"))
        served.runtime.store.upsert(GraphBatch(nodes, edges))
        yield served


@pytest.mark.parametrize("label", SCHEMA.labels)
def test_a_node_of_every_type_is_found_by_key_and_shown_whole(every: Served, label: str) -> None:
    investigator = every.client()
    text = written(label, every.case, every.runtime.store)
    found = investigator.data(queries.NODE_BY_KEY, type=label, key=text)["nodeByKey"]
    assert found["type"] == label
    assert investigator.data(queries.NODE_BY_ID, id=found["id"])["node"] == found
    declared = SCHEMA.node(label)
    shown = {attribute["name"]: attribute for attribute in found["attributes"]}
    assert list(shown) == [declared.key.name, *(other.name for other in declared.properties)]
    for name, attribute in shown.items():
        property = declared.declared(name)
        assert (attribute["captionZh"], attribute["captionEn"]) == (property.caption.zh, property.caption.en)
        assert attribute["personal"] is property.personal
        assert attribute["masked"] is (property.personal and attribute["value"] is not None)
    key = shown[declared.key.name]
    assert key["value"] is not None and key["displayZh"] and key["displayEn"]
    assert len(found["degrees"]) > 0 and found["caption"] and found["source"] and found["firstSeen"]
    whole = every.runtime.store.get_by_id([found["id"]])[0]
    if declared.key.personal:
        assert whole.key not in str(found) and text.strip() not in str(found)
    assert found["assessment"] is None or found["assessment"]["grade"] == whole.grade


def test_an_unknown_key_is_null_and_a_wrong_one_an_error(investigator: Client) -> None:
    assert investigator.data(queries.NODE_BY_KEY, type="Phone", key="13900000000") == {"nodeByKey": None}
    assert investigator.code(queries.NODE_BY_KEY, type="Phone", key="12") == "phone.invalid"
    assert investigator.code(queries.NODE_BY_KEY, type="Customer", key="") == "id.length"
    assert investigator.code(queries.NODE_BY_KEY, type="Spaceship", key="1") == "unknown_name"
