"""`python -m tests.coexistence`."""

from __future__ import annotations

from tests.coexistence._cli import main

if __name__ == "__main__":
    raise SystemExit(main())
