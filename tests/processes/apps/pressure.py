"""Work under a collector that does not do its own: what the worst call waited, and what memory grew by.

`pressure.py PIECES BYTES`: pieces of work, each with an attribute and a log line of so many bytes.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time

from opentelemetry import trace

import heliograph


def main() -> None:
    pieces, size = int(sys.argv[1]), int(sys.argv[2])
    heliograph.configure(service_name="pressure")
    log, tracer = logging.getLogger("pressure"), trace.get_tracer("pressure")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.NullHandler())
    with tracer.start_as_current_span("first"):
        log.info("first")
    time.sleep(1.5)  # a first delivery is on its way, or fails
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    waits = []
    for number in range(pieces):
        text = chr(97 + number % 26) * size
        started = time.thread_time(), time.perf_counter()
        with tracer.start_as_current_span("piece", attributes={"text": text}):
            pass
        log.info("piece", extra={"text": text})
        waits.append(time.perf_counter() - started[1])
    waits.sort()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        json.dumps(
            {
                "median_ms": waits[len(waits) // 2] * 1e3,
                "p99_ms": waits[int(len(waits) * 0.99)] * 1e3,
                "worst_ms": waits[-1] * 1e3,
                "grown_mb": grown / 1024,
                "pid": os.getpid(),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
