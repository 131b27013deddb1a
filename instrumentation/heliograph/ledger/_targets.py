"""Where records go, and where they are read back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from urllib.parse import urlsplit, urlunsplit

from heliograph.stack._ports import Ports

__all__ = ["Targets"]


@dataclass(frozen=True)
class Targets:
    """Base addresses, http or https; `http://name:password@host:port` signs in.

    The collector's takes `OTEL_EXPORTER_OTLP_HEADERS` as well; `OTEL_EXPORTER_OTLP_CERTIFICATE` names the authorities
    to trust, `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` and `…_CLIENT_KEY` what to show, for all four.
    """

    collector: str
    jaeger: str
    loki: str
    prometheus: str

    @classmethod
    def at(cls, offset: int = 0) -> Targets:
        """Return the addresses of `heliograph up --port-offset OFFSET` on this machine."""
        ports = Ports.at(offset)
        return cls(
            collector=f"http://127.0.0.1:{ports.otlp_http}",
            jaeger=f"http://127.0.0.1:{ports.jaeger}",
            loki=f"http://127.0.0.1:{ports.loki}",
            prometheus=f"http://127.0.0.1:{ports.prometheus}",
        )

    def without_passwords(self) -> Targets:
        """Return the same addresses as they may be written down."""
        return Targets(**{name: _public(url) for name, url in asdict(self).items()})


def _public(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
