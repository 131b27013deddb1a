"""What Heliograph is made of: the bill of materials, the licences in it, and what is known against it.

For maintainers, in a checkout: `python -m heliograph.supply --help`. docs/supply-chain.md explains it.
"""

from __future__ import annotations

__all__: list[str] = []
