"""Prices of the application's own reach its bill, and the age of the list is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.telemetry._receiver import Receiver

    Run = Callable[..., tuple[int, str, str]]

PROGRAM = """
import sys
import heliograph
from opentelemetry import trace

heliograph.configure("priced", endpoint=sys.argv[1], prices={"models": {"acme-1": {"input": 2.0, "output": 8.0}}})
said = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme", "gen_ai.request.model": "acme-1"}
with trace.get_tracer("t").start_as_current_span("chat", attributes=said) as span:
    span.set_attributes({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100})
"""


def test_prices_of_ones_own(run: Run, receiver: Receiver) -> None:
    status, _, err = run(PROGRAM, receiver.url)
    assert status == 0, err
    # 1000 x 2 USD / million + 100 x 8 USD / million
    assert receiver.total("llm_cost") == pytest.approx(0.0028, abs=1e-12)
    (age,) = receiver.newest("heliograph_price_age")
    assert age.value > 86_400, "the list is part of the installation, so it is at least some days old"


def test_a_file_named_by_the_environment(run: Run, receiver: Receiver, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"models": {"acme-1": {"input": 4.0, "output": 0}}}', encoding="utf-8")
    code = PROGRAM.replace(', prices={"models": {"acme-1": {"input": 2.0, "output": 8.0}}}', "")
    status, _, err = run(code, receiver.url, HELIOGRAPH_PRICES=str(prices))
    assert status == 0, err
    assert receiver.total("llm_cost") == pytest.approx(0.004, abs=1e-12)


def test_wrong_prices_are_said_once_and_the_application_goes_on(run: Run, receiver: Receiver) -> None:
    code = PROGRAM.replace('"input": 2.0', '"input": -2.0, "inptu": 1')
    status, _, err = run(code, receiver.url)
    assert status == 0, err
    assert err.count("unknown key 'inptu'") == 1
    assert "maintained list alone is used" in err
    assert receiver.total("llm_requests") == 1
    assert receiver.total("llm_unpriced_tokens") == 1100
