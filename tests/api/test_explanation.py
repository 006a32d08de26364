"""What a score rests on, over HTTP: the ties and the graph that they make, for whoever may see risk."""

from datetime import UTC, datetime
from pathlib import Path

from graph_model.predicates import AllOf
from graph_model.principal import Role
from graph_model.records import GraphBatch, NodeRecord, NodeRef
from graph_model.services.reveal import subject_hash
from graph_model.stores import open_store
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.api.test_cli import guanxi, refused
from tests.fixtures.reference_case import AS_OF

TIES = "query ($nodeId: ID!) { explanation(nodeId: $nodeId) { ties { customerId identifierId drop } modelVersion degradedBecause } }"


def test_an_investigator_sees_the_ties_and_the_graph_that_they_make(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    found = investigator.data(queries.EXPLANATION, nodeId=ids["subject"])["explanation"]
    assert found["subjectId"] == ids["subject"]
    assert found["asOf"] == AS_OF.isoformat()
    # The reference case comes without a model: the rules are what is explained, and the answer says so.
    assert (found["modelVersion"], found["source"]) == ("rules-1", "rules")
    assert found["degraded"] and found["degradedBecause"] == ["rules_only"]
    assert 1 <= len(found["ties"]) <= 12
    fall = found["estimate"] - found["estimateWithout"]
    assert fall > 0 and abs(sum(tie["drop"] for tie in found["ties"]) - fall) < 1e-9
    nodes = {node["id"]: node for node in found["graph"]["nodes"]}
    assert {end for tie in found["ties"] for end in (tie["customerId"], tie["identifierId"])} <= set(nodes)
    assert nodes[ids["subject"]]["isSubject"]
    assert all(edge["source"] in nodes and edge["target"] in nodes for edge in found["graph"]["edges"])
    assert not any(edge["human"] for edge in found["graph"]["edges"])
    for personal in served.case.personal:
        assert personal not in str(found)


def test_a_machine_reads_the_ties_and_no_graph_of_people_and_marketing_reads_neither(served: Served) -> None:
    subject = served.case.ids["subject"]
    engine = served.client(Role.RISK_ENGINE)
    assert len(engine.data(TIES, nodeId=subject)["explanation"]["ties"]) > 0
    assert engine.code(queries.EXPLANATION, nodeId=subject) == "forbidden"
    assert served.client(Role.MARKETER).code(TIES, nodeId=subject) == "forbidden"


def test_who_never_applied_has_nothing_to_explain(investigator: Client, served: Served) -> None:
    assert investigator.data(TIES, nodeId=served.case.ids["c_user"]) == {"explanation": None}


def test_what_has_no_score_of_its_own_is_refused_in_words(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    assert investigator.code(TIES, nodeId=ids["d_device"]) == "explanation.subject"
    assert investigator.code(TIES, nodeId="nobody") == "not_found"
    before = {"nodeId": ids["subject"], "asOf": "2020-01-01T00:00:00Z"}
    assert investigator.code(queries.EXPLANATION, **before) == "not_found"


def test_the_shell_tells_the_ties_and_names_nobody_in_clear(served: Served) -> None:
    home, address = served.runtime.settings.home, served.runtime.settings.store_address
    before = served.last_line()
    told = guanxi("explain", "-", "--store", address, home=home, stdin=f"{served.case.id_number}\n")
    assert told.returncode == 0, told.stderr
    assert "rules-1, as of 2026-06-30" in told.stdout and "rules_only" in told.stdout
    assert "device" in told.stdout and "without these ties" in told.stdout
    assert not [personal for personal in served.case.personal if personal in told.stdout]
    asked, done = (line for line in served.runtime.store.audit(after=before) if line.operation == "cli explain")
    assert (asked.result, done.result) == ("begun", "ok")
    assert list(done.subjects) == [subject_hash(served.runtime.audit_key, NodeRef("Customer", served.case.id_number))]
    idle = guanxi("explain", served.case.ids["c_user"], "--store", address, home=home)
    assert "nothing to explain" in idle.stdout
    refused(guanxi("explain", "APP-NOBODY-1", "--store", address, home=home), "not_found", 3)


def test_a_name_that_several_have_is_not_explained_for_one_of_them(tmp_path: Path) -> None:
    """Their numbers are: and an answer about somebody else would be taken for one about the person who was meant."""
    at, address = datetime(2026, 3, 1, tzinfo=UTC), f"sqlite:///{tmp_path / 'graph.db'}"
    store = open_store(address, create=True)
    numbers = ("P:namesake1", "P:namesake2")
    people = [NodeRecord(NodeRef("Customer", key), at, at, "test", {"name": "李秀英"}) for key in numbers]
    store.upsert(GraphBatch(people, [], []))
    ids = [node.node_id for node in store.select("Customer", AllOf(()))]
    store.close()
    several = refused(guanxi("explain", "李秀英", "--store", address, home=tmp_path), "invalid_request", 2)
    assert all(node_id in several for node_id in ids) and "Name one by its id" in several
    assert "秀英" not in several and "namesake" not in several
    one = guanxi("explain", ids[0], "--store", address, home=tmp_path)
    assert "nothing to explain" in one.stdout
