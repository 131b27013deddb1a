"""What is known of OpenAI's models: dated names, context windows, embedding sizes, which ones reason.

Names and windows as published on https://platform.openai.com/docs/models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["KNOWN", "Model", "look_up"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model: `name` as answers and bills spell it, `context` in tokens, `dimensions` for embeddings only."""

    name: str
    context: int = 128_000
    reasons: bool = False
    dimensions: int | None = None


KNOWN: dict[str, Model] = {
    "gpt-4o": Model("gpt-4o-2024-08-06"),
    "gpt-4o-mini": Model("gpt-4o-mini-2024-07-18"),
    "gpt-4.1": Model("gpt-4.1-2025-04-14", context=1_047_576),
    "gpt-4.1-mini": Model("gpt-4.1-mini-2025-04-14", context=1_047_576),
    "gpt-4.1-nano": Model("gpt-4.1-nano-2025-04-14", context=1_047_576),
    "gpt-5": Model("gpt-5-2025-08-07", context=400_000, reasons=True),
    "gpt-5-mini": Model("gpt-5-mini-2025-08-07", context=400_000, reasons=True),
    "gpt-5-nano": Model("gpt-5-nano-2025-08-07", context=400_000, reasons=True),
    "o3": Model("o3-2025-04-16", context=200_000, reasons=True),
    "o3-mini": Model("o3-mini-2025-01-31", context=200_000, reasons=True),
    "o4-mini": Model("o4-mini-2025-04-16", context=200_000, reasons=True),
    "text-embedding-3-large": Model("text-embedding-3-large", context=8_192, dimensions=3072),
    "text-embedding-3-small": Model("text-embedding-3-small", context=8_192, dimensions=1536),
    "text-embedding-ada-002": Model("text-embedding-ada-002-v2", context=8_192, dimensions=1536),
}

_BY_DATED_NAME = {model.name: model for model in KNOWN.values()}
_REASONS = re.compile(r"(o\d|gpt-5)(?!.*chat)")


def look_up(name: str) -> Model:
    """Return the model of that name; any other name is served too, as itself."""
    if model := KNOWN.get(name) or _BY_DATED_NAME.get(name):
        return model
    if "embed" in name:
        return Model(name, context=8_192, dimensions=1536)
    return Model(name, reasons=_REASONS.match(name) is not None)
