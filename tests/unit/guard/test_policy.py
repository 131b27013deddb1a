"""What of spans and log records passes the gate."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from heliograph.guard import PATTERNS, ContentPolicy, Pattern, failures
from heliograph.guard._redact import forget_failures

NEVER, TRUNCATED, FULL = ContentPolicy(), ContentPolicy("truncated", 40), ContentPolicy("full")
KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
CANARY = "CANARY-7d1f"

# Each dialect's spellings; OpenLLMetry's and OpenInference's are numbered.
CONTENT = """
gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions gen_ai.tool.definitions
gen_ai.tool.call.arguments gen_ai.tool.call.result gen_ai.prompt.variable.name gen_ai.retrieval.query.text
gen_ai.retrieval.documents gen_ai.prompt gen_ai.completion gen_ai.prompt.0.content gen_ai.completion.12.content
gen_ai.completion.0.tool_calls.0.arguments gen_ai.request.extra_body gen_ai.headers
llm.input_messages.0.message.content llm.output_messages.3.message.contents.1.message_content.text
llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments llm.prompt_template.template
llm.prompt_template.variables llm.tools.0.tool.json_schema llm.prompts.0.prompt.text llm.choices.0.completion.text
input.value output.value retrieval.documents.0.document.content retrieval.documents.0.document.metadata
reranker.query reranker.input_documents.0.document.content embedding.embeddings.0.embedding.text tool.parameters
traceloop.entity.input traceloop.entity.output traceloop.prompt.template_variables.name mcp.request.argument
mcp.response.value gen_ai.task.input db.query.result.document pinecone.query.queries db.chroma.query.where_document
langsmith.request.headers langfuse.observation.input langfuse.observation.output langfuse.trace.input
ai.prompt ai.prompt.messages ai.response.text ai.response.toolCalls ai.response.object ai.toolCall.args
ai.toolCall.result ai.value ai.request.headers.x-custom pydantic_ai.all_messages final_result tool_response
gcp.vertex.agent.llm_request mlflow.spanInputs gen_ai.agent.human_input gen_ai.memory.search.query
gen_ai.content.revised_prompt lk.user_input lk.instructions db.query.parameter.0
""".split()  # noqa: SIM905

HARMLESS = """
gen_ai.operation.name gen_ai.provider.name gen_ai.system gen_ai.request.model gen_ai.response.model gen_ai.response.id
gen_ai.response.finish_reasons gen_ai.completion.0.finish_reason gen_ai.completion.0.role gen_ai.prompt.name
gen_ai.prompt.version gen_ai.output.type gen_ai.tool.name gen_ai.tool.call.id gen_ai.tool.type gen_ai.conversation.id
gen_ai.agent.name gen_ai.data_source.id gen_ai.input.messages.ref gen_ai.usage.input_token_details
llm.input_messages.0.message.role llm.output_messages.0.message.tool_calls.0.tool_call.function.name input.mime_type
retrieval.documents.0.document.id llm.model_name llm.provider llm.token_count.prompt_details.cache_read
openinference.span.kind traceloop.span.kind traceloop.entity.name traceloop.workflow.name langsmith.span.kind
langsmith.metadata.ls_model_type langfuse.observation.type langfuse.trace.name langfuse.observation.usage_details
ai.model.id ai.operationId ai.response.finishReason ai.toolCall.name ai.telemetry.functionId session.id user.id
http.request.method url.full db.query.text heliograph.metered llm.request.type server.address message.type
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", CONTENT)
def test_content_passes_only_when_asked_for(name: str) -> None:
    assert NEVER.attributes({name: CANARY, "other": 1}) == {"other": 1}
    assert NEVER.attributes({name: (CANARY,)}) == {}
    for policy in (TRUNCATED, FULL):
        assert policy.attributes({name: CANARY}) is None, "unchanged"


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_about_content_passes_always(name: str) -> None:
    for policy in (NEVER, TRUNCATED, FULL):
        assert policy.attributes({name: "chat"}) is None


def test_numbers_are_never_content() -> None:
    assert NEVER.attributes({"gen_ai.prompt.tokens_in_text": 12, "gen_ai.input.size_of_text": 3.5}) is None


def test_a_span_without_content_is_the_same_object() -> None:
    span = make(attributes={"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": ("stop",)})
    assert NEVER.span(span) is span


