"""Alertmanager over its HTTP API v2, and what its own metrics say about notifications."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request

from heliograph.errors import HeliographError
from heliograph.secure._access import open_url

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Alertmanager", "Deliveries"]

_SAMPLE = re.compile(r"^(\w+)\{([^}]*)\} ([0-9.eE+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_STRANGE = frozenset({404, 405, 501})  # what a server says that does not know the API at all
_CONFIGS = "_configs"  # slack_configs, email_configs, ...: what a receiver of Alertmanager's configuration lists


@dataclass(frozen=True)
class Deliveries:
    """What became of the requests to one integration since Alertmanager started."""

    sent: int = 0
    """Requests that the other side accepted."""
    refused: int = 0
    """Requests that failed; some of them were repeated later."""
    given_up: Mapping[str, int] = field(default_factory=dict)
    """Notifications that failed for good: Alertmanager's reason (clientError, ...) → how many."""

    def since(self, before: Deliveries) -> Deliveries:
        """Return what happened after `before` was read."""
        given_up = Counter(self.given_up)
        given_up.subtract(before.given_up)
        return Deliveries(self.sent - before.sent, self.refused - before.refused, +given_up)


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager; every method raises HeliographError when it does not answer as one."""

    url: str
    timeout: float = 5.0
    """Seconds for one request."""

    def post(self, alerts: list[dict[str, Any]]) -> None:
        """Hand over alerts, as Prometheus does (https://prometheus.io/docs/alerting/latest/alerts_api/)."""
        self._ask("/api/v2/alerts", json.dumps(alerts).encode())

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts with these labels, suppressed ones too, as `GET /api/v2/alerts` describes them."""
        wanted = "&".join(
            "filter=" + quote(f"{name}={json.dumps(value, ensure_ascii=False)}") for name, value in labels.items()
        )
        listed = self._read(f"/api/v2/alerts?{wanted}")
        if not isinstance(listed, list):
            raise self._stranger()
        return listed

    def silences(self) -> list[dict[str, Any]]:
        """Return the silences, those that are over too, as `GET /api/v2/silences` describes them."""
        listed = self._read("/api/v2/silences")
        if not isinstance(listed, list):
            raise self._stranger()
        return listed

    def silence(self, labels: Mapping[str, str], until: datetime, *, by: str, why: str) -> str:
        """Silence alerts with these labels (and any others) from now on; return the silence's id."""
        matchers = [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in sorted(labels.items())]
        # A clock a moment ahead of Alertmanager's would let the silence begin in its future, and this very message out.
        begin = datetime.now(UTC) - timedelta(minutes=1)
        body = {
            "matchers": matchers,
            "startsAt": begin.isoformat(),
            "endsAt": until.isoformat(),
            "createdBy": by,
            "comment": why,
        }
        answer = self._read("/api/v2/silences", json.dumps(body).encode())
        if not isinstance(answer, dict) or not isinstance(answer.get("silenceID"), str):
            raise self._stranger()
        return str(answer["silenceID"])

    def expire(self, silence: str) -> None:
        """End a silence now."""
        self._ask(f"/api/v2/silence/{quote(silence, safe='')}", method="DELETE")

    def receivers(self) -> dict[str, Counter[str]]:
        """Return the receivers of its running configuration: name → integration (slack, email, ...) → how many."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            config = YAML(typ="safe", pure=True).load(self._read("/api/v2/status")["config"]["original"])
            return {
                receiver["name"]: Counter(
                    {key.removesuffix(_CONFIGS): len(uses) for key, uses in receiver.items() if key.endswith(_CONFIGS)}
                )
                for receiver in config["receivers"]
            }
        except (KeyError, TypeError, AttributeError, YAMLError) as error:
            raise self._stranger() from error

    def deliveries(self, integration: str, receivers: Collection[str]) -> Deliveries:
        """Return what became of the requests to `integration` (slack, email, sns, webhook, ...) of these receivers.

        An Alertmanager without the feature `receiver-name-in-metrics` counts all receivers together.
        `alertmanager_notifications_total` is no help: it rises before the attempt.
        """
        sums: Counter[str] = Counter()
        given_up: Counter[str] = Counter()
        for name, text, value in _SAMPLE.findall(self._ask("/metrics").decode(errors="replace")):
            labels = dict(_LABEL.findall(text))
            if labels.get("integration") == integration and labels.get("receiver_name") in {None, *receivers}:
                sums[name] += int(float(value))
                if name == "alertmanager_notifications_failed_total":
                    given_up[labels.get("reason", "other")] += int(float(value))
        refused = sums["alertmanager_notification_requests_failed_total"]
        return Deliveries(sums["alertmanager_notification_requests_total"] - refused, refused, +given_up)

    def _read(self, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - whatever its JSON is
        try:
            return json.loads(self._ask(path, body))
        except ValueError as error:
            raise self._stranger() from error

    def _ask(self, path: str, body: bytes | None = None, method: str | None = None) -> bytes:
        headers = {"Content-Type": "application/json"}
        request = Request(self.url + path, body, headers, method=method)  # noqa: S310 - http(s) only
        try:
            with open_url(request, timeout=self.timeout) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            if error.code in _STRANGE:
                raise self._stranger() from error
            why = error.read(500).decode(errors="replace").strip()
            raise HeliographError(f"Alertmanager at {self.url} refused a request ({error.code}).", why=why) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise HeliographError(
                f"Alertmanager at {self.url} does not answer.",
                why=str(reason),
                hint="heliograph status; --port-offset or --alertmanager when it is elsewhere",
            ) from error

    def _stranger(self) -> HeliographError:
        return HeliographError(
            f"What answers at {self.url} is not an Alertmanager.", hint="--alertmanager with its address"
        )
