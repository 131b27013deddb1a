"""What the server refuses, and how it says so."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.errors import HeliographError
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO: Any = [{"role": "user", "content": "Hello?"}]


def post(server: LLMServer, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": HELLO}, None, None),
        ({"model": "gpt-4o-mini"}, "messages", "missing_required_parameter"),
        ({"model": "gpt-4o-mini", "messages": "Hello?"}, "messages", "invalid_type"),
        ({"model": "gpt-4o-mini", "messages": []}, "messages", "empty_array"),
        ({"model": "gpt-4o-mini", "messages": ["Hello?"]}, "messages[0]", "invalid_type"),
        ({"model": "gpt-4o-mini", "messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"model": "gpt-4o-mini", "messages": [{"role": "poet", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": 3}]}, "messages[0].content", "invalid_type"),
        (
            {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": [{"type": "smell"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        ({"model": "gpt-4o-mini", "messages": HELLO, "temperature": 3}, "temperature", "integer_above_max_value"),
        ({"model": "gpt-4o-mini", "messages": HELLO, "temperature": "hot"}, "temperature", "invalid_type"),
        ({"model": "gpt-4o-mini", "messages": HELLO, "max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"model": "o3-mini", "messages": HELLO, "max_tokens": 9}, "max_tokens", "unsupported_parameter"),
        ({"model": "gpt-4o-mini", "messages": HELLO, "tools": [{}]}, "tools[0].function.name", None),
        ({"model": "gpt-4o-mini", "messages": HELLO, "tool_choice": "x"}, "tool_choice", "invalid_value"),
        ({"model": "gpt-4o-mini", "messages": HELLO, "stream_options": {"a": 1}}, "stream_options", "invalid_value"),
        ({"model": "gpt-4o-mini", "messages": HELLO, "response_format": {"type": "json_object"}}, "messages", None),
    ],
)
def test_a_malformed_request_names_the_parameter(
    server: LLMServer, body: dict[str, Any], param: str | None, code: str | None
) -> None:
    status, answer = post(server, "/v1/chat/completions", json.dumps(body).encode())
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param
    if code:
        assert answer["error"]["code"] == code
    assert server.usage() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_a_400(server: LLMServer, body: bytes) -> None:
    status, answer = post(server, "/v1/chat/completions", body)
    assert status == 400
    assert answer["error"]["message"]


def test_halves_of_characters_do_no_harm(server: LLMServer) -> None:
    body = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "a \\ud800 b?"}]}'
    assert post(server, "/v1/chat/completions", body)[0] == 200
    assert post(server, "/v1/embeddings", b'{"model": "text-embedding-3-small", "input": "a\\ud800bc"}')[0] == 200


def test_a_wrong_key_is_a_401_and_not_shown(connect: Callable[..., openai.OpenAI]) -> None:
    with LLMServer(api_key="right", first_token=0, per_token=0) as server:
        with pytest.raises(openai.AuthenticationError) as caught:
            connect(server, api_key="planted-secret").chat.completions.create(model="gpt-4o", messages=HELLO)
        assert caught.value.code == "invalid_api_key"
        assert "planted-secret" not in str(caught.value)
        assert connect(server, api_key="right").chat.completions.create(model="gpt-4o", messages=HELLO).choices
        assert len(server.usage()) == 1


def test_only_the_named_models_exist_if_some_are_named(connect: Callable[..., openai.OpenAI]) -> None:
    with LLMServer(models=["gpt-4o-mini"], first_token=0, per_token=0) as server:
        client = connect(server)
        assert [model.id for model in client.models.list()] == ["gpt-4o-mini-2024-07-18"]
        with pytest.raises(openai.NotFoundError) as caught:
            client.chat.completions.create(model="gpt-9", messages=HELLO)
        assert caught.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert {"gpt-4o-mini-2024-07-18", "text-embedding-3-small"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("gpt-4o").id == "gpt-4o-2024-08-06"


def test_a_prompt_beyond_the_context_window_is_refused(client: openai.OpenAI) -> None:
    long: Any = [{"role": "user", "content": "word " * 128_001}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=long)
    assert caught.value.code == "context_length_exceeded"


def test_a_body_beyond_the_limit_is_refused_and_the_next_one_is_not(connect: Callable[..., openai.OpenAI]) -> None:
    with LLMServer(max_body_bytes=4_000_000, first_token=0, per_token=0) as server:
        # More than the buffers between the two hold, from a client that sends all of it before it reads.
        status, answer = post(server, "/v1/chat/completions", b"x" * 14_000_000)
        assert status == 413
        assert "at most 4000000" in answer["error"]["message"]
        assert connect(server).chat.completions.create(model="gpt-4o", messages=HELLO).choices


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/images/generations", 404),
        ("GET", "/", 404),
        ("GET", "/healthz", 200),
        ("POST", "/_control/usage", 405),
        ("GET", "/_control/nothing", 404),
    ],
)
def test_addresses(server: LLMServer, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request(method, path, b"{}" if method == "POST" else None)
    assert connection.getresponse().status == status
    connection.close()


def test_a_taken_port_is_said_so(server: LLMServer) -> None:
    with pytest.raises(HeliographError, match="cannot listen"):
        LLMServer(server.port).start()


def test_a_port_that_was_closed_can_be_taken_again() -> None:
    with LLMServer() as first:
        port = first.port
        # A connection that the client leaves open must not keep the port.
        stuck = socket.create_connection((first.host, port))
    with LLMServer(port) as second:
        assert second.port == port
    stuck.close()
