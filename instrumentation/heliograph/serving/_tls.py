"""TLS for a server that only holders of a certificate may ask."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["mutual"]


def mutual(folder: Path) -> ssl.SSLContext:
    """Return what shows `inner.crt` of this folder, and asks clients for one that `ca.crt` has signed.

    Raises HeliographError when a file is missing or is not what its name says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(folder / "inner.crt", folder / "inner.key")
        context.load_verify_locations(folder / "ca.crt")
    except OSError as error:  # ssl.SSLError is one
        raise HeliographError(
            f"The certificates in {folder} cannot be used.",
            why=str(error),
            hint="heliograph secrets init",
            exit_code=2,
        ) from None
    return context
