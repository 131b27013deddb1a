"""The same patterns for the collector: the second line of defence, before its disk queue.

`python -m heliograph.guard` prints the two processors; a test compares them with `collector/otelcol.yaml`.
The `redaction` processor masks attributes (of resources, scopes, spans, their events, logs) and log bodies, nested
ones included; it does not reach names and status messages of spans, nor their links: `transform` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.guard._patterns import COLLECTOR_NAMES, PATTERNS, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EXPRESSIONS", "processors"]

EXPRESSIONS: Final = tuple((pattern.name, each) for pattern in PATTERNS for each in pattern.collector)
_FIELDS: Final = ("span.name", "span.status.message")


def processors() -> str:
    """Render the block, as YAML indented for `processors:`."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterable[str]:
    yield "  redaction/credentials:"
    yield "    allow_all_keys: true"
    yield "    redact_all_types: true  # lists and maps as well: they become their JSON where something is masked"
    yield "    summary: silent"
    yield "    blocked_key_patterns:"
    yield from (f"      - {_quoted(name)}" for name in COLLECTOR_NAMES)
    yield "    blocked_values:"
    for pattern in PATTERNS:
        if pattern.collector:
            yield f"      # {pattern.name}"
        yield from (f"      - {_quoted(each)}" for each in pattern.collector)
    yield "  transform/credentials:"
    yield "    error_mode: ignore"
    yield "    trace_statements:"
    # One expression: a statement takes longer to start than a name to search.
    everything = "|".join(f"(?:{expression})" for _, expression in EXPRESSIONS)
    for field in _FIELDS:
        yield f"      - {_quoted(f'replace_pattern({field}, {_ottl(everything)}, {_ottl(SECRET)})')}"


def _quoted(text: str) -> str:
    """Quote for YAML; `$` would be read as a variable."""
    return "'" + text.replace("'", "''").replace("$", "$$") + "'"


def _ottl(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
