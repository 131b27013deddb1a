"""Every answer is billed, once, with the usage that the client was told; refusals are not."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.errors import HeliographError
from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = "gpt-4o-mini"


def ask(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def wait_for_bills(server: LLMServer, number: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 5
    while len(server.usage()) < number and time.monotonic() < deadline:
        time.sleep(0.005)
    return server.usage()


def test_the_log_has_the_bill_before_the_client_has_the_answer(
    connect: Callable[..., openai.OpenAI], tmp_path: Path, passages: str
) -> None:
    log = tmp_path / "logs" / "usage.jsonl"
    with LLMServer(usage_log=log, first_token=0, per_token=0) as server:
        client = connect(server)
        answers: list[Any] = [
            client.chat.completions.create(model=MODEL, messages=ask(passages)),
            client.chat.completions.create(model="gpt-5-mini", messages=ask(passages)),
        ]
        answers += list(
            client.chat.completions.create(
                model=MODEL, messages=ask(passages), stream=True, stream_options={"include_usage": True}
            )
        )[-1:]
        records = [json.loads(line) for line in log.read_text().splitlines()]
        assert records == server.usage()
        vector = client.embeddings.create(model="text-embedding-3-small", input=["one two", "three"])
    for answer, record in zip(answers, records, strict=True):
        usage = answer.usage
        assert record["id"] == answer.id
        assert record["model"] == answer.model
        assert record["complete"] is True
        assert record["usage"] == {
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.prompt_tokens_details.cached_tokens,
            "completion_tokens": usage.completion_tokens,
            "reasoning_tokens": usage.completion_tokens_details.reasoning_tokens,
            "total_tokens": usage.total_tokens,
        }
    assert [record["stream"] for record in records] == [False, False, True]
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["endpoint"], last["usage"]["prompt_tokens"]) == ("embeddings", vector.usage.prompt_tokens)


def test_a_log_is_continued_not_overwritten(connect: Callable[..., openai.OpenAI], tmp_path: Path) -> None:
    log = tmp_path / "usage.jsonl"
    for _ in range(2):
        with LLMServer(usage_log=log, first_token=0, per_token=0) as server:
            connect(server).chat.completions.create(model=MODEL, messages=ask("Hello?"))
    ids = [json.loads(line)["id"] for line in log.read_text().splitlines()]
    assert len(set(ids)) == 2


def test_a_log_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(HeliographError, match="cannot be written"):
        LLMServer(usage_log=tmp_path).start()


@pytest.mark.parametrize("kind", ["401", "429", "500", "garbage"])
def test_refusals_are_not_billed(server: LLMServer, client: openai.OpenAI, kind: str) -> None:
    server.fault(kind)
    with pytest.raises((openai.OpenAIError, ValueError)):
        client.chat.completions.create(model=MODEL, messages=ask("Hello?"))
    assert server.usage() == []


def test_a_stream_that_is_cut_is_billed_for_what_came(server: LLMServer, client: openai.OpenAI, passages: str) -> None:
    whole = len(list(client.chat.completions.create(model=MODEL, messages=ask(passages), stream=True))) - 2
    server.fault("cut")
    received: list[str] = []
    stream = client.chat.completions.create(model=MODEL, messages=ask(passages), stream=True)
    with pytest.raises(Exception, match=r"(?i)connection|incomplete|peer"):
        received.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    got = [piece for piece in received if piece]
    record = wait_for_bills(server, 2)[-1]
    assert 0 < len(got) < whole
    assert record["complete"] is False
    assert record["usage"]["completion_tokens"] == len(got)


def test_a_client_that_leaves_is_billed_until_then(connect: Callable[..., openai.OpenAI], passages: str) -> None:
    with LLMServer(first_token=0, per_token=0.25) as server:
        with connect(server).chat.completions.create(model=MODEL, messages=ask(passages), stream=True) as stream:
            for chunk in stream:
                if chunk.choices[0].delta.content:
                    break
        record = wait_for_bills(server, 1)[0]
    assert record["complete"] is False
    # The one that was read, and the one that was being made when the client left.
    assert record["usage"]["completion_tokens"] == 2


def bill_slowly(server: LLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = server._service.ledger
    at_once = ledger.bill

    def slowly(**record: Any) -> None:
        time.sleep(0.2)
        at_once(**record)

    monkeypatch.setattr(ledger, "bill", slowly)


def test_a_stream_ends_only_when_its_bill_is_written(
    server: LLMServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill_slowly(server, monkeypatch)
    list(client.chat.completions.create(model=MODEL, messages=ask("Hello?"), stream=True))
    assert len(server.usage()) == 1


def test_stopping_the_server_bills_what_was_under_way(
    connect: Callable[..., openai.OpenAI], tmp_path: Path, passages: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "usage.jsonl"
    with LLMServer(usage_log=log, first_token=0, per_token=0.05) as server:
        bill_slowly(server, monkeypatch)
        stream = connect(server).chat.completions.create(model=MODEL, messages=ask(passages), stream=True)
        next(iter(stream))
        started = time.perf_counter()
    assert time.perf_counter() - started < 1
    assert json.loads(log.read_text())["complete"] is False


def test_a_client_that_gives_up_before_the_first_token_pays_nothing(server: LLMServer, client: openai.OpenAI) -> None:
    server.fault("slow", delay=0.3)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).chat.completions.create(model=MODEL, messages=ask("Hello?"))
    time.sleep(0.4)
    assert server.usage() == []


def test_sums_by_model(server: LLMServer, client: openai.OpenAI) -> None:
    for model in ("gpt-4o", "gpt-4o", MODEL):
        client.chat.completions.create(model=model, messages=ask("Hello?"))
    totals = server.totals()
    assert totals["gpt-4o-2024-08-06"]["requests"] == 2
    assert totals["gpt-4o-2024-08-06"]["prompt_tokens"] == 2 * totals["gpt-4o-mini-2024-07-18"]["prompt_tokens"]


def test_a_repeated_beginning_is_cached_in_steps_of_128_per_model(server: LLMServer, client: openai.OpenAI) -> None:
    def cached(model: str, question: str) -> int:
        long = [{"role": "system", "content": "word " * 1300}, *ask(question)]
        usage = client.chat.completions.create(model=model, messages=long).usage
        assert usage is not None
        assert usage.prompt_tokens_details is not None
        return usage.prompt_tokens_details.cached_tokens or 0

    assert cached(MODEL, "One?") == 0
    assert cached(MODEL, "Two?") == 1280
    assert cached("gpt-4o", "Two?") == 0
    assert server.usage()[1]["usage"]["cached_tokens"] == 1280


def test_short_prompts_are_never_cached(client: openai.OpenAI, passages: str) -> None:
    for _ in range(2):
        usage = client.chat.completions.create(model=MODEL, messages=ask(passages)).usage
        assert usage is not None
        assert usage.prompt_tokens_details is not None
        assert usage.prompt_tokens_details.cached_tokens == 0
