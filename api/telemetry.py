"""Traces by OpenTelemetry, where GUANXI_OTEL_ENDPOINT says whither. Without it nothing of OpenTelemetry is loaded.

A span carries names of ours, codes and the request id; never a value that was sent or answered.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from api.settings import Settings
from api.version import product_version
from graph_model.errors import GuanxiError

Attributes = dict[str, str | int | float | bool]


class TracesMissing(GuanxiError):
    """GUANXI_OTEL_ENDPOINT is set and the extra isn't installed."""

    code = "extra.missing"


class Tracing(Protocol):
    """Where spans are begun."""

    def span(self, name: str, *, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Attributes]:
        """A context manager around what is traced; it gives a dict, whose entries at the end are the span's attributes. `headers` may
        name the caller's span (traceparent)."""
        ...

    def close(self) -> None:
        """Send what waits."""
        ...


class NoTracing:
    @contextmanager
    def span(self, name: str, *, headers: Mapping[str, str] | None = None) -> Iterator[Attributes]:
        yield {}

    def close(self) -> None:
        pass


class OpenTelemetry:
    """Spans through the SDK; `exporter` is the SDK's, or a test's."""

    def __init__(self, exporter: Any) -> None:  # noqa: ANN401 - the SDK's types are there only with the extra
        resources = importlib.import_module("opentelemetry.sdk.resources")
        trace = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        propagation = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        resource = resources.Resource.create({"service.name": "guanxi-api", "service.version": product_version()})
        self._provider = trace.TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(export.BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("guanxi")
        self._propagator = propagation.TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, *, headers: Mapping[str, str] | None = None) -> Iterator[Attributes]:
        parent = None if headers is None else self._propagator.extract(dict(headers))
        attributes: Attributes = {}
        # An exception's words may hold values, so the SDK isn't to record it: the codes say what happened.
        with self._tracer.start_as_current_span(
            name, context=parent, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield attributes
            finally:
                span.set_attributes(attributes)

    def close(self) -> None:
        self._provider.shutdown()


def tracing_from(settings: Settings) -> Tracing:
    """Raises TracesMissing."""
    if not settings.otel_endpoint:
        return NoTracing()
    try:
        exporter = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        return OpenTelemetry(exporter.OTLPSpanExporter(endpoint=settings.otel_endpoint))
    except ImportError as exc:
        raise TracesMissing(
            "GUANXI_OTEL_ENDPOINT is set, and OpenTelemetry is not installed. Run: pip install 'guanxi[otel]'"
        ) from exc
