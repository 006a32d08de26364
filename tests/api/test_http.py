"""The outside of the server: limits, refusals, headers, health, and nothing that leaks."""

import dataclasses
import io
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from api import errors
from api.app import create_app
from api.export_schema import PATH, current, main
from api.settings import Settings
from graph_model import errors as model_errors
from graph_model.errors import GuanxiError, StoreMissing, StoreUnavailable
from graph_model.principal import Role
from graph_model.store import GraphStore
from tests.api import queries
from tests.api.conftest import Client, Served, ServerThread
from tests.api.test_access import variables

SECRET_NUMBER = "110105199005120241"


def test_a_bomb_of_fragments_is_measured_without_exploding() -> None:
    from graphql import parse, validate

    from api.graphql.limits import shape_rule
    from api.graphql.schema import build_schema

    bomb = "{ schema { ...f0 } } " + " ".join(
        f"fragment f{i} on GraphSchema {{ ...f{i + 1} ...f{i + 1} }}" for i in range(60)
    )
    document = parse(bomb + " fragment f60 on GraphSchema { v: version }")
    found = validate(build_schema()._schema, document, [shape_rule(10, 15)])
    assert [(e.extensions or {})["code"] for e in found] == ["graphql.too_many_aliases"]


def test_a_query_below_and_above_the_depth() -> None:
    from graphql import parse, validate

    from api.graphql.limits import shape_rule
    from api.graphql.schema import build_schema

    schema = build_schema()._schema
    document = parse("{ me { name } }")
    assert validate(schema, document, [shape_rule(2, 0)]) == []
    (error,) = validate(schema, document, [shape_rule(1, 0)])
    assert (error.extensions or {})["code"] == "graphql.too_deep"


def test_many_aliases_and_long_documents_are_refused(investigator: Client) -> None:
    many = " ".join(f"a{i}: me {{ name }}" for i in range(16))
    assert investigator.code(f"{{ {many} }}") == "graphql.too_many_aliases"
    long = " ".join("me { name }" for _ in range(300))
    assert investigator.code(f"{{ {long} }}") == "graphql.too_long"


def test_a_large_body_is_refused_with_and_without_its_length(served: Served) -> None:
    big = b'{"query": "' + b" " * 70_000 + b'{ me { name } }"}'
    headers = {"Content-Type": "application/json"}
    told = httpx.post(f"{served.url}/graphql", content=big, headers=headers)
    untold = httpx.post(f"{served.url}/graphql", content=iter([big[:40_000], big[40_000:]]), headers=headers)
    for answer in (told, untold):
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["extensions"]["code"] == "request.too_large"


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b'{"query": "{ me { name } }"}', "text/plain", 415, "request.media_type"),
        (b"{", "application/json", 400, "invalid_request"),
        (b'[{"query": "{ me { name } }"}]', "application/json", 400, "invalid_request"),
        (b'{"query": ""}', "application/json", 400, "invalid_request"),
        (b'{"query": "{ me { name } }", "variables": []}', "application/json", 400, "invalid_request"),
        (b'{"query": "{ me { name } }", "operationName": "Other"}', "application/json", 400, "graphql.invalid"),
        (b'{"query": "subscription { me { name } }"}', "application/json; charset=utf-8", 200, "graphql.invalid"),
    ],
)
def test_what_is_no_graphql_request(served: Served, content: bytes, media: str, status: int, code: str) -> None:
    headers = {"Content-Type": media, "Authorization": f"Bearer {served.tokens[Role.INVESTIGATOR]}"}
    answer = httpx.post(f"{served.url}/graphql", content=content, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)


def test_syntax_and_unknown_fields_are_told_without_suggestions(investigator: Client) -> None:
    assert investigator.code("{ me {") == "graphql.syntax"
    answer = investigator.post("{ mee { name } }").json()["errors"][0]
    assert answer["extensions"]["code"] == "graphql.invalid"
    assert "Did you mean" not in answer["message"]


def test_introspection_is_for_developers_who_ask_for_it(investigator: Client, served: Served) -> None:
    query = "{ __schema { types { name fields { name type { name ofType { name ofType { name } } } } } } }"
    assert investigator.code(query) == "graphql.invalid"
    settings = Settings(home=served.runtime.settings.home, introspection=True)
    with ServerThread(settings, served_copy(served)) as url:
        client = Client(httpx.Client(base_url=url), investigator.token)
        assert client.data(query)["__schema"]["types"]
        assert client.data("{ __typename }") == {"__typename": "Query"}


def test_queries_by_get_and_unknown_routes_are_refused(served: Served) -> None:
    by_get = httpx.get(f"{served.url}/graphql", params={"query": "{ me { name } }"})
    assert (by_get.status_code, by_get.json()["errors"][0]["extensions"]["code"]) == (405, "route.method")
    for path in ("/", "/docs", "/openapi.json", "/graphiql", "/nope"):
        answer = httpx.get(served.url + path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "route.not_found")


