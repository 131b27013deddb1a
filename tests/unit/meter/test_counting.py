"""One count per provider call, whoever reports it, in whatever order and however late."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

Bench = Any  # tests/unit/meter/conftest.py
Spans = list[dict[str, Any]]


def s(name: str, **said: Any) -> dict[str, Any]:
    """Describe a span; see `span` in conftest.py."""
    return {"name": name, **said}


@dataclass(frozen=True)
class Case:
    """`sent`: at which second which spans arrive. A call waits 10 s for others."""

    sent: dict[float, Spans]
    counted: dict[str, int]
    """application -> calls."""
    tokens: dict[str, tuple[int, int]] = field(default_factory=dict)
    """application -> input and output tokens, where they are the point."""
    repeated: dict[str, int] = field(default_factory=dict)
    home: int = 0
    late: int = 0
    twice: int = 0


# The provider's own client, a framework around it, an agent around both.
PROVIDER = s("provider", parent="framework", at=(0.2, 0.9))
FRAMEWORK = s("framework", parent="agent", lib="langchain", at=(0.1, 1.0))
AGENT = s("agent", lib="langchain", op="invoke_agent", usage=(9000, 900), at=(0.0, 5.0))
TOOL = s("tool", lib="langchain", parent="agent", op="execute_tool", usage=None, at=(2.0, 3.0))
LONG = "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012"
# An application and the gateway it calls. The HTTP spans between them are no GenAI spans and never get here.
APP = s("app", app="shop", at=(0.0, 2.0))
NESTED = s("gateway", app="gateway", lib="litellm", parent="app", at=(0.3, 1.8))
APART = s("gateway", app="gateway", lib="litellm", parent="http", at=(0.3, 1.8))

LAYERS = {
    "a single call": Case({0: [s("one")]}, {"shop": 1}, {"shop": (1000, 200)}),
    "a framework around the provider's client": Case(
        {0: [PROVIDER, FRAMEWORK]}, {"shop": 1}, {"shop": (1000, 200)}, {"encloses": 1}
    ),
    "the framework's span comes first, the inner one 9 s later": Case(
        {0: [FRAMEWORK], 9: [PROVIDER]}, {"shop": 1}, {"shop": (1000, 200)}, {"encloses": 1}
    ),
    "the framework's span comes after the inner one was counted": Case(
        {0: [PROVIDER], 30: [FRAMEWORK]}, {"shop": 1}, {"shop": (1000, 200)}, {"encloses": 1}
    ),
    "the inner span comes after the framework's was counted": Case(
        {0: [FRAMEWORK], 30: [PROVIDER]}, {"shop": 1}, {"shop": (1000, 200)}, {"enclosed": 1}
    ),
    "a framework's span with nothing inside counts itself": Case({0: [FRAMEWORK]}, {"shop": 1}),
    "two attempts within a framework's call are two": Case(
        {
            0: [
                s("first", parent="framework", at=(0.2, 0.4), usage=None, error="RateLimitError"),
                s("second", parent="framework", at=(0.5, 0.9)),
                FRAMEWORK,
            ]
        },
        {"shop": 2},
        {"shop": (1000, 200)},
        {"encloses": 1},
    ),
    "agents and tools are no calls": Case({0: [PROVIDER, FRAMEWORK, TOOL, AGENT]}, {"shop": 1}, {"shop": (1000, 200)}),
    "the link to the framework is a span that comes last": Case(
        {0: [s("provider", parent="step"), FRAMEWORK], 5: [s("step", parent="framework", op="task", usage=None)]},
        {"shop": 1},
        repeated={"encloses": 1},
    ),
    "only the framework knows the usage of a stream": Case(
        {0: [{**PROVIDER, "usage": None}, FRAMEWORK]}, {"shop": 1}, {"shop": (1000, 200)}, {"enclosed": 1}
    ),
    "a failed attempt within a framework's call that knows the usage: both, tokens are never lost": Case(
        {0: [{**PROVIDER, "usage": None, "error": "APIError"}, FRAMEWORK]}, {"shop": 2}, {"shop": (1000, 200)}
    ),
    "an embedding within a chat is a call of its own": Case(
        {0: [{**PROVIDER, "op": "embeddings", "usage": (30, 0)}, FRAMEWORK]}, {"shop": 2}, {"shop": (1030, 200)}
    ),
    "the usage comes late, after the call was counted without": Case(
        {0: [{**FRAMEWORK, "usage": None}], 30: [PROVIDER]}, {"shop": 2}, {"shop": (1000, 200)}, late=1
    ),
    "an endpoint that gives one long id to every answer": Case(
        {0: [s(f"call{i}", trace=f"t{i}", answer=LONG, usage=(i, 1)) for i in range(1, 4)]},
        {"shop": 3},
        {"shop": (6, 3)},
    ),
    "and to those of another service": Case(
        {
            0: [
                s("a", trace="one", answer=LONG, usage=(1, 1)),
                s("b", trace="two", answer=LONG, usage=(2, 1)),
                s("c", trace="three", app="search", answer=LONG, usage=(3, 1)),
            ]
        },
        {"shop": 2, "search": 1},
    ),
    "one answer whose cached tokens one layer counts apart": Case(
        {0: [s("a", trace="one", answer=LONG), s("b", trace="two", lib="litellm", answer=LONG, usage=(400, 200))]},
        {"shop": 1},
        repeated={"same_answer": 1},
    ),
    "a short id, in two layers, a minute apart": Case(
        {
            0: [
                s("a", trace="one", answer="chatcmpl-7"),
                s("b", trace="two", lib="litellm", answer="chatcmpl-7", at=(62.0, 63.0)),
            ]
        },
        {"shop": 2},
    ),
    "a client that gets one id twice has asked twice": Case(
        {0: [s("a", trace="one", answer=LONG), s("b", trace="two", answer=LONG, at=(5.0, 6.0))]}, {"shop": 2}
    ),
    "a framework that answers from its own cache has not": Case(
        {
            0: [
                s("a", trace="one", lib="langchain", answer=LONG),
                s("b", trace="two", lib="langchain", answer=LONG, at=(5.0, 6.0)),
            ]
        },
        {"shop": 1},
        repeated={"same_answer": 1},
    ),
    "two libraries report side by side": Case(
        {0: [s("lc", lib="langchain", parent="root", at=(0.0, 1.0)), s("oa", parent="root", at=(0.1, 0.9))]},
        {"shop": 1},
        {"shop": (1000, 200)},
        {"other_library": 1},
    ),
    "two libraries call at the same time, with different usage": Case(
        {0: [s("lc", lib="langchain", at=(0.0, 1.0)), s("oa", at=(0.1, 0.9), usage=(1001, 200))]},
        {"shop": 2},
        {"shop": (2001, 400)},
    ),
    "parallel calls of one library are not compared": Case(
        {0: [s(f"call{i}", parent="agent", at=(0.0, 1.0)) for i in range(5)]}, {"shop": 5}, {"shop": (5000, 1000)}
    ),
    "an embedding and a chat of the same size": Case(
        {0: [s("chat", lib="langchain", at=(0.0, 1.0)), s("embed", op="embeddings", at=(0.1, 0.9))]}, {"shop": 2}
    ),
    "one answer in two traces": Case(
        {
            0: [s("openai", trace="one", answer=LONG)],
            4: [s("langsmith", trace="two", lib="langsmith", answer=LONG, langsmith__span__kind="llm")],
        },
        {"shop": 1},
        {"shop": (1000, 200)},
        {"same_answer": 1},
    ),
    "a server that numbers its answers from 0 to 999": Case(
        {0: [s("a", trace="one", answer="chatcmpl-7"), s("b", trace="two", answer="chatcmpl-7", usage=(5, 5))]},
        {"shop": 2},
        {"shop": (1005, 205)},
    ),
    "the same short id a minute later": Case(
        {
            0: [
                s("a", trace="one", answer="chatcmpl-7", at=(0.0, 1.0)),
                s("b", trace="two", answer="chatcmpl-7", at=(62.0, 63.0)),
            ]
        },
        {"shop": 2},
    ),
}

GATEWAYS = {
    "a gateway within the application's trace": Case(
        {0: [NESTED, APP]}, {"shop": 1}, {"shop": (1000, 200)}, {"other_service": 1}
    ),
    "the application's span comes 9 s after the gateway's": Case(
        {0: [NESTED], 9: [APP]}, {"shop": 1}, {"shop": (1000, 200)}, {"other_service": 1}
    ),
    "the application's span comes after the gateway's was counted": Case(
        {0: [NESTED], 30: [APP]}, {"gateway": 1}, {"gateway": (1000, 200)}, {"other_service": 1}
    ),
    "the gateway's span comes after the application's was counted": Case(
        {0: [APP], 30: [NESTED]}, {"shop": 1}, {"shop": (1000, 200)}, {"other_service": 1}
    ),
    "the application's span, with the usage, comes after the gateway's was counted without": Case(
        {0: [{**NESTED, "usage": None}], 30: [APP]}, {"gateway": 1, "shop": 1}, {"gateway": (0, 0), "shop": (1000, 200)}
    ),
    "HTTP spans stand between the two": Case(
        {0: [APART, APP]}, {"shop": 1}, {"shop": (1000, 200)}, {"other_service": 1}
    ),
    "HTTP spans between, another trace, one response id": Case(
        {0: [{**APART, "trace": "other", "answer": LONG}, {**APP, "answer": LONG}]},
        {"shop": 1},
        repeated={"same_answer": 1},
    ),
    "only the gateway knows the usage": Case(
        {0: [APART, {**APP, "usage": None}]}, {"shop": 1}, {"shop": (1000, 200)}, {"other_service": 1}
    ),
    "the gateway writes a response id of its own": Case(
        {0: [{**APART, "answer": "gw-" + LONG}, {**APP, "answer": LONG}]}, {"shop": 1}, repeated={"other_service": 1}
    ),
    "the gateway's clock is half a second ahead": Case({0: [{**APART, "at": (0.8, 2.3)}, APP]}, {"shop": 1}),
    "the gateway calls the model by the vendor's full name": Case(
        {0: [{**APART, "model": "openai/gpt-4o-2024-08-06"}, {**APP, "usage": None}]}, {"shop": 1}
    ),
    "a failure is seen by both": Case(
        {0: [{**APART, "usage": None, "error": "APIError"}, {**APP, "usage": None, "error": "InternalServerError"}]},
        {"shop": 1},
    ),
    "the gateway tries twice: its failed attempt is its own": Case(
        {
            0: [
                {**NESTED, "name": "try1", "at": (0.3, 0.9), "usage": None, "error": "APIError"},
                {**NESTED, "name": "try2", "at": (1.0, 1.8)},
                APP,
            ]
        },
        {"shop": 1, "gateway": 1},
        {"shop": (1000, 200)},
    ),
    "three identical calls at once, and nothing but their times to tell them apart": Case(
        {
            0: [
                s(f"{who}{i}", app=app, lib=who, at=(i / 100 + edge, 2 + i / 100 - edge))
                for i in range(3)
                for who, app, edge in (("app", "shop", 0.0), ("gw", "gateway", 0.1))
            ]
        },
        {"shop": 3},
        {"shop": (3000, 600)},
        {"other_service": 3},
    ),
    "a gateway behind a gateway": Case(
        {0: [APP, NESTED, s("edge", app="edge", lib="envoy", parent="gateway", at=(0.5, 1.5))]},
        {"shop": 1},
        repeated={"other_service": 2},
    ),
    "two layers on both sides": Case(
        {
            0: [
                s("app", parent="chain", at=(0.1, 2.0)),
                s("chain", lib="langchain", at=(0.0, 2.1)),
                s("proxy", app="gateway", lib="litellm", parent="http", at=(0.3, 1.8)),
                s("client", app="gateway", parent="proxy", at=(0.4, 1.7)),
            ]
        },
        {"shop": 1},
        {"shop": (1000, 200)},
        {"encloses": 2, "other_service": 1},
    ),
    "an agent behind a chat endpoint makes calls of its own": Case(
        {
            0: [
                {**APP, "model": "our-agent", "answer": LONG},
                {**NESTED, "answer": "x" * 30, "usage": (50, 5)},
                {**NESTED, "name": "again", "answer": "y" * 30, "usage": (70, 7), "at": (1.0, 1.7)},
            ]
        },
        {"shop": 1, "gateway": 2},
        {"gateway": (120, 12)},
    ),
    "that agent passes the model's name on": Case(
        {0: [{**APP, "answer": LONG}, {**NESTED, "answer": "x" * 30, "usage": (50, 5)}]},
        {"shop": 1, "gateway": 1},
        {"shop": (1000, 200), "gateway": (50, 5)},
    ),
    "the gateway counts cached tokens apart": Case(
        {0: [{**APP, "answer": LONG}, {**NESTED, "usage": (400, 200)}]}, {"shop": 1}, {"shop": (1000, 200)}
    ),
    "two applications in one trace that call at different times": Case(
        {0: [s("a", app="one", at=(0.0, 1.0)), s("b", app="two", at=(5.0, 6.0))]}, {"one": 1, "two": 1}
    ),
}

HOME = {
    "a call that the application counted": Case({0: [s("one", home=True)]}, {}, home=1),
    "its framework's span, from a library that is not marked": Case(
        {0: [{**PROVIDER, "home": True}, FRAMEWORK]}, {}, repeated={"encloses": 1}, home=1
    ),
    "a span within it that is not marked": Case(
        {0: [PROVIDER, {**FRAMEWORK, "home": True}]}, {}, repeated={"metered_at_home": 1}, home=1
    ),
    "and the gateway's, with the response id": Case(
        {0: [{**APART, "trace": "other", "answer": LONG}], 5: [{**APP, "answer": LONG, "home": True}]},
        {},
        repeated={"metered_at_home": 1},
        home=1,
    ),
    "and the gateway's, without": Case(
        {0: [APART], 5: [{**APP, "home": True}]}, {}, repeated={"metered_at_home": 1}, home=1
    ),
    "and the gateway's, much later": Case(
        {0: [{**APP, "home": True}], 60: [NESTED]}, {}, repeated={"metered_at_home": 1}, home=1
    ),
    "and the gateway's carries the mark of the trace, whatever else is missing": Case(
        {0: [{**APART, "state": "vendor=1,heliograph=0a1b2c3d"}]}, {}, repeated={"metered_at_home": 1}
    ),
    "a mark of somebody else's": Case({0: [{**APART, "state": "vendor=1,heliographs=0a1b2c3d"}]}, {"gateway": 1}),
    "an agent that is marked counts nothing for the services it calls": Case(
        {0: [{**AGENT, "home": True}, s("elsewhere", app="search", parent="agent")]}, {"search": 1}
    ),
    "the application's span comes after the gateway's was counted: counted twice, and said so": Case(
        {0: [NESTED], 30: [{**APP, "home": True}]}, {"gateway": 1}, home=1, twice=1
    ),
}

TIMES = {
    "a batch that is sent again": Case(
        {0: [PROVIDER, FRAMEWORK], 1: [PROVIDER, FRAMEWORK]}, {"shop": 1}, repeated={"encloses": 1, "resent": 2}
    ),
    "a batch that is sent again after it was counted": Case(
        {0: [s("one")], 60: [s("one")]}, {"shop": 1}, repeated={"resent": 1}
    ),
    "a call that comes after one of its trace that ended later was counted": Case(
        {0: [s("a", at=(0.0, 5.0))], 30: [s("b", at=(1.0, 2.0), usage=(7, 7))]},
        {"shop": 2},
        {"shop": (1007, 207)},
        late=1,
    ),
    "calls one after the other are not late": Case(
        {float(t): [s(f"call{t}", parent="agent", at=(t, t + 1.0))] for t in range(0, 60, 15)}, {"shop": 4}
    ),
    "a call of an hour ago, all alone": Case({3600: [s("one")]}, {"shop": 1}),
    "a late call that is known to be counted is not late but a repetition": Case(
        {0: [{**FRAMEWORK, "answer": LONG}], 30: [s("x", trace="two", answer=LONG, at=(0.2, 0.9))]},
        {"shop": 1},
        repeated={"same_answer": 1},
    ),
}

NUMBERS = {
    "NaN": Case({0: [s("one", usage=(float("nan"), 200))]}, {"shop": 1}, {"shop": (0, 200)}),
    "negative": Case({0: [s("one", usage=(-5, 200))]}, {"shop": 1}, {"shop": (0, 200)}),
    "words": Case({0: [s("one", usage=("many", 200))]}, {"shop": 1}, {"shop": (0, 200)}),
    "huge": Case({0: [s("one", usage=(10**11, 200))]}, {"shop": 1}, {"shop": (10**11, 200)}),
    "an end before the start": Case({0: [s("one", at=(2.0, 1.0))]}, {"shop": 1}),
}

ALL = {
    f"{area}: {name}": case
    for area, cases in (
        ("layers", LAYERS),
        ("gateways", GATEWAYS),
        ("home", HOME),
        ("times", TIMES),
        ("numbers", NUMBERS),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_each_call_counts_once(bench: Bench, case: Case, *, turned: bool) -> None:
    """Also when the spans of a batch come the other way round."""
    for at, spans in sorted(case.sent.items()):
        bench.move_to(at)
        assert bench.send(*(reversed(spans) if turned else spans)) == (0, "")
    bench.move_to(bench.now + 11.0)

    metrics, tally = bench.metrics(), bench.service.tally
    assert {app: sums["llm_requests"] for app, sums in metrics.items()} == case.counted
    for app, (inputs, outputs) in case.tokens.items():
        sums = metrics[app]
        assert (sums.get("llm_tokens input", 0), sums.get("llm_tokens output", 0)) == (inputs, outputs)
    if case.repeated:
        assert {reason: n for reason, n in tally.repeated.items() if n} == case.repeated
    assert (tally.metered_at_home, tally.late, tally.counted_twice) == (case.home, case.late, case.twice)
    # Metrics, events and the meter's own numbers agree, and every call span has found its end.
    calls = sum(case.counted.values())
    assert len(bench.events()) == tally.counted == calls
    assert sum(sums.get("llm_late_calls", 0) for sums in metrics.values()) == case.late
    assert len(bench.service.room) == 0


@pytest.mark.parametrize("nested", [True, False], ids=["nested", "side by side"])
@pytest.mark.parametrize("shape", ["a loop", "a gather"])
def test_many_calls_of_one_trace_each_have_their_own_gateway_span(bench: Bench, shape: str, nested: bool) -> None:
    """Embeddings have no response id, and here one usage: place and time are all that tells. 150 counted as 236."""
    spans = []
    for i in range(150):
        begun = float(i) if shape == "a loop" else i * 0.0001
        ends = begun + 0.3 if shape == "a loop" else 0.6 + i * 0.002
        told = {"op": "embeddings", "usage": (8, 0)}
        spans.append(s(f"app{i}", parent="agent", at=(begun, ends), **told))
        above = f"app{i}" if nested else f"http{i}"
        at = (ends - 0.28, ends - 0.01)
        spans.append(s(f"gw{i}", app="gateway", lib="litellm", parent=above, at=at, **told))
    bench.send(*sorted(spans, key=lambda one: one["at"][1]))
    bench.move_to(11.0)
    assert {app: sums["llm_requests"] for app, sums in bench.metrics().items()} == {"shop": 150}
