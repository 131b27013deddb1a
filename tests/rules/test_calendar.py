"""When a budget's day and month begin and end, in its time zone: as Prometheus computes it, and as Python knows it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from heliograph.config import load

from ._generated import groups

if TYPE_CHECKING:
    from pathlib import Path

# Zones with odd ways, and days (UTC) on which something happens there.
DAYS = {
    "UTC": ["2026-02-28", "2028-02-29", "2026-12-31"],
    "Europe/Berlin": ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-12-31"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2027-01-01"],
    "Asia/Kolkata": ["2026-05-31"],
    "Australia/Lord_Howe": ["2026-04-04", "2026-10-03"],  # half an hour
    "America/Santiago": ["2026-04-04", "2026-04-05", "2026-09-06T04:00"],  # at midnight, which there is not, or twice
    "Pacific/Kiritimati": ["2026-06-30"],  # 14 hours ahead
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],  # by the moon
}


def _starts(moment: datetime, zone: ZoneInfo) -> dict[str, float]:
    local = moment.astimezone(zone)
    today = local.replace(hour=0, minute=0, second=0, fold=0, tzinfo=None)
    month = today.replace(day=1)
    begins = {
        "calendar:day:start": today,
        "calendar:day:end": today + timedelta(days=1),
        "calendar:month:start": month,
        "calendar:month:end": (month + timedelta(days=32)).replace(day=1),
    }
    return {name: at.replace(tzinfo=zone).timestamp() for name, at in begins.items()}


@pytest.mark.stack
@pytest.mark.parametrize("zone", DAYS)
def test_days_and_months_begin_where_the_clocks_of_the_zone_say(zone: str, promtool: Path, tmp_path: Path) -> None:
    limit = {"usd": 1, "match": {}, "each": None}
    config = load().merged(
        {
            "retention": {"prometheus": "32d"},
            "budgets": {
                "time_zone": zone,
                "limits": {"a": {**limit, "period": "day"}, "b": {**limit, "period": "month"}},
            },
        }
    )
    calendar = [group for group in groups(config, "records") if group["name"] == "heliograph-calendar"]
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": calendar}), encoding="utf-8")
    cases = []
    for day in DAYS[zone]:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        cases.append(
            {
                "interval": "30m",
                "start_timestamp": start.isoformat().replace("+00:00", "Z"),
                "input_series": [],
                "promql_expr_test": [
                    {
                        "expr": name,
                        "eval_time": f"{minutes}m",
                        "exp_samples": [{"labels": name, "value": value}],
                    }
                    for minutes in range(0, 24 * 60, 30)
                    for name, value in _starts(start + timedelta(minutes=minutes), ZoneInfo(zone)).items()
                ],
            }
        )
    file = tmp_path / "case.yaml"
    file.write_text(
        json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "30m", "tests": cases}), encoding="utf-8"
    )
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
