"""What a drill has judged so far, a line of JSON for each fault: an interrupted one need not begin again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from heliograph.demo._alerts import AlertStory
from heliograph.drill._judge import Finding, Seen, Verdict
from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["note", "recall"]


def note(path: Path, verdict: Verdict) -> None:
    """Add one verdict."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lines:
        lines.write(json.dumps(asdict(verdict)) + "\n")


def recall(path: Path) -> list[Verdict]:
    """Return the verdicts, oldest first; none where there is no file."""
    try:
        return [_verdict(json.loads(line)) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError) as error:
        hint = "start anew, without --resume"
        raise HeliographError(f"{path} cannot be read", why=str(error), hint=hint) from error


def _verdict(data: dict[str, Any]) -> Verdict:
    seen = data.pop("seen")
    stories = [AlertStory(**story) for story in seen.pop("stories")]
    findings = [Finding(**finding) for finding in data.pop("findings")]
    return Verdict(**data, seen=Seen(**seen, stories=stories), findings=findings)
