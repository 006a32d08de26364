"""The typed client against a real HTTP server: answers become values, and every way of failing a coded error."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

from investigator_ui.client import Api, UserApi
from investigator_ui.contract import Grade
from investigator_ui.errors import ApiDown, Refused, SessionExpired
from investigator_ui.marketing import pages
from investigator_ui.queries import DOCUMENTS
from tests.ui.fake_api import PASSWORD, TOKEN, FakeApi
from tests.ui.processes import ROOT, free_port


@pytest.fixture
def api(fake: FakeApi) -> Iterator[Api]:
    opened = Api(fake.url, timeout_seconds=5)
    yield opened
    opened.close()


@pytest.fixture
def user(api: Api) -> UserApi:
    return api.as_user(TOKEN)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "api" / "schema.graphql").read_text())


@pytest.mark.parametrize(("operation", "document"), [*DOCUMENTS.items(), *pages.DOCUMENTS.items()])
def test_every_query_is_valid_for_the_schema_of_the_api(operation: str, document: str, schema: GraphQLSchema) -> None:
    read = parse(document)
    assert validate(schema, read) == []
    assert [
        each.name.value for each in read.definitions if isinstance(each, OperationDefinitionNode) and each.name
    ] == [operation]


def test_a_subject_and_its_graph_come_in_one_question(user: UserApi, fake: FakeApi) -> None:
    opened = user.open("subject", as_of=datetime(2025, 1, 31, tzinfo=UTC))
    assert opened.subject.node.caption == "林**"
    assert len(opened.graph.nodes) == 13
    assert opened.graph.nodes[0].grade is Grade.A
    assert fake.asked == [("Subject", {"nodeId": "subject", "asOf": "2025-01-31T00:00:00+00:00", "sourceOnly": False})]


def test_where_nodes_are_goes_with_the_question_for_neighbours(user: UserApi, fake: FakeApi) -> None:
    user.neighbours("a", there={"a": (0.04, 1.26), "b": (10.0, -20.5)}, relationship="USES_PHONE", cap=10)
    _, variables = fake.asked[-1]
    assert variables["known"] == ["a", "b"]
    assert variables["positions"] == [0.0, 1.3, 10.0, -20.5]
    assert (variables["type"], variables["cap"]) == ("USES_PHONE", 10)


def test_log_in_answers_a_token_and_refuses_a_wrong_password(api: Api) -> None:
    assert api.log_in("investigator", PASSWORD).token == TOKEN
    with pytest.raises(Refused) as refused:
        api.log_in("investigator", "wrong")
    assert refused.value.code == "login.failed"


@pytest.mark.parametrize("token", [None, "", "of-yesterday"])
def test_without_a_good_token_the_session_has_ended(api: Api, token: str | None) -> None:
    with pytest.raises(SessionExpired):
        api.as_user(token).me()


def test_an_error_of_the_api_keeps_its_code(user: UserApi, fake: FakeApi) -> None:
    fake.error = {"code": "id.checksum"}
    with pytest.raises(Refused) as refused:
        user.resolve("110105199005120242")
    assert refused.value.code == "id.checksum"
    assert "110105199005120242" not in str(refused.value)


def test_an_api_that_is_down_slow_or_odd_is_told_apart(user: UserApi, fake: FakeApi) -> None:
    with pytest.raises(ApiDown) as down:
        Api(f"http://127.0.0.1:{free_port()}").as_user(TOKEN).me()
    assert down.value.code == "api_down"
    fake.delay = 0.5
    with pytest.raises(ApiDown) as slow:
        Api(fake.url, timeout_seconds=0.1).as_user(TOKEN).me()
    assert slow.value.code == "api_slow"
    fake.delay, fake.broken = 0.0, "<html>bad gateway</html>"
    with pytest.raises(ApiDown) as odd:
        user.me()
    assert odd.value.code == "api_failed"


def test_an_answer_of_another_version_names_the_place_and_no_value(user: UserApi, fake: FakeApi) -> None:
    fake.relation_graph = fake.relation_graph | {"total": "110105199005120241"}
    fake.relation_graph["nodes"][0]["grade"] = "E"
    with pytest.raises(ApiDown) as differs:
        user.open("subject")
    assert differs.value.code == "api_differs"
    assert "nodes.0.grade" in differs.value.detail
    assert "110105199005120241" not in str(differs.value)
