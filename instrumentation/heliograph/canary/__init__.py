"""`heliograph canary`: a synthetic call each minute, and a look whether its metric, trace and log arrive, linked.

Nobody asks, no model answers: what the canary sends has names of its own, and no figure of a user's holds it.
docs/canary.md says what you will see.
"""

from __future__ import annotations

__all__: list[str] = []