@pytest.mark.parametrize("system", ["chroma", "Pinecone", "qdrant"])
def test_what_a_vector_store_is_asked_is_content(system: str) -> None:
    assert NEVER.attributes({"db.system": system, "db.query.text": CANARY}) == {"db.system": system}
    assert NEVER.attributes({"db.system": "postgresql", "db.statement": "SELECT 1"}) is None


def test_of_parameters_the_plain_ones_stay() -> None:
    given = json.dumps({"temperature": 0.5, "model": "m", "tools": [{"d": CANARY}], "user": CANARY, "api_key": 5})
    (said,) = (NEVER.attributes({"llm.invocation_parameters": given}) or {}).values()
    assert json.loads(said) == {"temperature": 0.5, "model": "m"}


def make(**given: Any) -> ReadableSpan:
    context = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1))
    return ReadableSpan(**{"name": "chat m", "context": context, "resource": Resource.create({}), **given})


def words(span: ReadableSpan) -> str:
    return json.dumps(
        [
            span.name,
            span.status.description,
            dict(span.attributes or {}),
            [(event.name, dict(event.attributes or {})) for event in span.events],
            [dict(link.attributes or {}) for link in span.links],
        ],
        ensure_ascii=False,
    )


MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"{CANARY} {'x' * 90}"}]}])


def full_span() -> ReadableSpan:
    context = SpanContext(3, 4, is_remote=False)
    return make(
        name=f"GET https://u:{KEY}@h/",
        attributes={"gen_ai.input.messages": MESSAGES, "note": f"key {KEY}", "n": 1},
        events=[
            Event("gen_ai.user.message", {"content": f"{CANARY} {KEY}", "role": "user"}, 5),
            Event("gen_ai.content.prompt", {"gen_ai.prompt": CANARY}, 6),
            Event("exception", {"exception.type": "ValueError", "exception.message": f"no {KEY}"}, 7),
            Event("mine", {"content": "stays"}, 8),
        ],
        links=[Link(context, {"why": f"key {KEY}"})],
        status=Status(StatusCode.ERROR, f"ValueError: no {KEY}"),
    )


@pytest.mark.parametrize("policy", [NEVER, TRUNCATED, FULL], ids=lambda policy: policy.mode)
def test_a_key_is_nowhere_in_any_mode(policy: ContentPolicy) -> None:
    span = full_span()
    before = words(span)
    after = policy.span(span, {"llm.cost_usd": 0.5})
    assert KEY not in words(after)
    assert words(span) == before, "the original is not touched: other processors see it too"
    assert (CANARY in words(after)) is (policy.mode != "never")
    assert (after.attributes or {})["llm.cost_usd"] == 0.5
    assert [event.name for event in after.events] == [
        "gen_ai.user.message",
        "gen_ai.content.prompt",
        "exception",
        "mine",
    ]
    assert dict(after.events[0].attributes or {})["role"] == "user"
    assert dict(after.events[3].attributes or {}) == {"content": "stays"}
    assert after.links[0].context.span_id == 4


def test_truncated_texts_say_so_and_stay_json() -> None:
    (said,) = (TRUNCATED.attributes({"gen_ai.input.messages": MESSAGES}) or {}).values()
    text = json.loads(said)[0]["parts"][0]["content"]
    assert len(text) == 40
    assert text.endswith("… [102 characters]")
    assert len(str((TRUNCATED.attributes({"gen_ai.prompt": "y" * 99}) or {})["gen_ai.prompt"])) == 40


@pytest.mark.parametrize("mode", ["truncated", "full"])
def test_an_attribute_is_bounded_and_keeps_the_newest(mode: Any) -> None:
    messages = json.dumps([{"role": "user", "content": f"{i} " + "z" * 300} for i in range(3000)])
    said = (ContentPolicy(mode).attributes({"gen_ai.input.messages": messages}) or {})["gen_ai.input.messages"]
    assert len(said) <= {"truncated": 32_768, "full": 262_144}[mode]
    assert json.loads(said)[-1]["content"].startswith("2999 ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("see data:image/png;base64," + "QUJD" * 16071 + " here", "see [image/png, 48 213 bytes] here"),
        (json.dumps({"type": "blob", "mime_type": "audio/wav", "content": "QUJD" * 1000}), "[audio/wav, 3 000 bytes]"),
        (json.dumps([{"b64_json": "QUJD" * 1000}]), "[base64, 3 000 bytes]"),
        (json.dumps([[0.5] * 1536]), "[1 536 numbers]"),
    ],
)
def test_media_are_named_not_shown(value: str, expected: str) -> None:
    (said,) = (FULL.attributes({"gen_ai.input.messages": value}) or {}).values()
    assert expected in said
    assert len(said) < 200


