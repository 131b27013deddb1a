"""A spool on disk: what was finished is in a file within milliseconds, and is sent by whoever comes next.

A process that is killed with SIGKILL loses what is in its memory. With a spool, spans and log records are encoded
(after the content policy: nothing is on disk that would not have been sent) and appended to a file as soon as a thread
of ours gets to them; what the collector has acknowledged is marked. Files of a process that is gone are taken over by
another of the same service.

A file survives its process since the kernel has it; it survives the machine's loss of power only by luck: nothing here
waits for the disk (fsync).
"""

from __future__ import annotations

from heliograph.telemetry._spool._spool import Spool

__all__ = ["Spool"]
