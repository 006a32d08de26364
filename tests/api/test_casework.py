"""Casework over GraphQL: one link drawn, one label, one disposition, one listing, each with its author; and who may do none of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph_model.principal import Role
from tests.api import queries
from tests.api.conftest import Served
from tests.api.serving import serving


@pytest.fixture(scope="module")
def desk(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(home, tmp_path_factory.mktemp("desk")) as served:
        yield served


def test_a_link_is_drawn_annotated_and_retracted_and_the_canvas_follows(desk: Served) -> None:
    ida, ids = desk.client(Role.INVESTIGATOR), desk.case.ids
    until = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    drawn = ida.data(
        queries.DRAW_LINK, **{"from": ids["user1"], "to": ids["user2"]}, reason="same voice", evidence="call 7",
        expiresAt=until.isoformat(),
    )["drawLink"]  # fmt: skip
    assert (drawn["author"], drawn["endedAt"]) == ("investigator", None)
    # Left out, evidence and expiry stay; null takes them away.
    bare = 'mutation ($id: ID!) { annotateLink(id: $id, reason: "same address") { evidence expiresAt } }'
    kept = ida.data(bare, id=drawn["id"])["annotateLink"]
    assert (kept["evidence"], datetime.fromisoformat(kept["expiresAt"])) == ("call 7", until)
    emptied = ida.data(queries.ANNOTATE_LINK, id=drawn["id"], reason="same address", evidence=None, expiresAt=None)
    assert (emptied["annotateLink"]["evidence"], emptied["annotateLink"]["expiresAt"]) == ("", None)

    graph = ida.data(queries.RELATION_GRAPH, nodeId=desk.case.subject_id)["subjectById"]["relationGraph"]
    (edge,) = [edge for edge in graph["edges"] if edge["human"]]
    assert (edge["link"]["id"], edge["qualifier"], edge["type"]) == (drawn["id"], None, "HUMAN_LINK")
    assert [edit["action"] for edit in edge["link"]["edits"]] == ["draw", "annotate", "annotate"]
    only = "query ($id: ID!) { subjectById(nodeId: $id) { relationGraph(sourceOnly: true) { edges { human } } } }"
    sources = ida.data(only, id=desk.case.subject_id)["subjectById"]["relationGraph"]["edges"]
    assert len(sources) == len(graph["edges"]) - 1
    added = "query ($id: ID!) { neighbours(nodeId: $id, sourceOnly: true, cap: 100) { edges { human } } }"
    assert not any(edge["human"] for edge in ida.data(added, id=ids["user1"])["neighbours"]["edges"])

    sue = desk.client(Role.SUPERVISOR)
    gone = sue.data(queries.RETRACT_LINK, id=drawn["id"], reason="no evidence")["retractLink"]
    assert (gone["edits"][-1]["author"], gone["endedAt"]) == ("supervisor", gone["edits"][-1]["at"])
    assert ida.data(queries.LINK, id=drawn["id"])["link"] == gone
    assert ida.code(queries.RETRACT_LINK, id=drawn["id"], reason="again, please") == "link.ended"
    assert ida.data(queries.LINK, id="no-such-link")["link"] is None


def test_a_label_a_disposition_and_a_listing_are_on_the_nodes_page(desk: Served) -> None:
    ida, sue, ids = desk.client(Role.INVESTIGATOR), desk.client(Role.SUPERVISOR), desk.case.ids
    label = ida.data(
        queries.RECORD_LABEL, applicationId=ids["application2"], label="CONFIRMED_FRAUD", knownAt="2026-06-01T10:00:00"
    )["recordLabel"]
    assert (label["value"], label["captionZh"], label["source"]) == ("confirmed_fraud", "确认欺诈", "user:investigator")
    assert datetime.fromisoformat(label["at"]) == datetime(2026, 6, 1, 2, tzinfo=UTC)  # by the lender's clock
    ida.data(queries.RECORD_DISPOSITION, subject=ids["device1"], verdict="SUSPICIOUS", reason="used by a ring")
    entry = sue.data(queries.ADD_TO_BLOCKLIST, nodeId=ids["device1"], reason="used by a ring")["addToBlocklist"]
    assert entry["listed"] and "*" in entry["caption"]
    node = ida.data(queries.NODE_FACTS, id=ids["device1"])["node"]
    assert node["blocklisted"]
    since = [fact["at"] for fact in node["facts"] if fact["kind"] == "blocklist"]
    said = {"nodeId": ids["device1"], "reason": "used by a ring", "source": "user:supervisor", "expiresAt": None}
    assert [node["blocklistEntry"]] == [{**said, "since": at} for at in since]
    assert [(f["kind"], f["captionEn"], f["source"], f["note"]) for f in node["facts"]] == [
        ("disposition", "suspicious", "user:investigator", "used by a ring"),
        ("blocklist", "listed", "user:supervisor", "used by a ring"),
    ]
    assert [e["node"]["nodeId"] for e in ida.data(queries.BLOCKLIST)["blocklist"]["edges"]] == [ids["device1"]]
    off = sue.data(queries.REMOVE_FROM_BLOCKLIST, nodeId=ids["device1"], reason="a shop's device")
    assert not off["removeFromBlocklist"]["listed"]
    after = ida.data(queries.NODE_FACTS, id=ids["device1"], kind="blocklist")["node"]
    assert (after["blocklisted"], after["blocklistEntry"]) == (False, None)


def test_a_key_that_is_listed_comes_back_masked_and_is_nowhere_in_the_log(desk: Served) -> None:
    sue = desk.client(Role.SUPERVISOR)
    numbers = [f"1390013{number}" for number in (6001, 6002, 6003)]
    for number in numbers:
        sue.data(queries.ADD_TO_BLOCKLIST, type="Phone", key=number, reason="mule phone")
    seen, after = [], None
    while True:
        page = sue.data(queries.BLOCKLIST, first=2, after=after, type="Phone")["blocklist"]
        seen += [edge["node"]["caption"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == ["139****6003", "139****6002", "139****6001"]
    refused = sue.post(queries.ADD_TO_BLOCKLIST, {"type": "Phone", "key": "1390013", "reason": "mule phone"})
    assert refused.json()["errors"][0]["extensions"]["code"] == "phone.invalid" and "1390013" not in refused.text
    assert sue.code(queries.ADD_TO_BLOCKLIST, type="Phone", reason="mule phone") == "blocklist.which"
    assert sue.code(queries.BLOCKLIST, after="nonsense") == "cursor.invalid"


@pytest.mark.parametrize("role", [Role.MARKETER, Role.OPERATOR, Role.RISK_ENGINE, Role.DATA_SCIENTIST])
def test_others_edit_nothing(desk: Served, role: Role) -> None:
    client, ids = desk.client(role), desk.case.ids
    one, two = ids["user1"], ids["user2"]
    assert client.code(queries.DRAW_LINK, **{"from": one, "to": two}, reason="same voice") == "forbidden"
    assert client.code(queries.RECORD_DISPOSITION, subject=one, verdict="CLEARED", reason="a mistake") == "forbidden"
    assert client.code(queries.ADD_TO_BLOCKLIST, nodeId=one, reason="a mistake") == "forbidden"
