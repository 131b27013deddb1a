"""Grafana of an exposed stack: a login with a password of its own, and data sources that show what they must.

Needs GRAFANA_HOME, an unpacked Grafana: no package registry has one.
"""

from __future__ import annotations

import http.cookiejar
import json
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from heliograph.secure._access import context_of
from heliograph.secure._passwords import ADMIN, METRICS, password

from ._ask import basic, soon, url_of
from ._target import GRAFANA, Target, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only"),
    pytest.mark.skipif(not GRAFANA, reason="GRAFANA_HOME names no Grafana"),
]

# Through the data source: does the server behind it know Grafana by its password or certificate?
ASKED = {
    "prometheus": "api/v1/query?query=up",
    "loki": "loki/api/v1/labels",
    "jaeger": "api/services",
    "alertmanager": "api/v2/status",
}


def browser(target: Target) -> urllib.request.OpenerDirector:
    context = context_of(target.secrets.server("operator"))
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
    )


def log_in(target: Target, name: str, secret: str) -> Callable[[str], Any]:
    """Log in as a person does; return how to ask from then on. Raises `HTTPError` when Grafana refuses."""
    person, url = browser(target), url_of(target, "grafana")
    form = json.dumps({"user": name, "password": secret}).encode()
    person.open(urllib.request.Request(f"{url}/login", form, {"Content-Type": "application/json"}), timeout=10).close()

    def ask(path: str) -> Any:
        with person.open(url + path, timeout=20) as answer:
            return json.load(answer)

    return ask


def test_nobody_logs_in_with_a_password_that_was_not_made_for_it(target: Target) -> None:
    ours, anothers = password(target.secrets, ADMIN), password(target.secrets, "operator")
    for name, secret in (("admin", "admin"), ("operator", "admin"), ("admin", ours), ("operator", anothers)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            log_in(target, name, secret)
        assert refused.value.code == 401, name


def test_nobody_looks_without_logging_in(target: Target) -> None:
    url, context = url_of(target, "grafana"), context_of(target.secrets.server("operator"))
    for path in ("/api/search", "/api/datasources", "/api/dashboards/uid/heliograph-llm-overview"):
        assert status_of(url + path, None, {}, context) == 401, path


def test_only_prometheus_reads_its_metrics(target: Target) -> None:
    url, context = url_of(target, "grafana") + "/metrics", context_of(target.secrets.server("operator"))
    assert status_of(url, None, {}, context) == 401
    assert (
        status_of(url, None, {"Authorization": basic("prometheus", password(target.secrets, METRICS))}, context) == 200
    )
    soon(lambda: is_scraped(target), 60)


def is_scraped(target: Target) -> bool:
    ask = log_in(target, "operator", password(target.secrets, ADMIN))
    found = ask('/api/datasources/proxy/uid/prometheus/api/v1/query?query=up{job="grafana"}')
    return [sample["value"][1] for sample in found["data"]["result"]] == ["1"]


@pytest.mark.parametrize("source", ASKED)
def test_the_operator_sees_every_store_through_it(target: Target, source: str) -> None:
    ask = log_in(target, "operator", password(target.secrets, ADMIN))
    assert ask(f"/api/datasources/proxy/uid/{source}/{ASKED[source]}")
