"""A stack of the suite's own, real processes, and the ledger as the judge of what was lost."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.ledger import Plan, Targets, run
from heliograph.stack import Stack

from ._scale import SCALE, port_offset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heliograph.ledger import Moment, Result

    Books = Callable[..., Result]

_TOLD: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _TOLD:
        terminalreporter.section(f"what the ledger says ({SCALE.name} form)")
        terminalreporter.write_line("\n".join(_TOLD))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the servers as shipped."""
    running = Stack(port_offset(), tmp_path_factory.mktemp("reliability") / "state")
    try:
        running.up(timeout=120)
        yield running
    finally:
        running.down()


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Add a line to what is said at the end."""
    return _TOLD.append


@pytest.fixture
def books(tmp_path: Path, request: pytest.FixtureRequest) -> Books:
    """Send numbered records for some seconds while `moments` happen, and reconcile; tells the result at the end."""

    def keep(stack: Stack, duration: float, moments: Sequence[Moment] = (), **plan: Any) -> Result:
        begun = time.time()
        settings = {**SCALE.rates(), "settle": SCALE.settle, "duration": duration, **plan}
        result = run(Plan(**settings), Targets.at(stack.offset), tmp_path / f"{begun:.0f}.jsonl", moments=moments)
        name = request.node.name
        figures = ", ".join(f"{signal} {settings.get(signal, 0):g}/s" for signal in ("spans", "logs", "points"))
        _TOLD.append(f"\n{name}: {duration:g} s, {figures}; all there {result.settled:.1f} s after the end")
        _TOLD.extend([result.table(), *result.happened])
        if SCALE.record:
            line = {"test": name, "form": SCALE.name, "at": begun, **result.as_json()}
            with SCALE.record.open("a") as record:
                record.write(json.dumps(line, default=str) + "\n")
        failed = [what for what in result.happened if "failed" in what]
        assert not failed, failed
        return result

    return keep
