"""How long importing takes: fresh processes in turns, each timed from within, after the interpreter's own start."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from benchmarks.footprint._processes import environment
from benchmarks.footprint._table import Table, middle, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MOST", "imports"]

MOST: Final = 1.3
"""The most that `import heliograph` may take, as a multiple of importing the SDK and its exporters."""

_REFERENCE: Final = "import the SDK and its OTLP exporters"
_SDK: Final = """
import opentelemetry.sdk._logs.export, opentelemetry.sdk.metrics.export, opentelemetry.sdk.trace.export
import opentelemetry.exporter.otlp.proto.http._log_exporter
import opentelemetry.exporter.otlp.proto.http.metric_exporter
import opentelemetry.exporter.otlp.proto.http.trace_exporter
"""
_BY_HAND: Final = """
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
spans, logs = TracerProvider(), LoggerProvider()
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter("http://127.0.0.1:9/v1/traces")))
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter("http://127.0.0.1:9/v1/logs")))
trace.set_tracer_provider(spans)
set_logger_provider(logs)
exporter = OTLPMetricExporter("http://127.0.0.1:9/v1/metrics")
metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(exporter)]))
"""
_HELP: Final = """
import contextlib, io
from heliograph.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["--help"])
"""
_CASES: Final[Mapping[str, str]] = {
    _REFERENCE: _SDK,
    "`import heliograph`": "import heliograph",
    "`heliograph.configure` touched": "import heliograph\nheliograph.configure",
    "`heliograph.query` touched": "import heliograph\nheliograph.query",
    "`heliograph --help`": _HELP,
    "set up by hand": _BY_HAND,
    "`heliograph.configure()` called": (
        "import heliograph\nheliograph.configure('footprint', endpoint='http://127.0.0.1:9')"
    ),
    "`import openai`, for scale": "import openai",
}
_TIMED: Final = """
import json, os, sys, time
code = compile(sys.argv[1], "case", "exec")
before, cpu, began = len(sys.modules), time.process_time(), time.perf_counter()
exec(code, {"__name__": "case"})
wall, cpu = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"wall": wall, "cpu": cpu, "modules": len(sys.modules) - before}), flush=True)
os._exit(0)
"""


def imports(rounds: int, say: Callable[[str], None]) -> Table:
    """Measure every case `rounds` times, in turns, after a turn that fills the caches of byte code."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in _CASES}
    for number in range(rounds + 1):
        say(f"import: round {number} of {rounds}")
        for name, code in _CASES.items():
            said = _run(code)
            if number:
                found[name].append(said)
    base = [each["cpu"] for each in found[_REFERENCE]]
    rows = []
    for name, each in found.items():
        cpu = [one["cpu"] for one in each]
        times = ratio(cpu, base)
        rows.append(
            (
                name,
                f"{1000 * middle(one['wall'] for one in each):.0f}",
                f"{1000 * middle(cpu):.0f}",
                f"{each[0]['modules']:.0f}",
                f"{times:.2f}",
                _verdict(name, times),
            )
        )
    ready = ratio(
        [one["cpu"] for one in found["`heliograph.configure()` called"]],
        [one["cpu"] for one in found["set up by hand"]],
    )
    return Table(
        "Import: what does it take to import and to set up?",
        ("", "wall ms", "CPU ms", "modules", "ratio", "target"),
        rows,
        (
            f"Medians of {rounds} fresh processes each, in turns, byte code cached. The ratio is of CPU time, to the "
            f"first line in the same round. `configure()` against the set-up by hand: {ready:.2f}."
        ),
        found,
    )


def _verdict(name: str, times: float) -> str:
    """Say whether importing keeps to what it may take; "" of what is not ours, or does more than that."""
    if "heliograph" not in name or "called" in name:
        return ""
    return f"{'within' if times < MOST else 'OVER'} {MOST}"


def _run(code: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, code],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=60,
    )
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said
