"""Errors that a person reads: what happened, why, and what to do next."""

from __future__ import annotations

__all__ = ["HeliographError"]


class HeliographError(Exception):
    """A mistake or a condition the user can act on; the command line prints it without a traceback.

    `what` is one sentence; `why` and `hint` are optional and shown on lines of their own. `exit_code` is the
    status the command ends with: 1 for a failure, 2 for wrong input.
    """

    exit_code: int = 1

    def __init__(self, what: str, *, why: str = "", hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  why:  {self.why}")
        if self.hint:
            lines.append(f"  next: {self.hint}")
        return "\n".join(lines)
