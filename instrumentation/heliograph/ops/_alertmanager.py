"""Alertmanager over its HTTP API v2, and what its own metrics say about notifications."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from heliograph.errors import HeliographError

__all__ = ["Alertmanager"]

_SAMPLE = re.compile(r"^(\w+)\{([^}]*)\} ([0-9.eE+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager; every method raises HeliographError when it does not answer."""

    url: str
    timeout: float = 5.0

    def post(self, alerts: list[dict[str, Any]]) -> None:
        """Hand over alerts, as Prometheus does (https://prometheus.io/docs/alerting/latest/alerts_api/)."""
        self._ask("/api/v2/alerts", json.dumps(alerts).encode())

    def receivers(self) -> list[str]:
        """Return the names of the receivers it knows."""
        return [receiver["name"] for receiver in json.loads(self._ask("/api/v2/receivers"))]

    def deliveries(self, integration: str) -> tuple[float, float]:
        """Return how many requests to `integration` (slack, email, ...) succeeded and failed since it started.

        `alertmanager_notifications_total` is no help: it rises before the attempt.
        """
        sums = {"alertmanager_notification_requests_total": 0.0, "alertmanager_notification_requests_failed_total": 0.0}
        for name, labels, value in _SAMPLE.findall(self._ask("/metrics").decode()):
            if name in sums and dict(_LABEL.findall(labels)).get("integration") == integration:
                sums[name] += float(value)
        total, failed = sums.values()
        return total - failed, failed

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        request = Request(self.url + path, body, {"Content-Type": "application/json"})  # noqa: S310 - http(s) only
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=self.timeout) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            why = error.read(500).decode(errors="replace")
            raise HeliographError(f"Alertmanager refused a request ({error.code}).", why=why) from error
        except (URLError, OSError) as error:
            raise HeliographError(
                f"Alertmanager at {self.url} does not answer.", why=str(error), hint="heliograph status"
            ) from error
