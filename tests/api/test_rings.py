"""Rings over HTTP: Relay pages with opaque cursors, filters, and members only for who may see people."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph_model.principal import Role
from graph_model.records import Ring
from tests.api import queries
from tests.api.conftest import Served
from tests.api.serving import serving
from tests.fixtures import reference_case
from tests.fixtures.reference_case import AS_OF, RING_ID

FIVE = [
    Ring(f"ring-{i}", 3 + i, i, AS_OF, AS_OF, "m", {"score": i / 10, "new_30d": i, "held_by": {"Phone": 2}})
    for i in range(5)
]


@pytest.fixture(scope="module")
def many(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The reference ring and five more of the same scoring."""
    with serving(home, tmp_path_factory.mktemp("rings")) as served:
        served.runtime.store.append_rings(FIVE)
        yield served


def ids(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in connection["edges"]]


def test_the_list_is_walked_by_cursors(many: Served) -> None:
    engine = many.client(Role.RISK_ENGINE)
    whole = engine.data(queries.RINGS)["rings"]
    assert ids(whole) == ["ring-4", "ring-3", "ring-2", "ring-1", RING_ID, "ring-0"] and whole["totalCount"] == 6
    assert whole["pageInfo"] | {"startCursor": "", "endCursor": ""} == {
        "hasNextPage": False, "hasPreviousPage": False, "startCursor": "", "endCursor": "",
    }  # fmt: skip
    walked: list[str] = []
    after = None
    for _ in range(3):
        page = engine.data(queries.RINGS, first=2, after=after)["rings"]
        assert page["totalCount"] == 6
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        after = page["pageInfo"]["endCursor"]
        walked += ids(page)
    assert walked == ids(whole) and page["pageInfo"]["hasNextPage"] is False
    beyond = engine.data(queries.RINGS, after=after)["rings"]
    assert ids(beyond) == [] and beyond["pageInfo"]["endCursor"] is None and beyond["pageInfo"]["hasPreviousPage"]


def test_rings_are_filtered_and_ordered_by_what_an_investigator_asks(many: Served) -> None:
    reader = many.client()
    bounds = {"minSize": 4, "maxSize": 6, "minKnownFraudShare": 0.3, "heldBy": "Phone"}
    assert ids(reader.data(queries.RINGS, filter=bounds)["rings"]) == ["ring-3", "ring-2"]
    assert ids(reader.data(queries.RINGS, filter={"motif": "device_farm"})["rings"]) == [RING_ID]
    by_score = ids(reader.data(queries.RINGS, order="MEAN_SCORE", filter={"minMeanScore": 0.2})["rings"])
    assert by_score == ["ring-4", "ring-3", "ring-2"]
    assert reader.code(queries.RINGS, filter={"heldBy": "Spaceship"}) == "unknown_name"
    assert reader.code(queries.RINGS, filter={"idNumber": "1"}) == "graphql.invalid"
    for first in (0, 101):
        assert reader.code(queries.RINGS, first=first) == "invalid_request"


def test_a_cursor_of_something_else_is_refused(many: Served) -> None:
    reader = many.client()
    cursor = reader.data(queries.RINGS, first=1)["rings"]["pageInfo"]["endCursor"]
    forged = base64.urlsafe_b64encode(b'["rings:000000000000",1e99,1,1,"x"]').decode()
    for options in (
        {"after": "nonsense"},
        {"after": ""},
        {"after": "游标"},
        {"after": cursor[:-4]},
        {"after": "A" * 2_000},
        {"after": forged},
        {"after": cursor, "order": "SIZE"},
        {"after": cursor, "filter": {"minSize": 4}},
        {"after": cursor, "asOf": AS_OF.isoformat()},
    ):
        assert reader.code(queries.RINGS, **options) == "cursor.invalid", options


def test_a_new_scoring_does_not_disturb_a_walk(home: Path, tmp_path: Path) -> None:
    night = AS_OF + timedelta(days=1)
    with serving(home, tmp_path) as served:
        served.runtime.store.append_rings(FIVE)
        reader = served.client()
        first = reader.data(queries.RINGS, first=2)["rings"]
        served.runtime.store.append_rings([Ring("ring-2", 50, 40, night, night, "m", {})])
        rest = reader.data(queries.RINGS, first=9, after=first["pageInfo"]["endCursor"])["rings"]
        assert ids(first) + ids(rest) == ["ring-4", "ring-3", "ring-2", "ring-1", RING_ID, "ring-0"]
        assert rest["edges"][0]["node"]["size"] == 5
        assert ids(reader.data(queries.RINGS)["rings"]) == ["ring-2"]
        assert ids(reader.data(queries.RINGS, asOf=AS_OF.isoformat())["rings"])[0] == "ring-4"


def test_a_ring_tells_what_its_scoring_kept(many: Served) -> None:
    ring = many.client(Role.RISK_ENGINE).data(queries.RING, id="ring-3")["ring"]
    assert ring["heldBy"] == [{"type": "Phone", "count": 2}]
    assert (ring["size"], ring["knownFraud"], ring["knownFraudShare"], ring["newMembers"]) == (6, 3, 0.5, 3)
    assert (ring["meanScore"], ring["density"], ring["motif"], ring["modelVersion"]) == (0.3, None, None, "m")
    reader = many.client()
    assert reader.data(queries.RING, id="no-such-ring") == {"ring": None}
    early = (AS_OF - timedelta(days=1)).isoformat()
    assert reader.data(queries.RING, id="ring-3", asOf=early) == {"ring": None}


def test_members_are_people_and_masked(many: Served) -> None:
    reader, case = many.client(), many.case
    page = reader.data(queries.RING_MEMBERS, id=RING_ID, first=1)["ring"]["members"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"id": case.ids["d_user"], "type": "Customer", "caption": "卫**"}
    ]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (2, True)
    after = page["pageInfo"]["endCursor"]
    rest = reader.data(queries.RING_MEMBERS, id=RING_ID, after=after)["ring"]["members"]
    assert ids(rest) == [case.ids["c_user"]] and rest["pageInfo"]["hasNextPage"] is False
    assert reader.code(queries.RING_MEMBERS, id="ring-3", after=after) == "cursor.invalid"
    cursor = base64.urlsafe_b64decode(after + "==")
    assert not [value for value in case.personal if value.encode() in cursor]


def test_a_machine_reads_rings_but_nobody_in_them(many: Served) -> None:
    engine = many.client(Role.RISK_ENGINE)
    assert engine.data(queries.RING, id=RING_ID)["ring"]["motif"] == "device_farm"
    assert engine.code(queries.RING_MEMBERS, id=RING_ID) == "forbidden"
    assert engine.code("query ($id: ID!) { ring(id: $id) { keyMembers { id } } }", id=RING_ID) == "forbidden"


def test_the_reference_ring_is_the_one_of_its_members(many: Served) -> None:
    query = "query ($id: ID!) { subjectById(nodeId: $id) { ring { id size } } }"
    ring = many.client().data(query, id=many.case.ids["c_user"])["subjectById"]["ring"]
    assert ring == {"id": reference_case.RING_ID, "size": 2}
