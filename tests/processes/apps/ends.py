"""Numbered work, each piece noted on disk when it is done, and an end of one kind or another.

`ends.py END PIECES [PAUSE]`: with `forever` for END it works until it is ended from outside.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time

from opentelemetry import trace

import heliograph


def main() -> None:
    end, pieces = sys.argv[1], int(sys.argv[2])
    pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    heliograph.configure(service_name="ends")
    log, tracer = logging.getLogger("ends"), trace.get_tracer("ends")
    log.setLevel(logging.INFO)
    done = os.open(os.environ["DONE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    number = 0
    while number < pieces or end == "forever":
        with heliograph.query("piece"), tracer.start_as_current_span("piece", attributes={"number": number}):
            pass
        log.info("piece", extra={"number": number})
        os.write(done, f"{number} {time.time():.6f}\n".encode())
        number += 1
        time.sleep(pause)
    if end == "raise":
        raise RuntimeError("the end")
    if end == "exit":
        sys.exit(3)
    if end == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
    if end == "sigint":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    if end == "wait":
        time.sleep(float(os.environ.get("WAIT", "60")))


if __name__ == "__main__":
    main()
