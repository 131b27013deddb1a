"""Somewhere to send to, in a process of its own: takes everything at once, and counts what came.

`python -m benchmarks.overhead._sink N` listens on N ports, one for each contender, prints them as a JSON line, and
answers each line on stdin with the requests and bytes of every port so far, by path.
"""

from __future__ import annotations

import json
import sys
import threading

from benchmarks._sinks import Receiver


def main() -> None:
    """Listen until stdin ends."""
    servers = [Receiver() for _ in range(int(sys.argv[1]))]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps([server.server_port for server in servers]), flush=True)
    for _ in sys.stdin:
        print(json.dumps([server.counts() for server in servers]), flush=True)


if __name__ == "__main__":
    main()
