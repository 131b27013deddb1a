"""What users write in their own tests: captures and fixtures, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import heliograph, openai

heliograph.configure("my-app")

def answer(question, model="gpt-4o-mini"):
    with heliograph.query("answer", user_id="u-1", tenant="acme") as q:
        client = openai.OpenAI(max_retries=0)
        said = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    return said.choices[0].message.content, q
"""


def run(folder: Path, tests: str, *, application: str = APPLICATION) -> str:
    """Run a user's tests in a process of their own, where nothing else has set up telemetry; return the report."""
    (folder / "application.py").write_text(application, encoding="utf-8")
    (folder / "test_it.py").write_text(textwrap.dedent(tests), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_test_sees_calls_cost_tokens_spans_and_metrics(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        from concurrent.futures import ThreadPoolExecutor
        import heliograph, openai, pytest
        from application import answer

        def test_cost(captured, llm_server):
            text, q = answer("What is a span?")
            billed = llm_server.usage()[-1]["usage"]
            (call,) = captured.calls
            assert (call.model, call.provider, call.status) == ("gpt-4o-mini-2024-07-18", "openai", "success")
            assert (call.tokens.input, call.tokens.output) == (billed["prompt_tokens"], billed["completion_tokens"])
            assert captured.tokens == call.tokens
            # gpt-4o-mini: 0.15 USD per million input tokens, 0.60 per million output tokens
            expected = billed["prompt_tokens"] * 0.15e-6 + billed["completion_tokens"] * 0.60e-6
            assert captured.cost_usd == pytest.approx(expected, abs=1e-12)
            assert captured.cost_usd == q.cost_usd == captured.queries[0].cost_usd
            assert (call.user_id, call.tenant) == ("u-1", "acme")
            assert captured.queries[0].calls == 1
            assert captured.metric("llm_requests_total", status="success") == 1
            assert captured.metric("llm_tokens", type="input") == billed["prompt_tokens"]
            assert captured.metric_count("llm_latency_seconds") == 1
            query = captured.span("query answer")
            inner = captured.span("chat gpt-4o-mini")
            assert inner.parent_id == query.span_id and inner.trace_id == query.trace_id == call.trace_id
            assert not [name for name in inner.attributes if "messages" in name]
            assert "1 calls" in repr(captured)

        def test_the_next_test_starts_at_nothing(captured):
            assert captured.calls == [] and captured.cost_usd == 0 and captured.spans == []
            assert captured.metric("llm_requests") == 0

        def test_failures(captured, llm_server):
            llm_server.fault("500")
            with pytest.raises(openai.InternalServerError):
                answer("x")
            assert [call.status for call in captured.calls] == ["error"]
            assert captured.queries[0].error_type == "InternalServerError"
            assert captured.span("query answer").failed

        def test_unknown_models_are_unpriced(captured, llm_server):
            answer("x", model="my-own-model")
            assert [call.model for call in captured.unpriced] == ["my-own-model"]
            assert captured.calls[0].cost_usd is None

        def test_a_wrong_span_name_lists_the_right_ones(captured, llm_server):
            answer("x")
            with pytest.raises(AssertionError, match="'chat gpt-4o-mini'"):
                captured.span("chat gpt-5")

        def test_captures_nest(captured, llm_server):
            answer("x")
            with heliograph.testing.capture() as inner:
                answer("y")
            assert (len(inner.calls), len(captured.calls)) == (1, 2)
            answer("z")
            assert (len(inner.calls), len(captured.calls)) == (1, 3)
            captured.clear()
            assert captured.calls == []

        def test_calls_on_other_threads_belong_to_the_capture_too(captured, llm_server):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(answer, ["q"] * 24))
            assert len(captured.calls) == 24 == captured.metric("llm_requests_total")
        """,
    )
    assert "7 passed" in report, report


def test_logs_clocks_and_an_application_without_configure(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        import heliograph

        def test_it(captured, llm_server):
            import application
            application.answer("x")
            assert len(captured.calls) == 1

        def test_logs(captured):
            import logging
            logging.getLogger("mine").warning("something %s", "odd")
            assert [(log.name, log.severity, log.body) for log in captured.logs] == [("", "WARN", "something odd")]

        def test_a_slow_query(captured, fake_clock):
            with heliograph.query("slow"):
                with heliograph.chain("think"):
                    fake_clock.advance(31.0)
            assert captured.queries[0].latency == 31.0
            assert captured.span("chain think").seconds == 31.0
            assert captured.metric("query_latency_seconds") == 31.0

        def test_a_slow_stream(captured, fake_clock):
            import openai
            def answer(question):
                fake_clock.advance(2.0)
                return "Slowly."
            with heliograph.testing.LLMServer(answer=answer) as server:
                client = openai.OpenAI(base_url=server.base_url, api_key="any")
                said = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "stream": True}
                list(client.chat.completions.create(**said))
                next(iter(client.chat.completions.create(**said)))
            assert [call.latency for call in captured.calls] == [2.0, 2.0]
            assert captured.calls[0].time_to_first_token == 2.0
            assert [call.status for call in captured.calls] == ["success", "cancelled"]

        def test_time_goes_on_afterwards(captured):
            with heliograph.query("quick"):
                pass
            assert 0 < captured.queries[0].latency < 1
        """,
        application=APPLICATION.replace('heliograph.configure("my-app")', ""),
    )
    assert "5 passed" in report, report
