"""When something is sent: business hours and mute times, by the real Alertmanager and its clock."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

NOON = [{"times": ["10:00-14:00"]}]
ALWAYS = [{"times": ["00:00-24:00"]}]

# What an alert is → whether it is sent at noon, and at midnight.
SENT = {
    "severity=critical level=P1": (True, True),
    "severity=critical level=P3": (True, True),
    "severity=warning level=P3": (True, False),
    "severity=warning level=P4": (True, False),
    # A warning that would be critical if its threshold were confirmed, and rules of the user's own: not for later.
    "severity=warning level=P2": (True, True),
    "severity=page": (True, True),
    # Mute times hold back critical alerts, too, and only those that they are about.
    "severity=critical level=P1 chain=index": (False, False),
    "severity=warning level=P3 chain=reindex": (False, False),
    "severity=warning level=P3 chain=indexer": (True, False),
    # This one is over at noon.
    "severity=critical level=P1 tenant=acme": (True, False),
    # Two conditions at once: either holds it back.
    "severity=warning level=P3 tenant=acme chain=rag": (True, False),
    "severity=critical level=P1 tenant=acme chain=index": (False, False),
}


def _zone(hour: int) -> str:
    """Return a time zone in which it is now `hour` o'clock; the names of these have their sign the other way round."""
    ahead = (hour - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


class _Inbox(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: dict[str, set[str]] = {"webhook": set(), "inbox": set()}
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: _Inbox

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.arrived[self.path.strip("/")] |= {alert["labels"]["job"] for alert in body["alerts"]}
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module", params=["noon", "midnight"])
def arrived(
    request: pytest.FixtureRequest, run_alertmanager: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, set[str]]]]:
    """Send every alert of the table at that time of the day; return the time, and what arrived where."""
    folder = tmp_path_factory.mktemp("times")
    server = _Inbox()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    (folder / "url").write_text(f"{url}/webhook\n", encoding="utf-8")
    overlay = {
        "channels": {
            "inbox": {"webhook": f"{url}/inbox", "smtp": "127.0.0.1:9"},
            "webhook": {"enabled": True, "url_file": str(folder / "url")},
        },
        "routing": {
            "group_wait": "100ms",
            "group_interval": "1s",
            "time_zone": _zone(12 if request.param == "noon" else 0),
            "business_hours": NOON,
            "mute_times": {
                "rebuild": {"match": {"chain": "index|reindex"}, "when": ALWAYS},
                "nights": {"match": {"tenant": "acme"}, "when": [{"times": ["00:00-05:00", "22:00-24:00"]}]},
                "long-over": {"match": {}, "when": [{"years": ["2020"]}]},
            },
        },
    }
    with run_alertmanager(folder, overlay) as alertmanager:
        alertmanager.post(*({"alertname": "A", "job": words, **_labels(words)} for words in SENT))
        deadline = time.monotonic() + 20
        expected = {words for words, at in SENT.items() if at[request.param == "midnight"]}
        while not (expected <= server.arrived["webhook"] and len(server.arrived["inbox"]) == len(SENT)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        time.sleep(2.5)  # whatever should not come would have come
        yield request.param, server.arrived
    server.shutdown()
    server.server_close()


def _labels(words: str) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in words.split())}


@pytest.mark.parametrize("words", SENT)
def test_sent(words: str, arrived: tuple[str, dict[str, set[str]]]) -> None:
    when, places = arrived
    at_noon, at_midnight = SENT[words]
    assert (words in places["webhook"]) is (at_noon if when == "noon" else at_midnight)


def test_the_inbox_hears_everything_at_any_time(arrived: tuple[str, dict[str, set[str]]]) -> None:
    assert arrived[1]["inbox"] == set(SENT)
