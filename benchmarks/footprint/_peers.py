"""The same calls with no telemetry, with a span and three metrics written by hand, and with Heliograph."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["BARE", "HAND", "INTERVAL", "OURS", "Kind", "Peer", "peer"]

Kind = Literal["bare", "by hand", "heliograph"]
BARE: Final[Kind] = "bare"
HAND: Final[Kind] = "by hand"
OURS: Final[Kind] = "heliograph"

INTERVAL: Final = 5.0
"""Seconds between two pushes of metrics, of both: Heliograph's default."""


class Peer:
    """No telemetry; the base of the others."""

    def around(self, model: str, user: str | None) -> contextlib.AbstractContextManager[Callable[[Any], None]]:
        """Make the context in which a call is made. It gives what takes the answer, or a stream's last chunk."""
        del model, user
        return contextlib.nullcontext(_ignore)

    def settle(self) -> None:
        """Deliver what waits."""


def peer(kind: Kind, endpoint: str) -> Peer:
    """Set this process up as one of the three, towards a collector's base URL."""
    match kind:
        case "by hand":
            return _ByHand(endpoint)
        case "heliograph":
            return _Ours(endpoint)
        case _:
            return Peer()


def _ignore(_: object) -> None:
    pass


class _Ours(Peer):
    """`heliograph.configure` and nothing more; `heliograph.query` where there is a user."""

    def __init__(self, endpoint: str) -> None:
        import heliograph
        from heliograph.telemetry._api import running

        heliograph.configure("footprint", endpoint=endpoint, metric_interval=INTERVAL)
        if running() is None:  # it never raises: a benchmark of nothing would look very good
            raise RuntimeError("heliograph could not be configured")

    @contextlib.contextmanager
    def _query(self, user: str) -> Iterator[Callable[[Any], None]]:
        import heliograph

        with heliograph.query(user_id=user, session_id=f"session of {user}", tenant=f"tenant of {user}"):
            yield _ignore

    def around(self, model: str, user: str | None) -> contextlib.AbstractContextManager[Callable[[Any], None]]:
        return super().around(model, user) if user is None else self._query(user)

    def settle(self) -> None:
        import heliograph

        heliograph.flush(10)


class _ByHand(Peer):
    """The SDK as its documentation sets it up, a span for each call, its duration, tokens and cost as metrics."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry import metrics, trace
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": "footprint"})
        self._tracers = TracerProvider(resource=resource)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
        trace.set_tracer_provider(self._tracers)
        exporter = OTLPMetricExporter(f"{endpoint}/v1/metrics")
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=1000 * INTERVAL)
        self._meters = MeterProvider([reader], resource=resource)
        metrics.set_meter_provider(self._meters)
        self._tracer, meter = trace.get_tracer("footprint"), metrics.get_meter("footprint")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self._tokens = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self._cost = meter.create_counter("app.cost", "USD")

    @contextlib.contextmanager
    def around(self, model: str, user: str | None) -> Iterator[Callable[[Any], None]]:
        from opentelemetry.trace import SpanKind

        labels = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model}
        said = labels if user is None else {**labels, "user.id": user}
        started = time.perf_counter()
        outcome = labels
        with self._tracer.start_as_current_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=said) as span:

            def tell(answer: Any) -> None:  # noqa: ANN401 - an answer or a chunk
                usage = answer.usage
                span.set_attribute("gen_ai.response.id", answer.id)
                span.set_attribute("gen_ai.response.model", answer.model)
                span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
                span.set_attribute("gen_ai.usage.output_tokens", usage.completion_tokens)
                self._tokens.record(usage.prompt_tokens, {**labels, "gen_ai.token.type": "input"})
                self._tokens.record(usage.completion_tokens, {**labels, "gen_ai.token.type": "output"})
                self._cost.add(usage.prompt_tokens * 1.5e-7 + usage.completion_tokens * 6e-7, labels)

            try:
                yield tell
            except Exception as error:
                outcome = {**labels, "error.type": type(error).__name__}
                raise
            finally:
                self._duration.record(time.perf_counter() - started, outcome)

    def settle(self) -> None:
        self._tracers.force_flush(10_000)
        self._meters.force_flush(10_000)
