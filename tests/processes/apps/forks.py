"""Children in the middle of a query, ended in every way; the parent has counted, and has spans waiting, before."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time

from calls import ask

import heliograph


def fork(end: str) -> None:
    child = os.fork()
    if child:
        if end == "sigterm":
            time.sleep(1.5)
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        return
    ask()
    if end == "sigterm":
        time.sleep(60)
    if end == "exit":
        sys.exit(0)
    if end == "raise":
        raise RuntimeError("a child's end")
    if end == "grandchild":
        fork("_exit")
    os._exit(0)


def main() -> None:
    heliograph.configure(service_name="app")
    with heliograph.query("forks", user_id="u"), heliograph.chain("fork"):
        ask()
        for end in ("exit", "_exit", "sigterm", "raise", "grandchild"):
            fork(end)
        for method in ("fork", "spawn", "forkserver"):
            process = multiprocessing.get_context(method).Process(target=ask)
            process.start()
            process.join()
        ask()


if __name__ == "__main__":
    main()
