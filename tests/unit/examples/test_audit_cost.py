"""The separate bill: literal prices, exact arithmetic, and no price invented."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from heliograph.stack._paths import config_root

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = config_root() / "examples" / "research_assistant" / "audit_cost.py"


def audit(tmp_path: Path, *records: dict[str, object]) -> subprocess.CompletedProcess[str]:
    log = tmp_path / "usage.jsonl"
    log.write_text("".join(json.dumps(record) + "\n" for record in records))
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--json", str(log)], capture_output=True, text=True, timeout=30, check=False
    )


def record(model: str, prompt: int, cached: int, completion: int) -> dict[str, object]:
    return {
        "model": model,
        "usage": {"prompt_tokens": prompt, "cached_tokens": cached, "completion_tokens": completion},
    }


def test_cached_tokens_are_a_cheaper_part_of_the_prompt(tmp_path: Path) -> None:
    done = audit(tmp_path, record("gpt-4o-mini-2024-07-18", 1000, 640, 100))
    # 360 x 0.15 + 640 x 0.075 + 100 x 0.60 = 54 + 48 + 60 = 162 millionths of a dollar
    assert json.loads(done.stdout)["total_usd"] == pytest.approx(0.000162, abs=1e-15)


def test_models_are_added_up_apart(tmp_path: Path) -> None:
    done = audit(
        tmp_path,
        record("gpt-4.1-mini-2025-04-14", 1000, 0, 0),  # 1000 x 0.40 = 400
        record("gpt-4.1-mini-2025-04-14", 0, 0, 1000),  # 1000 x 1.60 = 1600
        record("text-embedding-3-small", 500, 0, 0),  # 500 x 0.02 = 10
    )
    models = json.loads(done.stdout)["models"]
    assert models["gpt-4.1-mini-2025-04-14"] == {"requests": 2, "usd": 0.002}
    assert models["text-embedding-3-small"] == {"requests": 1, "usd": 0.00001}


def test_an_unknown_model_is_an_error_and_not_free(tmp_path: Path) -> None:
    done = audit(tmp_path, record("some-new-model", 1, 0, 1))
    assert done.returncode == 1
    assert "no price for some-new-model" in done.stderr


def test_it_imports_nothing_of_heliograph() -> None:
    assert "import heliograph" not in SCRIPT.read_text()
