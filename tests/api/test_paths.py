"""Paths over HTTP: how two people hang together, in a sentence of each language that names nobody in full."""

from graph_model.principal import Role
from tests.api import queries
from tests.api.conftest import Client, Served


def test_two_people_on_one_device(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    asked = {"from": ids["subject"], "to": ids["d_user"]}
    direct, *others = investigator.data(queries.PATH, **asked)["path"]
    assert direct["sentenceZh"] == "林** 与 卫** 共用设备 ref***1-d。"
    assert direct["sentenceEn"] == "林** and 卫** share device ref***1-d."
    assert [node["id"] for node in direct["nodes"]] == [ids["subject"], ids["d_device"], ids["d_user"]]
    assert [edge["type"] for edge in direct["edges"]] == ["USES_DEVICE", "USES_DEVICE"]
    assert direct["hops"] == 2 and all(path["cost"] >= direct["cost"] for path in others)
    assert others[0]["sentenceZh"].startswith("林** 与 褚** 共用设备")
    back = investigator.data(queries.PATH, **{"from": ids["d_user"], "to": ids["subject"]}, k=1)["path"]
    assert back[0]["sentenceZh"] == "卫** 与 林** 共用设备 ref***1-d。"


def test_nothing_between_two_is_an_empty_list_and_bounds_are_refused(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    far = {"from": ids["phone14"], "to": ids["d_user"]}
    assert investigator.data(queries.PATH, **far, maxHops=1) == {"path": []}
    for options in ({"k": 0}, {"k": 11}, {"maxHops": 7}, {"to": far["from"]}):
        assert investigator.code(queries.PATH, **(far | options)) == "invalid_request"
    assert investigator.code(queries.PATH, **(far | {"to": "nobody"})) == "not_found"


def test_a_machine_has_no_paths_between_people(served: Served) -> None:
    asked = {"from": served.case.ids["subject"], "to": served.case.ids["d_user"]}
    for role in (Role.RISK_ENGINE, Role.MARKETER, Role.OPERATOR):
        assert served.client(role).code(queries.PATH, **asked) == "forbidden"
