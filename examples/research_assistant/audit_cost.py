"""What the provider will bill: its own usage log times the published prices. Imports nothing of Heliograph."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

# USD per million tokens: input, cached input, output (openai.com/api/pricing).
PRICES = {
    "gpt-4o-mini-2024-07-18": ("0.15", "0.075", "0.60"),
    "gpt-4.1-mini-2025-04-14": ("0.40", "0.10", "1.60"),
    "gpt-4o-2024-08-06": ("2.50", "1.25", "10.00"),
    "text-embedding-3-small": ("0.02", "0.02", "0"),
}


def usd(model: str, usage: dict[str, Any]) -> Fraction:
    """Return the exact price of one response in USD; raises KeyError for a model that is not in the list."""
    fresh, cached, out = (Fraction(price) / 1_000_000 for price in PRICES[model])
    read = int(usage["cached_tokens"])  # a part of prompt_tokens
    return (int(usage["prompt_tokens"]) - read) * fresh + read * cached + int(usage.get("completion_tokens") or 0) * out


def main() -> int:
    """Add up a usage log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("usage_log", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bills: dict[str, Fraction] = defaultdict(Fraction)
    requests: dict[str, int] = defaultdict(int)
    for line in options.usage_log.read_text().splitlines():
        record = json.loads(line)
        model = record["model"]
        if model not in PRICES:
            print(f"no price for {model}: add it to PRICES", file=sys.stderr)
            return 1
        bills[model] += usd(model, record["usage"])
        requests[model] += 1
    models = {model: {"requests": requests[model], "usd": float(bills[model])} for model in sorted(bills)}
    total = float(sum(bills.values(), Fraction()))
    if options.json:
        print(json.dumps({"models": models, "total_usd": total}))
    else:
        for model, bill in models.items():
            print(f"{model:<28} {bill['requests']:>6} requests {bill['usd']:>12.6f} USD")
        print(f"{'total':<28} {'':>15} {total:>12.6f} USD")
    return 0


if __name__ == "__main__":
    sys.exit(main())
