"""LangSmith's runs as spans of the application's own traces, with or without a key.

LangSmith has an OpenTelemetry exporter of its own. It makes its spans afterwards, on a thread: parents before children,
each in a trace whose id nobody else knows, without most token details, and keeps every finished one for an hour. So it
is not used. Instead, what LangSmith is told of a run is observed where it is told (`RunTree.post` and `patch`,
`Client.create_run` and `update_run`, all of them public), and the run is a span from its first moment to its last: at
once the parent of what happens within, and ended when the run is.

| module | |
|---|---|
| `_environment` | the variables, in both spellings, and the defaults where the user says nothing |
| `_client` | who sends to LangSmith: its client where there is a key, nobody from here where there is none |
| `_run` | what LangSmith was told, in one notation whoever told it |
| `_attributes`, `_usage` | from a run to the attributes of its span |
| `_spans`, `_live` | runs that are open, as spans; the span a run's code sees as the current one |
| `_hooks` | where all of it is tied into langsmith |
| `_activate` | what waits for langsmith to be imported, and imports the rest of this then |

Nothing of langsmith is imported unless the application imports it. Written against langsmith 0.14; docs/langsmith.md
names the versions it was tried with.
"""

from __future__ import annotations

from heliograph.integrations._langsmith._activate import activate

__all__ = ["activate"]
