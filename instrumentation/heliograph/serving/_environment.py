"""The environment of a service of ours that itself sends telemetry."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["forget_variables"]

_KEPT: Final = ("_HEADERS", "_CERTIFICATE", "_CLIENT_KEY")


def forget_variables() -> None:
    """Drop `OTEL_*` variables but those about headers and certificates: they are for applications started here.

    `OTEL_SDK_DISABLED` or `OTEL_TRACES_SAMPLER`, say, would have a service report nothing, or a part.
    """
    for name in list(os.environ):
        if name.startswith("OTEL_") and not name.endswith(_KEPT):
            del os.environ[name]
