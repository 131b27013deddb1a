"""The attributes of spans of every make are read alike."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from heliograph.genai._plain import attributes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SAID: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3}


def sdk_span(*, ended: bool) -> Any:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("test").start_span("chat", attributes=SAID)
    if ended:
        span.end()
    return span


@pytest.mark.parametrize(
    ("span", "read"),
    [
        (sdk_span(ended=False), SAID),
        (sdk_span(ended=True), SAID),
        (SimpleNamespace(attributes=SAID), SAID),
        (SimpleNamespace(attributes=MappingProxyType(SAID)), SAID),
        (SimpleNamespace(attributes=None), {}),
    ],
    ids=["the SDK's, open", "the SDK's, ended", "a dictionary", "another mapping", "without any"],
)
def test_attributes(span: Any, read: Mapping[str, Any]) -> None:
    given = attributes_of(span)
    assert isinstance(given, dict)
    assert given == read


def test_the_sdks_are_read_without_its_lock() -> None:
    assert attributes_of(span := sdk_span(ended=True)) is span._attributes._dict
