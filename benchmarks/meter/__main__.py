"""`python -m benchmarks.meter`: spans through the meter as the collector sends them, in memory and with the store."""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from heliograph.genai._prices import Prices
from heliograph.meter._request import PROTOBUF, parse
from heliograph.meter._service import MeterService, Settings
from heliograph.meter._store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash")
_TEXTS = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.meter", description=__doc__)
    parser.add_argument("--spans", type=int, default=40_000, help="in all (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=200, help="spans of one request (default: %(default)s)")
    parser.add_argument("--applications", type=int, default=5, help="that make the calls (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the store is written  [default: a temporary folder]")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    options = parser.parse_args(argv)
    bodies = list(_bodies(options.spans, options.batch, options.applications))
    figures = {"memory": _run(bodies, options.spans, None)}
    with tempfile.TemporaryDirectory(prefix="heliograph-meter-", dir=options.folder) as folder:
        figures["store"] = _run(bodies, options.spans, Path(folder))
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for name, said in figures.items():
        print(f"{name:8}" + "  ".join(f"{what} {figure:,.1f}" for what, figure in said.items()))
    return 0


def _bodies(spans: int, batch: int, applications: int) -> Iterator[bytes]:
    """Make requests of calls, each in a trace of its own; ids are random, as applications' are."""
    now = time.time_ns()
    for first in range(0, spans, batch):
        request = ExportTraceServiceRequest()
        for application in range(applications):
            one = request.resource_spans.add()
            _say(one.resource, {"service.name": f"service-{application}"})
            scope = one.scope_spans.add()
            scope.scope.name = "openai"
            for index in range(first + application, min(first + batch, spans), applications):
                _span(scope.spans.add(), now + index * 1_000_003, _MODELS[index % len(_MODELS)], index)
        yield request.SerializeToString()


def _span(span: Any, ended: int, model: str, index: int) -> None:  # noqa: ANN401 - a message of OTLP
    span.trace_id, span.span_id, span.name = os.urandom(16), os.urandom(8), f"chat {model}"
    span.start_time_unix_nano, span.end_time_unix_nano = ended - 800_000_000, ended
    _say(span, {**_TEXTS, "gen_ai.request.model": model, "gen_ai.response.id": f"chatcmpl-{os.urandom(12).hex()}"})
    _say(span, {"user.id": f"user-{index % 500}", "session.id": f"session-{index % 900}"})
    _say(span, {"gen_ai.usage.input_tokens": 900 + index % 100, "gen_ai.usage.output_tokens": 120 + index % 50})


def _say(message: Any, said: dict[str, Any]) -> None:  # noqa: ANN401 - a message of OTLP
    for key, value in said.items():
        pair = message.attributes.add(key=key)
        if isinstance(value, int):
            pair.value.int_value = value
        else:
            pair.value.string_value = value


def _run(bodies: list[bytes], spans: int, folder: Path | None) -> dict[str, float]:
    """Take all requests one after the other, decide everything; events count as delivered at once."""
    clock = 0.0
    settings = Settings(export="http://127.0.0.1:9", waiting=1_000_000, remembered=30_000)
    store = Store(folder) if folder is not None else None
    service = MeterService(settings, prices=Prices(), clock=lambda: clock, store=store)
    slowest = 0.0
    began, worked = time.perf_counter(), time.process_time()
    for body in bodies:
        sent = time.perf_counter()
        service.take(parse(body, PROTOBUF))
        slowest = max(slowest, time.perf_counter() - sent)
        clock += 0.5
        service.decide_due()
        service.events.drop(len(service.events))
    clock += 60.0
    service.decide_due()
    service.journal.close()
    worked, took = time.process_time() - worked, time.perf_counter() - began
    return {
        "spans per CPU second": spans / worked,
        "spans per second": spans / took,
        "slowest request ms": 1000 * slowest,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    raise SystemExit(main())