def test_a_large_image_does_not_cost_the_text_beside_it() -> None:
    parts = [{"image_url": {"url": "data:image/png;base64," + "QUJD" * 300_000}}, {"text": CANARY}]
    (said,) = (FULL.attributes({"gen_ai.input.messages": json.dumps([{"content": parts}])}) or {}).values()
    assert json.loads(said) == [{"content": [{"image_url": {"url": "[image/png, 900 000 bytes]"}}, {"text": CANARY}]}]


def test_secrets_by_the_name_of_their_key_within_json_also_nested() -> None:
    inner = json.dumps({"password": "swordfish", "city": "Paris"})
    given = json.dumps([{"headers": {"Authorization": "x"}, "arguments": inner, "max_tokens": 5}])
    (said,) = (FULL.attributes({"gen_ai.output.messages": given}) or {}).values()
    (made,) = json.loads(said)
    assert made["headers"] == {"Authorization": "[SECRET REDACTED]"}
    assert json.loads(made["arguments"]) == {"password": "[SECRET REDACTED]", "city": "Paris"}
    assert made["max_tokens"] == 5


def test_a_card_that_json_holds_as_a_number() -> None:
    (said,) = (
        FULL.attributes({"gen_ai.tool.call.arguments": '{"card":4111111111111111,"n":1700000000}'}) or {}
    ).values()
    assert json.loads(said) == {"card": "[CARD REDACTED]", "n": 1_700_000_000}


def test_an_exception_that_quotes_the_model_keeps_its_type_only() -> None:
    message = f"Could not parse LLM output: `{CANARY}`"
    exception = {
        "exception.type": "langchain_core.exceptions.OutputParserException",
        "exception.message": message,
        "exception.stacktrace": f"Traceback ...\n  File x\nOutputParserException: {message}\n",
    }
    span = make(
        events=[Event("exception", exception)],
        status=Status(StatusCode.ERROR, f"OutputParserException: {message}"),
    )
    said = NEVER.span(span)
    assert CANARY not in words(said)
    assert "File x" in words(said)
    assert CANARY in words(FULL.span(span))


def record(body: Any, event: str | None = None, /, **attributes: Any) -> ReadableLogRecord:
    said = {name.replace("__", "."): value for name, value in attributes.items()}
    return ReadableLogRecord(LogRecord(body=body, attributes=said, event_name=event), Resource.create({}))


def test_an_ordinary_log_is_the_same_object() -> None:
    given = record("mail to jane@example.com about order 078-05-1120", user="u-1", content="hello")
    assert NEVER.log(given) is given


def test_an_ordinary_log_loses_its_credentials_only() -> None:
    given = record(f"retry with {KEY}", password="swordfish", note={"api_key": "abcdefg", "n": (1, KEY)})
    said = NEVER.log(given).log_record
    assert said.body == "retry with [API KEY REDACTED]"
    assert said.attributes == {
        "password": "[SECRET REDACTED]",
        "note": {"api_key": "[SECRET REDACTED]", "n": (1, "[API KEY REDACTED]")},
    }
    assert given.log_record.body == f"retry with {KEY}"


