"""Change the configuration of servers that run: checked first, taken back when one refuses, confirmed by each."""

from heliograph.reload._apply import Report, apply
from heliograph.reload._outcome import Outcome

__all__ = ["Outcome", "Report", "apply"]
