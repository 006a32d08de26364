"""Limits: what an operation may cost is known before it runs, what somebody may spend is kept in a bucket, and lists have an end."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from api.bootstrap import Runtime
from api.graphql.cost import HIGHEST, ListTooLong, Plan, Plans, check_lists
from api.graphql.schema import build_schema
from api.rate import Buckets, RateLimited
from api.settings import Settings
from graph_model.principal import Role
from tests.api import queries
from tests.api.conftest import Client, Served, ServerThread
from tests.api.test_http import served_copy

SCHEMA = build_schema()._schema


def plan(query: str) -> Plan:
    found = Plans(SCHEMA).of(query, None, parse(query))
    assert found is not None
    return found


def cost(query: str, **variables: Any) -> int:
    return plan(query).cost(variables)


# --- cost ------------------------------------------------------------------------------------------------------------


def test_a_list_costs_what_is_asked_for_however_it_is_asked() -> None:
    by_literal = cost('{ search(text: "zhang", limit: 40) { id caption } }')
    assert by_literal == 50 + 40 * 2
    query = 'query ($n: Int! = 40) { search(text: "zhang", limit: $n) { id caption } }'
    assert cost(query) == by_literal
    assert cost(query, n=40) == by_literal
    assert cost(query, n=400) == 50 + 400 * 2
    assert cost('{ search(text: "zhang") { id caption } }') == 50 + 10 * 2  # the schema's own default


def test_a_graph_costs_by_its_limit_and_what_hangs_on_each_node() -> None:
    bare = "query ($i: ID!, $n: Int!) { subjectById(nodeId: $i) { relationGraph(limit: $n) { nodes { id } } } }"
    full = (
        "query ($i: ID!, $n: Int!) { subjectById(nodeId: $i) { relationGraph(limit: $n) { total nodes { id x y } } } }"
    )
    assert cost(bare, n=1_000) - cost(bare, n=100) == 900
    assert cost(full, n=1_000) == cost(bare, n=1_000) + 2_001


def test_a_connection_s_edges_are_counted_once() -> None:
    query = "query ($n: Int!) { rings(first: $n) { totalCount edges { cursor node { id } } } }"
    assert cost(query, n=50) == 10 + 1 + (1 + 50 * (1 + 1 + 1))


def test_two_hundred_scores_cost_two_hundred_times_one() -> None:
    query = "query ($n: [String!]!) { scores(idNumbers: $n) { index answer { score } } }"
    assert cost(query, n=["x"] * 200) == 10 + 200 * 3
    assert cost('{ scores(idNumbers: ["a", "b"]) { index } }') == 10 + 2


def test_what_was_sent_of_the_wrong_kind_costs_something_and_breaks_nothing() -> None:
    query = 'query ($n: Int!) { search(text: "zhang", limit: $n) { id } }'
    for wrong in ("many", None, [1], {"a": 1}, -5, 0):
        assert cost(query, n=wrong) >= 51


def test_fragments_count_where_they_are_spread_and_cost_no_time_of_ours() -> None:
    plain = cost("{ me { name role } schema { version } }")
    spread = "{ ...a ...a me { ...b ...b } } fragment a on Query { schema { version } } fragment b on Me { name role }"
    assert cost(spread) == plain
    bomb = "{ ...f0 } " + " ".join(
        f"fragment f{i} on Query {{ ...f{i + 1} ... on Query {{ ...f{i + 1} }} }}" for i in range(14)
    )
    bomb += " fragment f14 on Query { me { name } }"
    assert plan(bomb).fields == ("me",)


def test_no_document_costs_more_than_can_be_counted() -> None:
    query = "query ($n: Int!) { rings(first: $n) { edges { node { members(first: $n) { edges { node { id } } } } } } }"
    assert cost(query, n=10**12) == HIGHEST


@given(
    st.dictionaries(st.sampled_from(["n", "nodeId", "limit", "cap", "known"]), st.integers() | st.lists(st.integers()))
)
def test_the_cost_of_every_document_of_the_product_is_at_least_its_fields(variables: dict[str, Any]) -> None:
    for query in (queries.RELATION_GRAPH, queries.NEIGHBOURS, queries.SEARCH):
        assert cost(query, **variables) >= 10


def test_every_document_of_the_product_is_within_the_limit_at_its_widest() -> None:
    widest = {"limit": 1_500, "cap": 200, "known": ["x"] * 2_000, "positions": [0.0] * 4_000, "idNumbers": ["x"] * 200}
    for query in queries.EVERYTHING:
        assert cost(query, **widest) <= Settings().max_cost, query


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_long_list_is_found_wherever_it_is() -> None:
    check_lists({"a": [{"b": [1, 2, 3]}]}, 3)
    for sent in ([1, 2, 3, 4], {"a": [{"b": [1, 2, 3, 4]}]}, [[[1], [1, 2, 3, 4]]]):
        with pytest.raises(ListTooLong):
            check_lists(sent, 3)
    deep: Any = []
    for _ in range(100_000):  # the sender chose the depth
        deep = [deep]
    check_lists(deep, 3)


# --- buckets ---------------------------------------------------------------------------------------------------------


def test_a_bucket_empties_fills_again_and_says_when() -> None:
    now = [0.0]
    buckets = Buckets(100, 10, seconds=lambda: now[0])
    buckets.charge("engine", 90)
    with pytest.raises(RateLimited) as caught:
        buckets.charge("engine", 50)
    assert caught.value.retry_after == 4
    buckets.charge("somebody else", 100)
    now[0] = 4.0
    buckets.charge("engine", 50)
    now[0] = 10_000.0
    buckets.charge("engine", 100)  # never fuller than full
    with pytest.raises(RateLimited):
        buckets.charge("engine", 1)


def test_a_fine_is_owed_and_a_refusal_costs_nothing() -> None:
    now = [0.0]
    buckets = Buckets(100, 10, seconds=lambda: now[0])
    for _ in range(50):
        buckets.fine("scanner", 100)
    now[0] = 9.0
    for _ in range(10):
        with pytest.raises(RateLimited):
            buckets.charge("scanner", 1)
    now[0] = 10.2
    buckets.charge("scanner", 1)  # no more than a whole bucket is owed


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(served: Served) -> Iterator[tuple[Client, Runtime]]:
    """A server where little is allowed."""
    settings = Settings(home=served.runtime.settings.home, max_list=5, max_cost=600, rate_capacity=2_000, rate_refill=1)
    buckets = Buckets(settings.rate_capacity, settings.rate_refill)
    runtime = dataclasses.replace(served_copy(served), settings=settings, buckets=buckets)
    with ServerThread(settings, runtime) as url:
        yield Client(httpx.Client(base_url=url, timeout=30), served.tokens[Role.INVESTIGATOR]), runtime


def test_too_costly_and_too_long_are_refused_before_anything_is_looked_up(
    small: tuple[Client, Runtime], served: Served
) -> None:
    client, runtime = small
    before = len(runtime.store.audit(after=served.last_line()))
    assert before == 0
    answer = client.post(queries.RELATION_GRAPH, {"nodeId": served.case.subject_id, "limit": 1_000}).json()
    error = answer["errors"][0]
    assert (answer["data"], error["extensions"]["code"]) == (None, "graphql.too_costly")
    assert "600" in error["message"] and "hint" in error["extensions"]
    answer = client.post(queries.NEIGHBOURS, {"nodeId": served.case.subject_id, "known": ["x"] * 6})
    assert answer.json()["errors"][0]["extensions"]["code"] == "graphql.list_too_long"
    known = ",".join('"x"' for _ in range(6))
    query = f'{{ neighbours(nodeId: "{served.case.subject_id}", known: [{known}]) {{ nodes {{ id }} }} }}'
    assert client.code(query) == "graphql.list_too_long"
    costly, long, longer = served.runtime.store.audit(after=served.last_line() - 3)
    assert [line.result for line in (costly, long, longer)] == [
        "graphql.too_costly", "graphql.list_too_long", "graphql.list_too_long",
    ]  # fmt: skip
    assert costly.detail["cost"] > 600 and costly.subjects == ()


def test_who_asks_too_much_is_told_when_to_come_back_and_others_are_served(
    small: tuple[Client, Runtime], served: Served
) -> None:
    client, runtime = small
    query = '{ search(text: "zhang", limit: 50) { id type caption matched grade } }'
    answers = [client.post(query) for _ in range(9)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[0] == 200 and statuses[-1] == 429
    refused = answers[-1]
    extensions = refused.json()["errors"][0]["extensions"]
    assert extensions["code"] == "rate.limited"
    assert refused.headers["retry-after"] == str(extensions["retryAfter"]) and extensions["retryAfter"] > 0
    other = Client(client.http, served.tokens[Role.SUPERVISOR])
    assert other.post(query).status_code == 200
    assert b'guanxi_refusals_total{code="rate.limited"}' in runtime.metrics.text()


def test_documents_that_are_refused_are_paid_for_too(small: tuple[Client, Runtime]) -> None:
    client, _ = small
    codes = [client.post("{ nobody }").json()["errors"][0]["extensions"]["code"] for _ in range(40)]
    assert codes[0] == "graphql.invalid" and codes[-1] == "rate.limited"


def test_a_limit_that_no_bucket_could_ever_pay_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="GUANXI_RATE_CAPACITY"):
        Settings(max_cost=100, rate_capacity=50)


# --- for developers --------------------------------------------------------------------------------------------------


def test_the_page_to_ask_from_is_for_developers_and_needs_no_other_host(served: Served) -> None:
    assert httpx.get(f"{served.url}/graphql").status_code == 405
    settings = Settings(home=served.runtime.settings.home, introspection=True)
    with ServerThread(settings, served_copy(served)) as url:
        first, second = httpx.get(f"{url}/graphql"), httpx.get(f"{url}/graphql")
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}">' in first.text and nonce not in second.text
    assert "://" not in first.text  # nothing is fetched from anywhere else
