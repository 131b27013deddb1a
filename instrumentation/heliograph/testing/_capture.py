"""`capture`: what the code within it did with its models, without a collector."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Self

from heliograph.testing._captured import CapturedCall, CapturedLog, CapturedQuery, CapturedSpan, Tokens

if TYPE_CHECKING:
    from types import TracebackType

    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

    from heliograph.telemetry._runtime import Runtime

__all__ = ["capture"]


class capture:  # noqa: N801 - read as a function: `with capture() as captured`
    """Collects calls, queries, spans, logs and metrics while it is open.

    ::

        with heliograph.testing.capture() as captured:
            answer("What is a span?")
        assert captured.cost_usd < 0.01
        assert [call.model for call in captured.calls] == ["gpt-4o-mini-2024-07-18"]

    Everything stays in the process. If the application has not called `heliograph.configure` yet, it is done here,
    sending nothing anywhere, and the application's own call later changes nothing. Everything that ends while the
    capture is open belongs to it, whatever thread it ran on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[CapturedSpan] = []
        self._logs: list[CapturedLog] = []
        self._numbers: dict[tuple[str, frozenset[tuple[str, str]]], tuple[float, int]] = {}
        self._recorder: _Recorder | None = None

    @property
    def calls(self) -> list[CapturedCall]:
        """Calls of models, in the order in which they ended."""
        return [CapturedCall(log) for log in self.logs if log.name == "llm.call"]

    @property
    def queries(self) -> list[CapturedQuery]:
        """Queries, in the order in which they ended."""
        return [CapturedQuery(log) for log in self.logs if log.name == "query.finished"]

    @property
    def cost_usd(self) -> float:
        """US dollars of all calls; look at `unpriced` too: calls of unknown price add nothing."""
        return sum(call.cost_usd or 0.0 for call in self.calls)

    @property
    def unpriced(self) -> list[CapturedCall]:
        """Calls for whose tokens no price is known."""
        return [call for call in self.calls if call.unpriced]

    @property
    def tokens(self) -> Tokens:
        """Tokens of all calls."""
        return sum((call.tokens for call in self.calls), Tokens())

    @property
    def spans(self) -> list[CapturedSpan]:
        """Finished spans, in the order in which they ended."""
        self._refresh()
        with self._lock:
            return list(self._spans)

    def span(self, name: str) -> CapturedSpan:
        """Give the one span of this name; AssertionError where there is none, or several."""
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            names = ", ".join(repr(span.name) for span in self.spans) or "none at all"
            raise AssertionError(f"{len(found)} spans are named {name!r}; there are: {names}")
        return found[0]

    @property
    def logs(self) -> list[CapturedLog]:
        """Events and log lines, in their order."""
        self._refresh()
        with self._lock:
            return list(self._logs)

    def metric(self, name: str, **labels: str) -> float:
        """Sum what a counter, or a histogram, gained over all series with these labels.

        `name` is OpenTelemetry's or Prometheus' (`llm_requests` or `llm_requests_total`); a gauge gives its last
        value. 0 where nothing was recorded.
        """
        return sum(total for total, _ in self._matching(name, labels))

    def metric_count(self, name: str, **labels: str) -> int:
        """Count the records of a histogram over all series with these labels."""
        return sum(count for _, count in self._matching(name, labels))

    def clear(self) -> None:
        """Forget what was captured so far."""
        self._refresh()
        with self._lock:
            self._spans.clear()
            self._logs.clear()
            self._numbers.clear()

    def __enter__(self) -> Self:
        self._recorder = _recorder()
        self._recorder.open(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._recorder is not None:
            self._recorder.close(self)
            self._recorder = None

    def __repr__(self) -> str:
        return f"<captured: {len(self.calls)} calls, {self.cost_usd:.6f} USD, {len(self.spans)} spans>"

    def _refresh(self) -> None:
        if self._recorder is not None:
            self._recorder.refresh()

    def _matching(self, name: str, labels: dict[str, str]) -> list[tuple[float, int]]:
        self._refresh()
        wanted = {name, name.removesuffix("_total"), name.removesuffix("_seconds")}
        with self._lock:
            return [
                value
                for (metric, said), value in self._numbers.items()
                if metric in wanted and labels.items() <= dict(said).items()
            ]

    def _add_span(self, span: CapturedSpan) -> None:
        with self._lock:
            self._spans.append(span)

    def _add_log(self, log: CapturedLog) -> None:
        with self._lock:
            self._logs.append(log)

    def _add_number(self, metric: str, labels: frozenset[tuple[str, str]], total: float, count: int) -> None:
        with self._lock:
            before, counted = self._numbers.get((metric, labels), (0.0, 0))
            self._numbers[metric, labels] = (before + total, counted + count)

    def _set_number(self, metric: str, labels: frozenset[tuple[str, str]], value: float) -> None:
        with self._lock:
            self._numbers[metric, labels] = (value, 1)


class _Recorder:
    """The one tap into the process's telemetry; it hands on to every capture that is open."""

    def __init__(self, runtime: Runtime) -> None:
        from heliograph.testing._taps import LogTap, delta_reader

        self._runtime = runtime
        self._open: list[capture] = []
        self._collecting = threading.Lock()
        self._reader = delta_reader()
        runtime.bridge.attach()
        runtime.processor.taps.append(self._span)
        runtime.loggers.add_log_record_processor(LogTap(self._log))
        runtime.meters.add_metric_reader(self._reader)

    def open(self, by: capture) -> None:
        self.refresh()
        self._open.append(by)

    def close(self, by: capture) -> None:
        self.refresh()
        self._open.remove(by)

    def refresh(self) -> None:
        """Hand out everything that has ended."""
        self._runtime.flush_local()
        with self._collecting:
            self._hand_out(self._reader.get_metrics_data())

    def _span(self, span: ReadableSpan) -> None:
        for each in tuple(self._open):
            each._add_span(CapturedSpan(span))  # noqa: SLF001

    def _log(self, log: CapturedLog) -> None:
        for each in tuple(self._open):
            each._add_log(log)  # noqa: SLF001

    def _hand_out(self, data: MetricsData | None) -> None:
        points = (
            (metric, point)
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        )
        for metric, point in points:
            self._hand_out_point(metric.name, type(metric.data).__name__, point)

    def _hand_out_point(self, name: str, kind: str, point: Any) -> None:  # noqa: ANN401 - of one of several kinds
        labels = frozenset((str(key), str(value)) for key, value in (point.attributes or {}).items())
        for each in tuple(self._open):
            if kind == "Gauge":
                each._set_number(name, labels, float(point.value))  # noqa: SLF001
            elif kind == "Sum":
                each._add_number(name, labels, float(point.value), 1)  # noqa: SLF001
            elif kind == "Histogram":
                each._add_number(name, labels, float(point.sum), int(point.count))  # noqa: SLF001


_lock: Final = threading.Lock()
_recorders: dict[int, _Recorder] = {}


def _recorder() -> _Recorder:
    from heliograph.telemetry import _api

    with _lock:
        runtime = _api.running() or _api.start_unconnected()
        if id(runtime) not in _recorders:
            _recorders.clear()
            _recorders[id(runtime)] = _Recorder(runtime)
        return _recorders[id(runtime)]
