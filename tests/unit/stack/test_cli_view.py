"""What `heliograph up` and `status` say of a stack's addresses."""

from __future__ import annotations

import pytest

from heliograph.stack._cli_view import _addresses

PLAIN = "Send OTLP to {} (HTTP) or {} (gRPC)."


@pytest.mark.parametrize(
    ("otlp", "grpc"),
    [
        ("http://localhost:4318", "localhost:4317"),
        ("http://observe.example.com:4318", "observe.example.com:4317"),
        ("https://observe.example.com:4318", "observe.example.com:4317"),
        ("https://[2001:db8::7]:4318", "[2001:db8::7]:4317"),
    ],
)
def test_where_telemetry_goes(otlp: str, grpc: str) -> None:
    assert list(_addresses(otlp, 4317)) == [PLAIN.format(otlp, grpc)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_exposed_stack_whose_links_lead_nobody_there_says_what_to_set(host: str) -> None:
    _, note = _addresses(f"https://{host}:4318", 4317)
    assert "set external_url in heliograph.yaml" in note