def test_every_answer_carries_security_headers_and_a_request_id(served: Served) -> None:
    for answer in (
        httpx.get(f"{served.url}/healthz"),
        httpx.get(f"{served.url}/nope"),
        httpx.post(f"{served.url}/graphql"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers["x-request-id"]) == 16
    given = httpx.get(f"{served.url}/healthz", headers={"X-Request-ID": "4fd1a3c2"})
    assert given.headers["x-request-id"] == "4fd1a3c2"
    uuid = "3f13b7a0-9c1e-4d2a-8b7f-5e6a7b8c9d0e"
    assert httpx.get(f"{served.url}/healthz", headers={"X-Request-ID": uuid}).headers["x-request-id"] == uuid
    numbers = ("13800138001", "138-0013-8000-abcd", "13800138-0000-4000-8000-abcdefabcdef", "zhang-san", "abc-1234")
    for unusable in (*numbers, "a13800138000b", "a b", SECRET_NUMBER):
        taken = httpx.get(f"{served.url}/healthz", headers={"X-Request-ID": unusable}).headers["x-request-id"]
        assert taken != unusable


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (
            "query ($v: String!) { subject(idNumber: $v) { idExpired } }",
            {"v": {"x": "张三; 13800138001"}},
            "graphql.invalid",
        ),
        ('query ($v: Int!) { search(text: "li", limit: $v) { id } }', {"v": "张三"}, "graphql.invalid"),
        (
            'query ($v: DateTime) { subject(idNumber: "x", asOf: $v) { idExpired } }',
            {"v": "张三: 13800138001"},
            "graphql.invalid",
        ),
        ('{ search(text: "li", limit: "张三") { id } }', {}, "graphql.invalid"),
        ("{ search(text: 13800138001) { id } }", {}, "graphql.invalid"),
        ('{ subject(idNumber: "张三" "x: 13800138001") { idExpired } }', {}, "graphql.syntax"),
        ('{ subject(idNumber: "x") { 张三 } }', {}, "graphql.syntax"),
        ('{ subject(idNumber: "x", asOf: "张三") { idExpired } }', {}, "graphql.invalid"),
        ("query ($l: Language) { __typename }", {"l": "张三"}, "graphql.invalid"),
        ('{ subject(idNumber: "x") { assessment { reasons(language: 张三) { text } } } }', {}, "graphql.syntax"),
        ('{ subject(idNumber: "x") { assessment { reasons(language: ZHANGSAN) { text } } } }', {}, "graphql.invalid"),
        ("{ x13800138001 { name } }", {}, "graphql.invalid"),
    ],
)
def test_a_complaint_about_a_query_repeats_no_value(
    investigator: Client, query: str, variables: dict[str, Any], code: str
) -> None:
    answer = investigator.post(query, variables)
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {code}, answer.text
    for value in ("张三", "ZHANGSAN", "13800138001"):
        assert value not in answer.text, answer.text


def served_copy(served: Served, **changes: Any) -> Any:
    """The running server's parts, some exchanged; its store stays open when the copy stops."""
    store = changes.pop("store", _KeepOpen(served.runtime.store))
    return dataclasses.replace(served.runtime, store=store, **changes)


