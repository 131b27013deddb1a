"""How each server is told of its changed files, and how it is known that it took them.

| server | told by | known by |
|---|---|---|
| prometheus | POST /-/reload | its answer, its metrics, its rules API |
| alertmanager | POST /-/reload | its answer, its metrics |
| loki | its ruler looks every `poll_interval` | its rules API |
| grafana | it looks every `updateIntervalSeconds` | the version of each changed board |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from heliograph.reload._http import AbsentError, RefusedError, get, get_json, post, sample
from heliograph.reload._outcome import Outcome
from heliograph.reload._rules import as_run, as_written

__all__ = ["Alertmanager", "Changed", "Grafana", "Loki", "Prometheus", "Server"]

_TURN = 0.25  # seconds between two looks
_SOON = 10.0  # seconds in which a server that was told shows it
_POLLED = 60.0  # Loki looks every 15 s and Grafana every 30 s, both on busy machines
_OFF = (403, 404, 405)  # how Prometheus says that its lifecycle API is off, and strangers that they have none

Changed = Mapping[str, str | None]
"""Path → new text, None for a file that goes."""


class Server(Protocol):
    """One server that reads generated files."""

    @property
    def name(self) -> str:
        """The server's name in `heliograph status`."""

    def reads(self, path: str) -> bool:
        """Say whether the file at this path is this server's, and taken without a restart."""

    def look(self, changed: Changed) -> None:
        """Remember what it has before files change; raises AbsentError when it does not run."""

    def take(self, files: Mapping[str, str], changed: Changed) -> Outcome:
        """Have it take `files` (all of its files; `changed` of them differ), and make sure that it did."""


def _until(holds: Callable[[], bool], timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while True:
        try:
            if holds():
                return True
        except (AbsentError, RefusedError):
            pass  # busy, or just restarted: ask again
        if time.monotonic() > deadline:
            return False
        time.sleep(_TURN)


def _told(name: str, url: str) -> Outcome | None:
    """POST the reload; return what went wrong."""
    try:
        post(f"{url}/-/reload")
    except AbsentError as error:
        return Outcome(name, "silent", f"it stopped answering: {error}")
    except RefusedError as error:
        if error.status in _OFF:
            return Outcome(name, "refused", "it was started without --web.enable-lifecycle: start it anew once")
        return Outcome(name, "refused", str(error))
    return None


@dataclass
class Prometheus:
    """Groups whose name and file stay keep their state: alerts that fire or wait go on, unless their labels change."""

    url: str
    name: str = "prometheus"

    def reads(self, path: str) -> bool:
        return path.startswith("prometheus/")

    def look(self, changed: Changed) -> None:
        del changed
        get_json(f"{self.url}/api/v1/status/buildinfo")

    def take(self, files: Mapping[str, str], changed: Changed) -> Outcome:
        del changed
        if failed := _told(self.name, self.url):
            return failed
        texts = {path: text for path, text in files.items() if path.startswith("prometheus/generated/")}
        wanted = as_written(texts.values())

        def shows() -> bool:
            successful = sample(get(f"{self.url}/metrics"), "prometheus_config_last_reload_successful")
            return successful == 1 and as_run(get_json(f"{self.url}/api/v1/rules"), texts) == wanted

        if _until(shows, _SOON):
            return Outcome(self.name, "took it", f"its rules API shows all {wanted.total()} rules")
        return Outcome(self.name, "silent", f"its rules API does not show the {wanted.total()} rules that were written")


@dataclass
class Alertmanager:
    """Silences and what was already sent stay."""

    url: str
    name: str = "alertmanager"

    def reads(self, path: str) -> bool:
        return path.startswith("alertmanager/")

    def look(self, changed: Changed) -> None:
        del changed
        get_json(f"{self.url}/api/v2/status")

    def take(self, files: Mapping[str, str], changed: Changed) -> Outcome:
        del files, changed
        before = sample(get(f"{self.url}/metrics"), "alertmanager_config_last_reload_success_timestamp_seconds") or 0.0
        if failed := _told(self.name, self.url):
            return failed

        def shows() -> bool:
            metrics = get(f"{self.url}/metrics")
            when = sample(metrics, "alertmanager_config_last_reload_success_timestamp_seconds") or 0.0
            return sample(metrics, "alertmanager_config_last_reload_successful") == 1 and when > before

        if _until(shows, _SOON):
            return Outcome(self.name, "took it", "its metrics say that the reload succeeded")
        return Outcome(self.name, "silent", "alertmanager_config_last_reload_successful is not 1")


@dataclass
class Loki:
    """Its ruler finds changed rules by itself."""

    url: str
    folder: str = "loki/rules/fake/"
    """Where its rules lie: natively a folder per tenant, in the repository `loki/generated/`."""
    name: str = "loki"

    def reads(self, path: str) -> bool:
        return path.startswith(self.folder)

    def look(self, changed: Changed) -> None:
        del changed
        get(f"{self.url}/ready")

    def take(self, files: Mapping[str, str], changed: Changed) -> Outcome:
        texts = {path: text for path, text in files.items() if path.startswith(self.folder)}
        wanted = as_written(texts.values())
        names = [*texts, *changed]
        if _until(lambda: as_run(get_json(f"{self.url}/prometheus/api/v1/rules"), names) == wanted, _POLLED):
            return Outcome(self.name, "took it", f"its rules API shows all {wanted.total()} rules")
        return Outcome(self.name, "silent", f"its ruler does not show the rules within {_POLLED:.0f} s")


@dataclass
class Grafana:
    """It finds changed boards by itself; each change gives a board a new version."""

    url: str
    folder: str = "dashboards/generated/"
    name: str = "grafana"
    _versions: dict[str, int | None] = field(default_factory=dict)

    def reads(self, path: str) -> bool:
        return path.startswith(self.folder)

    def look(self, changed: Changed) -> None:
        get_json(f"{self.url}/api/health")
        self._versions = {uid: self._version(uid) for uid in self._uids(changed)}

    def take(self, files: Mapping[str, str], changed: Changed) -> Outcome:
        del files
        wanted = self._uids(changed)
        left = set(wanted)

        def shows() -> bool:
            left.difference_update([uid for uid in left if self._version(uid) not in {None, self._versions.get(uid)}])
            return not left

        if _until(shows, _POLLED):
            return Outcome(self.name, "took it", f"{len(wanted)} of {len(wanted)} changed boards have a new version")
        return Outcome(self.name, "silent", f"boards without a new version: {', '.join(sorted(left))}")

    def _version(self, uid: str) -> int | None:
        try:
            return int(get_json(f"{self.url}/api/dashboards/uid/{uid}")["dashboard"]["version"])
        except (RefusedError, KeyError, TypeError, ValueError):
            return None

    def _uids(self, changed: Changed) -> list[str]:
        import json

        return [json.loads(text)["uid"] for path, text in changed.items() if text and path.startswith(self.folder)]
