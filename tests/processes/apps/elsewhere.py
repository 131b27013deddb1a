"""The application's own providers send to one collector, `configure` to another."""

from __future__ import annotations

import os
import runpy
import sys

os.environ["THEIRS"] = os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT")
sys.argv = ["joined.py", "tracer", "meter", "logger"]
runpy.run_path("joined.py", run_name="__main__")