class _KeepOpen:
    """A store that a second server must not close."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return (lambda: None) if name == "close" else getattr(self._store, name)


class _Broken(_KeepOpen):
    """A store that fails, with somebody's number in the failure's words."""

    def __init__(self, store: GraphStore, failure: Exception) -> None:
        super().__init__(store)
        self._failure = failure

    def get(self, *_: Any, **__: Any) -> None:
        raise self._failure

    def check(self) -> None:
        raise self._failure


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ValueError(f"invalid literal: {SECRET_NUMBER}"), "internal"),
        (StoreUnavailable(f"/srv/secret/graph.db failed at {SECRET_NUMBER}"), "store_unavailable"),
    ],
)
def test_a_failure_inside_leaks_neither_to_the_client_nor_to_the_log(
    served: Served, failure: Exception, code: str
) -> None:
    before = len(served.log.getvalue())
    runtime = served_copy(served, store=_Broken(served.runtime.store, failure))
    with ServerThread(served.runtime.settings, runtime) as url:
        client = Client(httpx.Client(base_url=url), served.tokens[Role.INVESTIGATOR])
        answer = client.post(queries.SUBJECT_BY_NUMBER, {"idNumber": served.case.id_number})
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        ready = httpx.get(f"{url}/readyz")
        assert ready.status_code >= 500 and ready.json()["error"]["code"] == code
    logged = served.log.getvalue()[before:]
    for text in (answer.text, ready.text, logged):
        assert SECRET_NUMBER not in text and "/srv/secret" not in text and "Traceback" not in text
    assert '"event": "graphql.failed"' in logged


def test_a_healthy_server_is_alive_and_ready(served: Served) -> None:
    assert httpx.get(f"{served.url}/healthz").json() == {"status": "alive"}
    ready = httpx.get(f"{served.url}/readyz").json()
    assert (ready["status"], ready["slow"]) == ("ready", False) and ready["ms"] >= 0


def test_logs_hold_ids_and_codes_and_nobody_s_data(served: Served) -> None:
    before = len(served.log.getvalue())  # what other tests did in this process has no request
    for role in Role:
        client = served.client(role)
        for query, values in variables(served).items():
            client.post(query, values)
    client = served.client()
    client.post(f'query Find{SECRET_NUMBER} {{ subject(idNumber: "{SECRET_NUMBER}") {{ idExpired }} }}')
    client.post(queries.SUBJECT_BY_NUMBER, {"idNumber": f"{SECRET_NUMBER}0"})
    client.post(queries.SUBJECT_BY_NUMBER, {"idNumber": {"not": SECRET_NUMBER}})
    client.http.get(f"/{SECRET_NUMBER}")
    httpx.post(f"{served.url}/auth/login", json={"username": "13800138001", "password": SECRET_NUMBER})
    lines = [json.loads(line) for line in served.log.getvalue()[before:].splitlines()]
    assert {line["event"] for line in lines} >= {"http", "graphql"}
    assert all("request_id" in line for line in lines if not line["event"].startswith("audit.head"))
    text = served.log.getvalue()
    assert not [value for value in served.case.personal if value in text]


def test_the_store_is_never_touched_in_the_event_loop(served: Served) -> None:
    import threading

    seen: set[str] = set()

    class Watched(_KeepOpen):
        def __getattr__(self, name: str) -> Any:
            verb = super().__getattr__(name)

            def called(*args: Any, **kwargs: Any) -> Any:
                if name != "close":
                    seen.add(threading.current_thread().name)
                return verb(*args, **kwargs)

            return called

    with ServerThread(served.runtime.settings, served_copy(served, store=Watched(served.runtime.store))) as url:
        loop_thread = {t.name for t in threading.enumerate() if t.name.startswith("Thread-") and "run" in t.name}
        client = Client(httpx.Client(base_url=url), served.tokens[Role.INVESTIGATOR])
        client.data(queries.SUBJECT_BY_NUMBER, idNumber=served.case.id_number)
        httpx.get(f"{url}/readyz")
    assert seen and not seen & loop_thread


def test_more_than_fits_is_refused_rather_than_piled_up() -> None:
    import threading

    import anyio

    from api.workers import Overloaded, Workers

    release = threading.Event()
    outcomes: list[str] = []

    async def ask(workers: Workers) -> None:
        try:
            await workers.run(lambda: release.wait(10))
            outcomes.append("done")
        except Overloaded:
            outcomes.append("refused")

    async def crowd() -> None:
        workers = Workers(threads=2, waiting=3)
        async with anyio.create_task_group() as group:
            for _ in range(9):
                group.start_soon(ask, workers)
                await anyio.sleep(0.02)
            release.set()

    anyio.run(crowd)
    assert sorted(outcomes) == ["done"] * 5 + ["refused"] * 4


def test_the_schema_file_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert PATH.read_text(encoding="utf-8") == current()
    assert main(["--check"]) == 0


def test_a_stale_schema_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("api.export_schema.PATH", tmp_path / "schema.graphql")
    assert main(["--check"]) == 1
    assert "python -m api.export_schema" in capsys.readouterr().err
    assert main([]) == 0 and main(["--check"]) == 0


def all_errors(kind: type[GuanxiError] = GuanxiError) -> list[type[GuanxiError]]:
    return [kind, *(sub for child in kind.__subclasses__() for sub in all_errors(child))]


def test_every_error_of_the_product_has_a_line_in_the_table() -> None:
    for name in ("api.cli", "api.demo.processes", "ingest.errors"):
        import_module(name)
    assert {kind.code for kind in all_errors() if kind.__module__.startswith(("api", "graph_model"))} <= set(
        errors.CODES
    )
    for kind in all_errors():
        instance = cast(GuanxiError, kind.__new__(kind))
        assert errors.outcome_of(kind.code, instance).exit > 0
    assert "account.of_the_moon" not in errors.CODES  # a type that comes later may refuse in words of its own
    described = errors.describe(model_errors.InvalidValue("account.of_the_moon", "No bank there has this number."))
    assert (described.code, described.outcome.http) == ("account.of_the_moon", 422)


def test_a_server_without_a_graph_says_so_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        create_app(Settings(home=tmp_path))


def test_importing_the_api_loads_neither_torch_nor_the_trees() -> None:
    code = "import sys, api.app, api.cli; print([m for m in ('torch', 'torch_geometric', 'lightgbm', 'sklearn', 'numba', 'dash') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_command_starts_without_what_only_some_of_them_need() -> None:
    code = "import sys, api.cli; print([m for m in ('polars', 'scipy', 'pyarrow', 'httpx') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_logs_are_one_json_object_a_line() -> None:
    from api.logs import configure, log
    from graph_model.errors import where

    stream = io.StringIO()
    configure("info", stream=stream)
    try:
        try:
            raise RuntimeError(SECRET_NUMBER)
        except RuntimeError as exc:
            log.error("tried", **where(exc))
        log.debug("too quiet to be written")
        (line,) = stream.getvalue().splitlines()
        assert json.loads(line)["error"] == "RuntimeError" and SECRET_NUMBER not in line
    finally:
        configure("warning")
