"""Metrics and traces: what is counted, who may read it, and that nobody's data is among it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.errors import CODES
from api.metrics import Metrics
from api.middleware import KNOWN_PATHS, METHODS
from api.settings import Settings
from api.telemetry import NoTracing, OpenTelemetry, TracesMissing, tracing_from
from graph_model.principal import Role
from graph_model.schema import SCHEMA
from tests.api import queries
from tests.api.conftest import Client, Served, ServerThread
from tests.api.test_access import variables
from tests.api.test_http import SECRET_NUMBER, served_copy

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def read(url: str, token: str) -> str:
    answer = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def value(text: str, name: str, **labels: str) -> float:
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


def test_only_who_may_see_metrics_sees_them(served: Served) -> None:
    assert httpx.get(f"{served.url}/metrics").status_code == 401
    for role in Role:
        token = served.tokens[role]
        answer = httpx.get(f"{served.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == (200 if role is Role.OPERATOR else 403)
        if role is not Role.OPERATOR:
            assert answer.json()["error"]["code"] == "forbidden"
    refused = [
        line for line in served.runtime.store.audit(after=served.last_line() - 20) if line.operation == "metrics"
    ]
    assert {line.result for line in refused} == {"forbidden"}


def test_a_token_of_its_own_or_this_machine_opens_metrics_where_the_settings_say_so(served: Served) -> None:
    home = served.runtime.settings.home
    token = Settings(home=home, metrics_token="a token for the scraper")
    with ServerThread(token, served_copy(served, settings=token)) as url:
        assert "guanxi_build_info" in read(url, "a token for the scraper")
        assert httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer another"}).status_code == 401
        assert httpx.get(f"{url}/metrics").status_code == 401
    loopback = Settings(home=home, metrics_loopback=True)
    with ServerThread(loopback, served_copy(served, settings=loopback)) as url:
        assert httpx.get(f"{url}/metrics").status_code == 200


def test_operations_requests_refusals_and_the_audit_are_counted(served: Served) -> None:
    metrics = Metrics()
    with ServerThread(served.runtime.settings, served_copy(served, metrics=metrics)) as url:
        client = Client(httpx.Client(base_url=url, timeout=30), served.tokens[Role.INVESTIGATOR])
        for _ in range(3):
            client.data(queries.SUBJECT_BY_NUMBER, idNumber=served.case.id_number)
        client.post(queries.SUBJECT_BY_NUMBER, {"idNumber": "PASSPORT:E00000001"})
        client.post("{ me {")
        httpx.get(f"{url}/nowhere")
        httpx.request("PURGE", f"{url}/graphql")
        text = read(url, served.tokens[Role.OPERATOR])
    operations = "guanxi_operations_total"
    assert value(text, operations, field="subject", role="investigator", code="ok") == 3
    assert value(text, operations, field="none", role="investigator", code="graphql.syntax") == 1
    assert value(text, "guanxi_operation_seconds_count", field="subject") == 4
    assert value(text, "guanxi_http_requests_total", route="/graphql", method="POST", status="200") == 5
    assert value(text, "guanxi_http_requests_total", route="other", status="404") == 1
    assert value(text, "guanxi_http_requests_total", method="other") == 1
    assert value(text, "guanxi_refusals_total", code="graphql.syntax") == 1
    assert value(text, "guanxi_refusals_total", code="route.not_found") == 1
    assert value(text, "guanxi_store_up") == 1
    assert value(text, "guanxi_store_nodes", label="Customer") == served.runtime.store.statistics().nodes["Customer"]
    assert value(text, "guanxi_build_info") == 1
    assert value(read(served.url, served.tokens[Role.OPERATOR]), "guanxi_audit_records_total") > 0


@pytest.mark.long
def test_labels_are_names_of_ours_and_nobody_s_data(served: Served) -> None:
    for role in Role:
        for query, values in variables(served).items():
            served.client(role).post(query, values)
    investigator = served.client()
    investigator.post(f"query Find{SECRET_NUMBER} {{ a{SECRET_NUMBER}: me {{ name }} }}")
    httpx.get(f"{served.url}/nowhere", headers={"X-Request-ID": "someone-13800138001"})
    text = read(served.url, served.tokens[Role.OPERATOR])
    assert not [value for value in (*served.case.personal, SECRET_NUMBER, "13800138001") if value in text]
    root = {name for kind in ("Query", "Mutation") for name in fields(kind)}
    allowed: dict[str, set[str]] = {
        "route": {*KNOWN_PATHS, "other"},
        "method": {*METHODS, "other"},
        "field": {*root, "none", "__schema", "__type", "__typename"},
        "role": set(Role),
        "code": {*CODES, "ok"},
        "label": {node.label for node in SCHEMA.nodes},
        "type": {kind.name for kind in SCHEMA.relationships},
    }
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for name, found in sample.labels.items():
                if name in allowed:
                    assert found in allowed[name], (sample.name, name, found)
                else:
                    assert name in {"status", "le", "version", "python"}


def fields(kind: str) -> set[str]:
    from tests.api.test_access import SCHEMA as GRAPHQL

    return set(getattr(GRAPHQL.type_map[kind], "fields", {}))


def test_the_documentation_lists_every_metric_with_its_labels() -> None:
    rows = re.findall(r"^\| `(guanxi_\w+)` \| (\w+) \| ([^|]*) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == {found.name: (found.kind, found.labels) for found in Metrics().described()}


# --- traces ----------------------------------------------------------------------------------------------------------


def test_nothing_of_opentelemetry_is_loaded_unless_it_is_configured() -> None:
    code = "import sys, api.app; print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert isinstance(tracing_from(Settings()), NoTracing)


def test_traces_without_the_extra_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracesMissing, match="guanxi\\[otel\\]"):
        tracing_from(Settings(otel_endpoint="http://127.0.0.1:4318/v1/traces"))


def test_a_request_is_a_span_with_codes_and_without_values(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    monkeypatch.setattr("api.app.tracing_from", lambda _: OpenTelemetry(exporter))
    caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    spans: list[Any] = []
    with ServerThread(served.runtime.settings, served_copy(served)) as url:
        headers = {"Authorization": f"Bearer {served.tokens[Role.INVESTIGATOR]}", "traceparent": caller}
        body = {"query": queries.SUBJECT_BY_NUMBER, "variables": {"idNumber": f"{SECRET_NUMBER}0"}}
        answer = httpx.post(f"{url}/graphql", json=body, headers=headers, timeout=30)
        code = answer.json()["errors"][0]["extensions"]["code"]
    spans = list(exporter.get_finished_spans())
    inner, outer = sorted(spans, key=lambda span: span.name)[::-1]
    assert (inner.name, outer.name) == ("graphql", "POST /graphql")
    assert inner.parent.span_id == outer.context.span_id
    assert f"{outer.context.trace_id:032x}" == caller.split("-")[1]
    assert dict(inner.attributes) == {"guanxi.operation": "query subject", "guanxi.codes": code}
    assert outer.attributes["http.response.status_code"] == 200
    assert outer.attributes["guanxi.request_id"] == answer.headers["x-request-id"]
    assert SECRET_NUMBER not in "".join(span.to_json() for span in spans)
