"""The clocks that queries, chains and calls are timed by, in one place so that a test can set them."""

from __future__ import annotations

import time

__all__ = ["perf_counter", "time_ns"]

# Called as `_clock.perf_counter()`, never imported by name: `heliograph.testing.FakeClock` replaces them here.
perf_counter = time.perf_counter
time_ns = time.time_ns
