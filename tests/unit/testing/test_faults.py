"""Faults on demand, over Python and over HTTP."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.testing._faults import Fault, Faults

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

HELLO: Any = [{"role": "user", "content": "Hello?"}]


def call(client: openai.OpenAI, model: str = "gpt-4o-mini") -> Any:
    return client.chat.completions.create(model=model, messages=HELLO)


def control(server: LLMServer, name: str, body: object = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}/_control/{name}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("401", openai.AuthenticationError),
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("cut", openai.APIConnectionError),
        ("garbage", ValueError),
    ],
)
def test_each_fault_is_the_clients_own_error_and_ends(
    server: LLMServer, client: openai.OpenAI, kind: str, error: type[Exception]
) -> None:
    server.fault(kind)
    with pytest.raises(error):
        call(client)
    server.fault("none")
    assert call(client).choices


def test_a_renamed_model_answers_and_bills_under_its_new_name(server: LLMServer, client: openai.OpenAI) -> None:
    server.rename("gpt-4o-mini", "gpt-next")
    assert call(client).model == "gpt-next"
    assert server.usage()[-1]["model"] == "gpt-next"
    assert call(client, "gpt-4o").model == "gpt-4o-2024-08-06"
    server.rename("gpt-4o-mini", None)
    assert call(client).model == "gpt-4o-mini-2024-07-18"


def test_a_rate_limit_says_when_to_come_back(server: LLMServer, client: openai.OpenAI) -> None:
    server.fault("429", retry_after=2.5)
    with pytest.raises(openai.RateLimitError) as caught:
        call(client)
    headers = caught.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("3", "2500")
    assert headers["x-ratelimit-limit-requests"] == "10000"


def test_slow_answers_come_later(server: LLMServer, client: openai.OpenAI) -> None:
    server.fault("slow", delay=0.2)
    started = time.perf_counter()
    assert call(client).choices
    assert 0.2 <= time.perf_counter() - started < 2


def test_a_filtered_answer_ends_early_and_says_so(server: LLMServer, client: openai.OpenAI, passages: str) -> None:
    server.fault("filter")
    messages: Any = [{"role": "user", "content": passages}]
    completion = client.chat.completions.create(model="gpt-4o", messages=messages)
    assert completion.choices[0].finish_reason == "content_filter"
    response = client.responses.create(model="gpt-4o", input=passages)
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "content_filter"


LOOK: Any = {"type": "function", "function": {"name": "look", "description": "Look into a book"}}


def test_a_model_that_loops_calls_its_tool_again_and_again_until_all_is_well(
    server: LLMServer, client: openai.OpenAI
) -> None:
    messages: list[Any] = [{"role": "user", "content": "Who are you?"}]

    def step() -> Any:
        message = (
            client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[LOOK]).choices[0].message
        )
        for tool_call in message.tool_calls or ():
            messages.extend([message, {"role": "tool", "tool_call_id": tool_call.id, "content": "I am a book."}])
        return message

    server.fault("loop")
    assert [step().tool_calls[0].function.name for _ in range(3)] == ["look"] * 3
    assert call(client).choices[0].message.content, "who has no tools answers"
    server.fault("none")
    assert step().content


def test_a_fault_may_concern_one_model_or_one_endpoint(server: LLMServer, client: openai.OpenAI) -> None:
    server.fault("500", model="gpt-4o")
    assert call(client, "gpt-4o-mini").choices
    with pytest.raises(openai.InternalServerError):
        call(client, "gpt-4o")
    server.fault("500", endpoint="embeddings")
    assert call(client, "gpt-4o").choices
    with pytest.raises(openai.InternalServerError):
        client.embeddings.create(model="text-embedding-3-small", input="x")


def test_the_client_recovers_with_retries_of_its_own(server: LLMServer, connect: Any) -> None:
    server.fault("429", seconds=0.2, retry_after=0.3)
    assert call(connect(server, max_retries=2)).choices
    assert len(server.requests()) == 2


def test_faults_over_http(server: LLMServer, client: openai.OpenAI) -> None:
    state = control(server, "fault", {"kind": "500", "rate": 1.0, "seconds": 30})
    assert state["faults"][0]["kind"] == "500"
    with pytest.raises(openai.InternalServerError):
        call(client)
    (fault,) = control(server, "fault")["faults"]
    assert fault["hits"] == 1
    assert 25 < fault["seconds"] <= 30
    assert control(server, "fault", {"kind": "none"}) == {"faults": []}
    control(server, "fault", {"kind": "slow"})
    assert control(server, "fault", method="DELETE") == {"faults": []}
    assert call(client).choices


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "fire"},
        {"kind": "500", "rate": 1.5},
        {"kind": "500", "rate": "often"},
        {"kind": "500", "seconds": -1},
        {"kind": "500", "rat": 0.5},
    ],
)
def test_a_wrong_control_request_changes_nothing(server: LLMServer, client: openai.OpenAI, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400") as caught:
        control(server, "fault", body)
    assert json.load(caught.value)["error"]["message"]
    assert call(client).choices
    if body.get("kind"):
        with pytest.raises((ValueError, TypeError)):
            server.fault(**body)


def test_usage_over_http(server: LLMServer, client: openai.OpenAI) -> None:
    call(client)
    answer = control(server, "usage")
    assert answer == {"totals": server.totals(), "records": server.usage()}


def test_latency_over_http(server: LLMServer, client: openai.OpenAI) -> None:
    assert control(server, "latency", {"first_token": 0.2}) == {"first_token": 0.2, "per_token": 0}
    started = time.perf_counter()
    call(client)
    assert time.perf_counter() - started >= 0.2


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_a_rate_holds_for_all_requests_and_for_every_second_of_them(rate: float, every: int) -> None:
    faults = Faults()
    faults.set(Fault("500", rate=rate))
    hits = ["500" in faults.draw("chat.completions", ("m",)) for _ in range(1000)][::every]
    assert sum(hits) == pytest.approx(rate * len(hits), abs=3)


def test_a_fault_ends_by_itself() -> None:
    now = 100.0
    faults = Faults(clock=lambda: now)
    faults.set(Fault("500", seconds=10))
    assert faults.draw("embeddings", ("m",))
    now = 110.0
    assert not faults.draw("embeddings", ("m",))
    assert faults.active() == []
