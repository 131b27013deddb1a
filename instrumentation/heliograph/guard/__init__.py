"""What may leave the process: prompts and answers by a policy, credentials never.

`ContentPolicy` is the one gate for spans and logs of every instrumentor; `docs/content.md` says what passes it.
"""

from __future__ import annotations

from heliograph.guard._capture import CaptureHook, capture_hook
from heliograph.guard._patterns import CREDENTIALS, PATTERNS, PERSONAL, Pattern
from heliograph.guard._policy import ContentPolicy
from heliograph.guard._redact import failures, forget_failures
from heliograph.guard._settings import policy_from

__all__ = [
    "CREDENTIALS",
    "PATTERNS",
    "PERSONAL",
    "CaptureHook",
    "ContentPolicy",
    "Pattern",
    "capture_hook",
    "failures",
    "forget_failures",
    "policy_from",
]
