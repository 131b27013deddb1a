"""`heliograph meter`: the counting rules as a service, for applications that do not use the package.

Spans come in over OTLP (from the collector, which copies the GenAI ones here), metrics and `llm.call` events go out
over OTLP under the name of the application that made the calls. docs/meter.md says what is counted and what not.
"""

from __future__ import annotations

__all__: list[str] = []
