"""A forked child works and is killed with SIGKILL; its parent, a sibling in the same spool, lives on."""

from __future__ import annotations

import os
import signal
import time

from calls import ask

import heliograph

heliograph.configure(service_name="app")
ask()
child = os.fork()
if child == 0:
    for _ in range(5):
        ask()
    time.sleep(2)  # more than enough for the spool, not for a collector that refuses
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
print("killed", flush=True)
time.sleep(60)
