"""A stack that lets no one in: certificates, tokens and passwords, and the overlay that makes servers ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.secure._access import open_url
    from heliograph.secure._folder import Folder

__all__ = ["Folder", "open_url"]

# Late: cryptography belongs to the operator's tools, and takes its time to load.
__getattr__ = exports(__name__, {"Folder": "_folder", "open_url": "_access"})
