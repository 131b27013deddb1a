"""Send numbered records through the collector, read them back by number from the stores, and reconcile.

```python
from heliograph.ledger import Moment, Plan, Targets, run

result = run(
    Plan(spans=200, logs=200, points=1000, duration=60),
    Targets.at(port_offset),
    Path("run.jsonl"),
    moments=[Moment(20.0, "collector: kill", lambda: stack.kill("collector"))],
)
assert result.ok, result.table()
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.ledger._break import Break
    from heliograph.ledger._moments import Moment
    from heliograph.ledger._plan import Plan
    from heliograph.ledger._result import Accounts, Gap, Quantiles, Result
    from heliograph.ledger._run import again, run
    from heliograph.ledger._snapshot import Snapshot
    from heliograph.ledger._targets import Targets

__all__ = [
    "Accounts",
    "Break",
    "Gap",
    "Moment",
    "Plan",
    "Quantiles",
    "Result",
    "Snapshot",
    "Targets",
    "again",
    "run",
]

__getattr__ = exports(
    __name__,
    {
        "Accounts": "_result",
        "Break": "_break",
        "Gap": "_result",
        "Moment": "_moments",
        "Plan": "_plan",
        "Quantiles": "_result",
        "Result": "_result",
        "Snapshot": "_snapshot",
        "Targets": "_targets",
        "again": "_run",
        "run": "_run",
    },
)