@pytest.mark.parametrize(
    ("event_name", "body", "attributes"),
    [
        ("gen_ai.user.message", {"content": CANARY, "role": "user"}, {}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": CANARY}}, {}),
        ("gen_ai.client.inference.operation.details", None, {"gen_ai__input__messages": [{"parts": [CANARY]}]}),
        (None, CANARY, {"event__name": "gen_ai.assistant.message"}),
        (None, {"content": CANARY}, {"event_name": "gen_ai.system.message"}),
        ("gen_ai.tool.message", {"content": CANARY, "id": "call_1"}, {"body": CANARY}),
    ],
)
def test_content_events_of_instrumentors(event_name: str | None, body: Any, attributes: dict[str, Any]) -> None:
    given = record(body, event_name, **attributes)
    for policy, seen in ((NEVER, False), (FULL, True), (ContentPolicy("full", places=frozenset({"spans"})), False)):
        said = policy.log(given).log_record
        assert (CANARY in repr((said.body, said.attributes))) is seen
    if isinstance(body, dict) and "finish_reason" in body:
        assert NEVER.log(given).log_record.body == {"index": 0, "finish_reason": "stop"}


def test_a_users_pattern_and_function() -> None:
    badge = Pattern("badge", r"E-\d{6}", "[BADGE REDACTED]")
    policy = ContentPolicy("full", redact=lambda text: text.replace("Jane", "[NAME]"), patterns=(*PATTERNS, badge))
    said = policy.attributes({"gen_ai.prompt": "Jane has E-123456", "note": "Jane has E-123456"})
    assert said == {"gen_ai.prompt": "[NAME] has [BADGE REDACTED]", "note": "Jane has E-123456"}


@pytest.mark.parametrize("broken", [lambda _: 1 / 0, lambda _: None], ids=["raises", "returns no text"])
def test_a_function_that_fails_leaks_nothing_and_is_counted(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    forget_failures()
    policy = ContentPolicy("full", redact=broken)
    given = {"gen_ai.prompt": CANARY, "gen_ai.input.messages": MESSAGES, "n": 1}
    said = policy.attributes(given)
    assert said is not None, "unchanged"
    assert CANARY not in repr(said)
    assert failures() == 4  # the prompt; the message's role, its part's type and its text
    assert CANARY not in caplog.text
    assert len(caplog.records) == 1
    forget_failures()


def test_clean_is_for_one_attribute() -> None:
    assert NEVER.clean("gen_ai.input.messages", MESSAGES) is None
    assert FULL.clean("gen_ai.input.messages", MESSAGES) == MESSAGES
    assert FULL.clean("note", f"a {KEY}") == "a [API KEY REDACTED]"


def test_it_is_frozen_picklable_and_shared_by_threads() -> None:
    with pytest.raises(AttributeError):
        NEVER.mode = "full"  # type: ignore[misc]
    copied = pickle.loads(pickle.dumps(TRUNCATED))  # noqa: S301 - our own
    assert copied == TRUNCATED
    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(lambda i: words(copied.span(full_span(), {"i": i % 2})), range(400)))
    assert len(said) == 2


@pytest.mark.parametrize("bad", [{"mode": "all"}, {"longest": 0}])
def test_a_policy_that_means_nothing_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        ContentPolicy(**bad)


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def test_what_cannot_be_read_does_no_harm() -> None:
    for policy in (NEVER, FULL):
        assert policy.log(record({"a": Unreadable()}, x=Unreadable())) is not None
        assert policy.clean("gen_ai.prompt", b"\xff\xfe") in {None, "[2 bytes]"}
        assert policy.attributes({"gen_ai.prompt": "\ud800", "x": "\ud800"}) is not None or policy is FULL


@pytest.mark.parametrize("filler", ["x", "plain words ", "\U0001f4a5"])
def test_a_long_text_that_is_no_content_is_cut_and_says_so(filler: str) -> None:
    long = (filler * 1_000_000)[:1_000_000]
    cleaned = NEVER.attributes({"app.dump": long, "app.dumps": (long, "short"), "app.route": "/answer"}) or {}
    assert cleaned["app.route"] == "/answer"
    for text in (cleaned["app.dump"], cleaned["app.dumps"][0]):
        assert text.endswith("… [1 000 000 characters]")
        assert len(text) < 33_000
    assert cleaned["app.dumps"][1] == "short"


@pytest.mark.parametrize("offset", range(-40, 40, 8))
def test_a_key_on_the_cut_is_not_shown_in_half(offset: int) -> None:
    for cut in (32_768, 32_768 - 512):
        text = " " * (cut + offset) + KEY + " " * 100_000
        cleaned = NEVER.attributes({"app.dump": text}) or {}
        assert KEY[:16] not in cleaned["app.dump"]


def test_a_log_records_text_is_cut_and_says_so() -> None:
    record = ReadableLogRecord(LogRecord(body="x" * 1_000_000, attributes={}), Resource.get_empty())
    body = NEVER.log(record).log_record.body
    assert isinstance(body, str)
    assert body.endswith("… [1 000 000 characters]")
    assert 100_000 < len(body) < 132_000
