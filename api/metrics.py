"""Metrics for Prometheus. Labels are names of ours (routes, fields, roles, codes), so that their number is bounded and no personal data gets in.

Several workers add up: `serve --workers` sets PROMETHEUS_MULTIPROC_DIR before they start, and each writes its numbers to files there.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from api.errors import CODES
from api.version import product_version
from graph_model.store import Statistics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_COSTS = (10, 100, 1_000, 5_000, 20_000, 50_000, 100_000, 200_000)


@dataclass(frozen=True, slots=True)
class Described:
    """A metric as docs/operations.md lists it."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._described: list[Described] = []
        self._several = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self.requests = self._counter("guanxi_http_requests", "HTTP requests", "route", "method", "status")
        self.request_seconds = self._histogram("guanxi_http_request_seconds", "Time until the answer began", "route")
        self.operations = self._counter(
            "guanxi_operations", "GraphQL operations, counted once per root field", "field", "role", "code"
        )
        self.operation_seconds = self._histogram(
            "guanxi_operation_seconds", "Time of a GraphQL operation, waiting and audit included", "field"
        )
        self.operation_cost = self._histogram("guanxi_operation_cost", "Computed cost of an operation", buckets=_COSTS)
        self.refusals = self._counter("guanxi_refusals", "Requests that were refused or failed, by error code", "code")
        self._running = self._gauge("guanxi_workers_running", "Operations that run")
        self._waiting = self._gauge("guanxi_workers_waiting", "Operations that wait for a thread")
        self._stuck = self._gauge("guanxi_workers_stuck", "Operations that were given up and still hold a thread")
        self._audit_waiting = self._gauge("guanxi_audit_waiting", "Audit records that wait to be committed")
        self._audit_records = self._counter("guanxi_audit_records", "Audit records committed")
        self._audit_failures = self._counter("guanxi_audit_failures", "Audit records that could not be committed")
        self._audit_seconds = self._histogram("guanxi_audit_commit_seconds", "Time of one commit of audit records")
        self._audit_head = self._gauge(
            "guanxi_audit_head_good",
            "1 while the audit chain holds the line that its signed head names",
            mode="livemin",
        )
        self._store_up = self._gauge("guanxi_store_up", "1 while the store answers in time", mode="livemin")
        self._store_seconds = self._gauge(
            "guanxi_store_check_seconds", "Time of the latest look at the store", mode="livemax"
        )
        self._nodes = self._gauge("guanxi_store_nodes", "Nodes in the graph", "label", mode="livemax")
        self._edges = self._gauge("guanxi_store_edges", "Relationships in the graph", "type", mode="livemax")
        self._assessments = self._gauge("guanxi_store_assessments", "Assessments in the graph", mode="livemax")
        self._changed = self._gauge(
            "guanxi_store_changed_timestamp_seconds", "When the graph last changed, in Unix time", mode="livemax"
        )
        self._build = self._gauge(
            "guanxi_build_info", "1, labelled with the versions that run", "version", "python", mode="livemax"
        )
        self._build.labels(product_version(), platform.python_version()).set(1)
        self._audit_head.set(1)

    # --- what happens ------------------------------------------------------------------------------------------------

    def refused(self, codes: Sequence[str]) -> None:
        for code in codes:
            self.refusals.labels(known(code)).inc()

    def workers(self, running: int, waiting: int, stuck: int) -> None:
        self._running.set(running)
        self._waiting.set(waiting)
        self._stuck.set(stuck)

    def audit_waiting(self, records: int) -> None:
        self._audit_waiting.set(records)

    def audit_committed(self, records: int, seconds: float) -> None:
        self._audit_waiting.set(0)
        self._audit_records.inc(records)
        self._audit_seconds.observe(seconds)

    def audit_failed(self, records: int) -> None:
        self._audit_failures.inc(records)

    def audit_head(self, good: bool) -> None:
        self._audit_head.set(1 if good else 0)

    def store(self, seconds: float, found: Statistics | None) -> None:
        """The latest look at the store; None where it didn't answer."""
        self._store_up.set(0 if found is None else 1)
        self._store_seconds.set(seconds)
        if found is not None:
            for label, count in found.nodes.items():
                self._nodes.labels(label).set(count)
            for kind, count in found.edges.items():
                self._edges.labels(kind).set(count)
            self._assessments.set(found.assessments)
            self._changed.set(0 if found.changed_at is None else found.changed_at.timestamp())

    # --- what is read ------------------------------------------------------------------------------------------------

    def text(self) -> bytes:
        """Prometheus' text format, of all workers together."""
        registry = self._registry
        if self._several:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def described(self) -> list[Described]:
        """Every metric there is, for the documentation's test."""
        return list(self._described)

    def _note(self, name: str, kind: str, help: str, labels: tuple[str, ...]) -> None:
        self._described.append(Described(name, kind, help, labels))

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        self._note(f"{name}_total", "counter", help, labels)
        return Counter(name, help, labels, registry=self._registry)

    def _gauge(self, name: str, help: str, *labels: str, mode: str = "livesum") -> Gauge:
        self._note(name, "gauge", help, labels)
        return Gauge(name, help, labels, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]

    def _histogram(self, name: str, help: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
        self._note(name, "histogram", help, labels)
        return Histogram(name, help, labels, registry=self._registry, buckets=buckets)


def known(code: str) -> str:
    """A code as a label: those of the table. The others are reasons why a value was refused."""
    return code if code in CODES else "invalid_value"
