"""A call, of which a test of prices says only what its price depends on; and prices of one's own."""

from __future__ import annotations

from typing import Any

from heliograph.genai._call import Call


def call(provider: str, model: str, inputs: int | None = 1000, outputs: int | None = 1000, **more: Any) -> Call:
    more = {"operation": "chat", "status": "success", "latency": 1.0, **more}
    return Call(provider=provider, model=model, input_tokens=inputs, output_tokens=outputs, **more)


def models(**said: Any) -> dict[str, Any]:
    """Give prices of one's own; `acme__owl` is the model `acme/owl`."""
    return {"models": {name.replace("__", "/"): prices for name, prices in said.items()}}
