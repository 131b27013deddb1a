"""`python -m peers`."""

from __future__ import annotations

from peers._cli import main

if __name__ == "__main__":
    raise SystemExit(main())
