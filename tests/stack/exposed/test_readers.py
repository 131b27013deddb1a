"""People and their tools read with a password."""

from __future__ import annotations

import base64
import sys

import pytest

from heliograph.secure._access import context_of
from heliograph.secure._passwords import header_value, password

from ._ask import READ, basic, url_of
from ._target import Target, status_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is this machine on Linux only")


@pytest.mark.parametrize("server", READ)
def test_an_api_answers_to_its_users_only(target: Target, server: str) -> None:
    base, context = url_of(target, server), context_of(target.secrets.server("operator"))
    strangers = {
        "nothing": {},
        "wrong": {"Authorization": "Basic " + base64.b64encode(b"operator:wrong").decode()},
        "no user": {"Authorization": "Basic " + base64.b64encode(b"admin:admin").decode()},
        "Grafana's administrator": {"Authorization": f"Basic {header_value(target.secrets, 'grafana_admin')}"},
        "another's password": {"Authorization": basic("operator", password(target.secrets, "grafana"))},
    }
    for path in READ[server]:
        assert {who: status_of(base + path, None, headers, context) for who, headers in strangers.items()} == (
            dict.fromkeys(strangers, 401)
        ), path
        known = {"Authorization": f"Basic {header_value(target.secrets, 'operator')}"}
        assert status_of(base + path, None, known, context) in {200, 404}, path


def test_a_user_is_known_where_it_has_business_only(target: Target) -> None:
    context = context_of(target.secrets.server("operator"))
    answers = {
        (user, server): status_of(
            url_of(target, server) + READ[server][0],
            None,
            {"Authorization": f"Basic {header_value(target.secrets, user)}"},
            context,
        )
        for user in ("collector", "loki")
        for server in READ
    }
    assert answers == {
        ("collector", "prometheus"): 200,
        ("collector", "alertmanager"): 401,
        ("collector", "jaeger"): 401,
        ("loki", "prometheus"): 401,
        ("loki", "alertmanager"): 200,
        ("loki", "jaeger"): 401,
    }
