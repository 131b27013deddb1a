"""Rate limits: the headers go down with use and up with time, and beyond the limit is a 429."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.testing import LLMServer
from heliograph.testing._errors import ApiError
from heliograph.testing._limits import RateLimits, duration

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO: Any = [{"role": "user", "content": "Hello?"}]


def test_headers_go_down_with_each_request(connect: Callable[..., openai.OpenAI]) -> None:
    # One request and 17 tokens come back a second: too slow to be seen here.
    with LLMServer(requests_per_minute=60, tokens_per_minute=1000, first_token=0, per_token=0) as server:
        client = connect(server)
        used = 0
        for left in (59, 58, 57):
            raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
            usage = raw.parse().usage
            assert usage is not None
            used += usage.total_tokens
            assert raw.headers["x-ratelimit-limit-requests"] == "60"
            assert raw.headers["x-ratelimit-remaining-requests"] == str(left)
            assert raw.headers["x-ratelimit-limit-tokens"] == "1000"
            assert 0 <= int(raw.headers["x-ratelimit-remaining-tokens"]) - (1000 - used) <= 5
        assert 2 < float(raw.headers["x-ratelimit-reset-requests"].rstrip("s")) <= 3


def test_streams_and_errors_carry_them_too(server: LLMServer, client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO, stream=True)
    assert "x-ratelimit-remaining-tokens" in raw.headers
    list(raw.parse())
    server.fault("500")
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert "x-ratelimit-remaining-tokens" in caught.value.response.headers


def test_beyond_the_limit_is_a_429_of_that_model_only(connect: Callable[..., openai.OpenAI]) -> None:
    with LLMServer(requests_per_minute=2, first_token=0, per_token=0) as server:
        client = connect(server)
        for _ in range(2):
            client.chat.completions.create(model="gpt-4o", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="gpt-4o", messages=HELLO)
        assert caught.value.code == "rate_limit_exceeded"
        assert "Limit 2" in str(caught.value)
        headers = caught.value.response.headers
        assert headers["x-ratelimit-remaining-requests"] == "0"
        assert 25 <= int(headers["retry-after"]) <= 30
        assert client.chat.completions.create(model="gpt-4o-mini", messages=HELLO).choices
        assert len(server.usage()) == 3
        server.limit(requests_per_minute=100)
        assert client.chat.completions.create(model="gpt-4o", messages=HELLO).choices


def test_tokens_run_out_as_well() -> None:
    limits = RateLimits(1000, 100, clock=lambda: 0.0)
    assert limits.take("m", 60)["x-ratelimit-remaining-tokens"] == "40"
    with pytest.raises(ApiError, match="on tokens per min") as caught:
        limits.take("m", 60)
    assert caught.value.status == 429
    assert caught.value.headers["retry-after"] == "12"  # 20 tokens are missing, 100 come back in 60 s


def test_time_fills_the_bucket() -> None:
    now = 0.0
    limits = RateLimits(60, 6000, clock=lambda: now)
    for _ in range(60):
        limits.take("m", 1)
    with pytest.raises(ApiError):
        limits.take("m", 1)
    now = 2.0
    assert limits.take("m", 1)["x-ratelimit-remaining-requests"] == "1"
    now = 1000.0
    assert limits.headers("m")["x-ratelimit-remaining-requests"] == "60"


def test_one_prompt_larger_than_the_limit_is_served_when_the_bucket_is_full() -> None:
    limits = RateLimits(10, 100, clock=lambda: 0.0)
    assert limits.take("m", 500)["x-ratelimit-remaining-tokens"] == "0"


def test_what_others_take_is_used_before_anyone_of_ours_asks() -> None:
    now = 0.0
    limits = RateLimits(100, 1000, clock=lambda: now)
    limits.set(taken=0.97)
    assert limits.take("m", 1)["x-ratelimit-remaining-requests"] == "2"
    limits.take("m", 1)
    limits.take("m", 1)
    with pytest.raises(ApiError, match="Limit 100, Used 100, Requested 1"):
        limits.take("m", 1)
    now = 1000.0
    assert limits.headers("m")["x-ratelimit-remaining-requests"] == "3"
    limits.set(taken=0.0)
    assert limits.headers("m")["x-ratelimit-remaining-requests"] == "100"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.006, "6ms"),
        (0.0171, "18ms"),
        (1, "1s"),
        (8.64, "8.64s"),
        (60, "1m0s"),
        (360, "6m0s"),
        (90.5, "1m30.5s"),
    ],
)
def test_durations_are_spelled_as_in_go(seconds: float, text: str) -> None:
    assert duration(seconds) == text
