"""The same patterns for the collector: the second line of defence, before its disk queue.

`python -m heliograph.guard` prints the two processors; a test compares them with `collector/otelcol.yaml`.
The `redaction` processor masks attributes (of resources, scopes, spans, their events, logs) and log bodies, nested
ones included; it does not reach names and status messages of spans, nor their links: `transform` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heliograph.guard._patterns import PATTERNS, SECRET, SENSITIVE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EXPRESSIONS", "NAMES", "processors"]

_START: Final = r"(?:\b|_|\\[nrt]|%[0-9A-Fa-f]{2})"
"""What may stand before a key: no word, but an escape of JSON or of a URL."""

_KEYS: Final = tuple(pattern.collector for pattern in PATTERNS if pattern.collector and not pattern.in_words)

EXPRESSIONS: Final = (
    # All kinds of keys in one: one pass over the text.
    ("keys and tokens of providers", f"{_START}(?:{'|'.join(_KEYS)})"),
    *((pattern.name, pattern.collector) for pattern in PATTERNS if pattern.collector and pattern.in_words),
)
NAMES: Final = SENSITIVE_NAME
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
    yield f"      - {_quoted(NAMES)}"
    yield "    blocked_values:"
    for name, expression in EXPRESSIONS:
        yield f"      # {name}"
        yield f"      - {_quoted(expression)}"
    yield "  transform/credentials:"
    yield "    error_mode: ignore"
    yield "    trace_statements:"
    for field in _FIELDS:
        for _, expression in EXPRESSIONS:
            yield f"      - {_quoted(f'replace_pattern({field}, {_ottl(expression)}, {_ottl(SECRET)})')}"


def _quoted(text: str) -> str:
    """Quote for YAML; `$` would be read as a variable."""
    return "'" + text.replace("'", "''").replace("$", "$$") + "'"


def _ottl(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
