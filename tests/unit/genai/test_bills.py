"""Bills: what calls cost by the providers' published prices, each as a literal with its arithmetic.

No number here was computed by Heliograph or by `genai-prices`. The prices are those of the pages named below, in
force on the day named beside the model; they hold for the list's version in requirements-dev.lock. A provider that
changes a price makes a case fail when the list follows: then look at the page, and write the new arithmetic.

    OpenAI      https://developers.openai.com/api/docs/pricing
    Anthropic   https://platform.claude.com/docs/en/about-claude/pricing
    Google      https://ai.google.dev/gemini-api/docs/pricing
    AWS         https://aws.amazon.com/bedrock/pricing/
    Azure       https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/
    xAI         https://docs.x.ai/docs/models · Groq https://groq.com/pricing · Mistral https://mistral.ai/pricing
    Cohere      https://cohere.com/pricing · Voyage https://docs.voyageai.com/docs/pricing
    OpenRouter  https://openrouter.ai/models

All prices are USD per million tokens: 1 000 tokens at 2.50 are 0.0025 USD.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from heliograph.genai._call import Call
from heliograph.genai._prices import Prices

from ._calls import call

PRICES = Prices()


# name -> the call, its price in USD
BILLS: dict[str, tuple[Call, float]] = {
    # -- OpenAI: gpt-4o 2.50 in, 1.25 cached, 10 out, since 2024-10-02
    "plain": (call("openai", "gpt-4o", 1000, 500), 0.0075),  # 1000 x 2.50 + 500 x 10
    "dated name": (call("openai", "gpt-4o-2024-08-06", 1000, 500), 0.0075),
    # The first gpt-4o still costs 5 and 15: a date is part of the price.
    "dated name of another price": (call("openai", "gpt-4o-2024-05-13", 1000, 500), 0.0125),  # 1000 x 5 + 500 x 15
    "upper case": (call("OpenAI", "GPT-4o", 1000, 500), 0.0075),
    "cached input": (
        # 200 x 2.50 + 800 x 1.25 + 100 x 10 = 500 + 1000 + 1000
        call("openai", "gpt-4o", 1000, 100, cache_read_tokens=800),
        0.0025,
    ),
    # more cached than there is: all of it is, and no more: 100 x 1.25
    "more cached than read": (call("openai", "gpt-4o", 100, 0, cache_read_tokens=500), 0.000125),
    # gpt-4o-mini 0.15 and 0.60, since 2024-07-18: 12345 x 0.15 + 678 x 0.60 = 1851.75 + 406.80
    "odd counts": (call("openai", "gpt-4o-mini", 12_345, 678), 0.00225855),
    # gpt-4.1 2 and 8, since 2025-04-14, with no step for long prompts: 900 000 x 2 + 1000 x 8
    "long prompt without a step": (call("openai", "gpt-4.1", 900_000, 1000), 1.808),
    # o3 2 and 8, since 2025-06-10; reasoning is output: 2000 x 2 + 5000 x 8 = 4000 + 40 000
    "reasoning is output": (call("openai", "o3", 2000, 5000, reasoning_tokens=4500), 0.044),
    # o1 15 and 60, since 2024-12-17
    "o1": (call("openai", "o1"), 0.075),
    # o4-mini 1.10, 0.275 cached, 4.40: 600 x 1.10 + 400 x 0.275 + 1000 x 4.40 = 660 + 110 + 4400
    "o4-mini, cached": (call("openai", "o4-mini", cache_read_tokens=400), 0.00517),
    # gpt-5 1.25 and 10, since 2025-08-07
    "gpt-5": (call("openai", "gpt-5"), 0.01125),
    # gpt-5-nano 0.05 and 0.40: 3e9 x 0.05 + 1e9 x 0.40 = 150 USD + 400 USD
    "billions of tokens": (call("openai", "gpt-5-nano", 3_000_000_000, 1_000_000_000), 550.0),
    "gpt-3.5-turbo": (call("openai", "gpt-3.5-turbo"), 0.002),  # 0.50 and 1.50, since 2024-01-25
    "nothing used": (call("openai", "gpt-4o", 0, 0), 0.0),
    "only output is known": (call("openai", "gpt-4o", None, 500), 0.005),  # 500 x 10
    "failed after tokens": (call("openai", "gpt-4o", 1000, 500, status="error", error_type="APIError"), 0.0075),
    # fine-tuned: its own price, 0.30 and 1.20
    "fine-tuned": (call("openai", "ft:gpt-4o-mini-2024-07-18:acme:support:A1b2C3"), 0.0015),
    # text-embedding-3-small 0.02, -3-large 0.13, since 2024-01-25
    "embeddings": (call("openai", "text-embedding-3-small", 1_000_000, None, operation="embeddings"), 0.02),
    "embeddings, large": (call("openai", "text-embedding-3-large", 2500, 0, operation="embeddings"), 0.000325),
    # -- OpenAI: audio. gpt-audio: text 2.50 and 10, audio 32 and 64, since 2025-08-28
    "audio in and out": (
        # text 100 x 2.50 + audio 400 x 32 + text 50 x 10 + audio 200 x 64 = 250 + 12 800 + 500 + 12 800
        call("openai", "gpt-audio", 500, 250, input_audio_tokens=400, output_audio_tokens=200),
        0.02635,
    ),
    # gpt-4o-realtime-preview: text 5 and 20, audio 40 and 80, since 2024-12-17
    "realtime audio": (
        # 200 x 5 + 800 x 40 + 100 x 20 + 200 x 80 = 1000 + 32 000 + 2000 + 16 000
        call("openai", "gpt-4o-realtime-preview", 1000, 300, input_audio_tokens=800, output_audio_tokens=200),
        0.051,
    ),
    # gpt-4o-transcribe: audio 6, text out 10, since 2025-03-20: 2000 x 6 + 100 x 10
    "transcription": (call("openai", "gpt-4o-transcribe", 2000, 100, input_audio_tokens=2000), 0.013),
    # -- OpenAI: tiers, as of 2026-10-12 (flex, priority) and 2026-10-14 (batch)
    "default tier": (call("openai", "gpt-4o", 1000, 500, service_tier="default"), 0.0075),
    "auto was asked for": (call("openai", "gpt-4o", 1000, 500, service_tier="auto"), 0.0075),
    "batch": (call("openai", "gpt-4o", 10_000, 1000, service_tier="batch"), 0.0175),  # 1.25 and 5: 12 500 + 5000
    "flex": (call("openai", "gpt-5", service_tier="flex"), 0.005625),  # 0.625 and 5
    "flex, as an export writes it": (call("openai", "gpt-5", service_tier="flex-tier"), 0.005625),
    "flex, cached": (
        # gpt-5 flex: 0.0625 cached: 200 x 0.625 + 800 x 0.0625 + 100 x 5 = 125 + 50 + 500
        call("openai", "gpt-5", 1000, 100, cache_read_tokens=800, service_tier="flex"),
        0.000675,
    ),
    "priority": (call("openai", "gpt-5", service_tier="priority"), 0.0225),  # 2.50 and 20
    "priority, gpt-4o": (call("openai", "gpt-4o", service_tier="priority"), 0.02125),  # 4.25 and 17
    # gpt-4o priority: 2.125 cached
    "priority, cached": (call("openai", "gpt-4o", 1000, 0, cache_read_tokens=1000, service_tier="priority"), 0.002125),
    "flex, o3": (call("openai", "o3", service_tier="flex"), 0.005),  # 1 and 4
    # -- OpenAI: time. o3 cost 10 and 40 until 2025-06-09; the price is that of the day of the call.
    "before the price fell": (
        call("openai", "o3", ended=int(datetime(2025, 6, 9, 12, tzinfo=UTC).timestamp()) * 10**9),
        0.05,
    ),
    "after the price fell": (
        call("openai", "o3", ended=int(datetime(2025, 6, 11, 12, tzinfo=UTC).timestamp()) * 10**9),
        0.01,
    ),
    # -- Anthropic: Sonnet 4.5 3 and 15, cache 0.30 read, 3.75 written; since 2025-09-29
    "anthropic": (call("anthropic", "claude-sonnet-4-5-20250929"), 0.018),
    "anthropic, cache read and written": (
        # 1000 x 3 + 6000 x 0.30 + 3000 x 3.75 + 500 x 15 = 3000 + 1800 + 11 250 + 7500
        call("anthropic", "claude-sonnet-4-5", 10_000, 500, cache_read_tokens=6000, cache_write_tokens=3000),
        0.02355,
    ),
    "anthropic, more cached than read": (
        # 6000 read, so 4000 are left to be written: 6000 x 0.30 + 4000 x 3.75 = 1800 + 15 000
        call("anthropic", "claude-sonnet-4-5", 10_000, 0, cache_read_tokens=6000, cache_write_tokens=9000),
        0.0168,
    ),
    # Above 200 000 input tokens all of it costs 6 and 22.50; cached tokens count, too.
    "anthropic, at the step": (call("anthropic", "claude-sonnet-4-5", 200_000, 1000), 0.615),  # 600 000 + 15 000
    "anthropic, above the step": (
        call("anthropic", "claude-sonnet-4-5", 200_001, 1000),
        1.222506,
    ),  # 1 200 006 + 22 500
    "anthropic, cached above the step": (
        # 100 000 x 6 + 150 000 x 0.60 + 1000 x 22.50 = 600 000 + 90 000 + 22 500
        call("anthropic", "claude-sonnet-4-5", 250_000, 1000, cache_read_tokens=150_000),
        0.7125,
    ),
    "anthropic, batch": (call("anthropic", "claude-sonnet-4-5", service_tier="batch"), 0.009),  # half: 1.50 and 7.50
    "anthropic, standard": (call("anthropic", "claude-sonnet-4-5", service_tier="standard"), 0.018),
    "opus 4.5": (call("anthropic", "claude-opus-4-5-20251101"), 0.03),  # 5 and 25, since 2025-11-24
    "opus 4.1": (call("anthropic", "claude-opus-4-1-20250805"), 0.09),  # 15 and 75
    "haiku 4.5": (call("anthropic", "claude-haiku-4-5"), 0.006),  # 1 and 5
    "haiku 3.5": (call("anthropic", "claude-3-5-haiku-20241022"), 0.0048),  # 0.80 and 4
    "haiku 3": (call("anthropic", "claude-3-haiku-20240307"), 0.0015),  # 0.25 and 1.25
    # -- Google: Gemini 2.5 Pro 1.25 and 10, above 200 000 tokens 2.50 and 15, since 2025-06-17
    "gemini, at the step": (call("gcp.gemini", "gemini-2.5-pro", 200_000, 1000), 0.26),  # 250 000 + 10 000
    "gemini, above the step": (call("gcp.gen_ai", "gemini-2.5-pro", 200_001, 1000), 0.5150025),  # 500 002.5 + 15 000
    # cached above the step 0.25: 200 000 x 2.50 + 100 000 x 0.25
    "gemini, cached": (call("gcp.vertex_ai", "gemini-2.5-pro", 300_000, 0, cache_read_tokens=100_000), 0.525),
    # one price for text, image, video and audio
    "gemini, audio at the price of text": (call("google", "gemini-2.5-pro", 1000, 0, input_audio_tokens=1000), 0.00125),
    "gemini, audio at its own price": (
        # gemini-2.5-flash 0.30, audio 1.00, out 2.50: 400 x 0.30 + 600 x 1.00 + 100 x 2.50 = 120 + 600 + 250
        call("google_genai", "gemini-2.5-flash", 1000, 100, input_audio_tokens=600),
        0.00097,
    ),
    "gemini, all of the audio cached": (
        # cached audio 0.10; there is nothing but audio, so the 500 cached tokens are: 500 x 1.00 + 500 x 0.10
        call("google", "gemini-2.5-flash", 1000, 0, input_audio_tokens=1000, cache_read_tokens=500),
        0.00055,
    ),
    "gemini, batch": (call("google", "gemini-2.5-flash", service_tier="batch"), 0.0014),  # 0.15 and 1.25
    "gemini, name of a resource": (call("google", "models/gemini-2.5-flash-lite"), 0.0005),  # 0.10 and 0.40
    "gemini, the default version": (call("vertex_ai", "gemini-2.5-flash@default"), 0.0028),  # 0.30 and 2.50
    "gemini, name of a publisher": (call("vertex_ai", "publishers/google/models/gemini-2.5-flash-lite"), 0.0005),
    "gemini, embeddings": (call("google", "gemini-embedding-001", 1_000_000, 0, operation="embeddings"), 0.15),
    "claude at Google": (call("gcp.vertex_ai", "claude-sonnet-4-5@20250929"), 0.018),
    # -- AWS: profiles of a geography cost 10 % more than global ones, from Sonnet 4.5 on
    "bedrock, geography": (call("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), 0.0198),  # 3.30, 16.50
    "bedrock, europe": (call("aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"), 0.0198),
    "bedrock, global": (call("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"), 0.018),
    "bedrock, older": (call("bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0"), 0.018),  # 3 and 15
    "bedrock, ARN": (
        call("aws.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"),
        0.0015,
    ),
    "bedrock, llama": (call("amazon_bedrock", "meta.llama3-3-70b-instruct-v1:0"), 0.00144),  # 0.72 and 0.72
    "bedrock, nova": (call("aws", "amazon.nova-micro-v1:0"), 0.000175),  # 0.035 and 0.14
    "bedrock, embeddings": (call("aws.bedrock", "amazon.titan-embed-text-v2:0", 1_000_000, 0), 0.02),
    # -- Azure: a global deployment costs what OpenAI asks
    "azure": (call("azure.ai.openai", "gpt-4o-2024-08-06", 1000, 500), 0.0075),
    "azure, old name": (call("az.ai.openai", "gpt-4o", 1000, 500), 0.0075),
    "azure, spelling of its own": (call("azure_openai", "gpt-35-turbo"), 0.002),
    "azure, inference": (call("azure.ai.inference", "gpt-4o-mini", 1_000_000, 0), 0.15),
    "azure, default tier": (call("azure", "gpt-4o", 1000, 500, service_tier="default"), 0.0075),
    # -- Others
    "xai": (call("x_ai", "grok-3"), 0.018),  # 3 and 15, since 2025-04-09
    "groq": (call("groq", "llama-3.3-70b-versatile"), 0.00138),  # 0.59 and 0.79
    "mistral": (call("mistral_ai", "codestral-2508"), 0.0012),  # 0.30 and 0.90
    "cohere": (call("cohere", "command-r-08-2024"), 0.00075),  # 0.15 and 0.60
    "voyage": (call("voyageai", "voyage-3-large", 1_000_000, 0, operation="embeddings"), 0.18),
    # -- Gateways: the list price of the one that answers
    "openrouter": (call("openrouter", "openai/gpt-4o"), 0.0125),
    "openai's client at a gateway": (call("openai", "anthropic/claude-haiku-4-5"), 0.006),
    "litellm, prefix": (call("litellm", "gemini/gemini-2.5-flash-lite"), 0.0005),
    "litellm, bare": (call("litellm", "gpt-4o", 1000, 500), 0.0075),
    "no provider, a maker's name": (call("unknown", "claude-haiku-4-5"), 0.006),
}


@pytest.mark.parametrize("name", BILLS)
def test_a_bill(name: str) -> None:
    billed, usd = BILLS[name]
    assert PRICES.cost(billed) == pytest.approx(usd, rel=1e-12, abs=1e-15)


# Better no price than a wrong one. What is not known is None, and never zero.
UNPRICED: dict[str, Call] = {
    "no usage": call("openai", "gpt-4o", None, None),
    "unknown model": call("openai", "no-such-model"),
    "unknown provider": call("acme-gateway", "gpt-4o"),
    "nothing known": call("unknown", "unknown"),
    "a date that does not exist": call("openai", "gpt-4o-2031-01-01"),
    "a version that does not exist": call("vertex_ai", "gemini-2.5-flash@031"),
    "a deployment's name": call("azure.ai.openai", "prod-chat-eu"),
    "local": call("ollama", "llama3.2"),
    "weights that anyone may serve": call("openai", "mistralai/Mistral-7B-Instruct-v0.2"),
    "weights of a maker of models": call("openai", "openai/gpt-oss-120b"),
    "fine-tuned of unknown price": call("openai", "ft:some-model:acme::id"),
    # The list has these at no price at all, which its own arithmetic makes 0 USD.
    "listed without a price": call("github_copilot", "gpt-4o"),
    "listed without a price, google": call("google", "gemma-3"),
    # The list answers the standard price for tiers that it does not know.
    "tier that is not sold": call("openai", "gpt-4o", service_tier="flex"),
    "tier bought by capacity": call("openai", "gpt-4o", service_tier="scale"),
    "tier of commitments": call("anthropic", "claude-sonnet-4-5", service_tier="priority"),
    "tier of another seller": call("azure.ai.openai", "gpt-4o", service_tier="batch"),
    "tier, before its price is known": call("openai", "gpt-5", service_tier="flex", ended=1_760_000_000 * 10**9),
    # Counts that no call reports.
    "audio without an audio price": call("openai", "gpt-4o-audio-preview", input_audio_tokens=500),
    "audio out without an audio price": call("openai", "gpt-4o", output_audio_tokens=500),
    "cached text or cached audio": call(
        "google", "gemini-2.5-flash", 1000, 0, input_audio_tokens=500, cache_read_tokens=300
    ),
    "pictures out": call("google", "gemini-2.5-flash-image"),
    "pictures in": call("openai", "gpt-image-1"),
    "by the hour": call("openai", "whisper-1", 1000, 100),
    "by the character": call("openai", "tts-1", 1000, 0),
    "by the size of the search": call("perplexity", "sonar-pro"),
    "citations and searches": call("perplexity", "sonar-deep-research"),
    "output where none is sold": call("openai", "text-embedding-3-small", 1000, 5),
    "reranker": call("cohere", "rerank-v3.5", None, None, operation="rerank"),
    # Others ask other prices for the same weights: deepseek-r1 is 1.35 at Azure and 0.55 at home.
    "weights at azure": call("azure.ai.inference", "deepseek-r1"),
    "price of a region": call("bedrock", "bedrock/eu-west-2/meta.llama3-70b-instruct-v1:0"),
    # Nova Lite is 0.06 in the US and 0.078 in Europe; the list knows 0.06.
    "price of a geography": call("aws.bedrock", "eu.amazon.nova-lite-v1:0"),
    "price of a geography, ARN": call("aws", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0"),
    "price of a government": call("aws.bedrock", "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "price of a data zone": call("azure", "azure/eu/gpt-4o"),
}


@pytest.mark.parametrize("name", UNPRICED)
def test_unpriced(name: str) -> None:
    assert PRICES.cost(UNPRICED[name]) is None


@pytest.mark.parametrize("name", UNPRICED)
def test_unpriced_says_why(name: str) -> None:
    odd = UNPRICED[name]
    quote = PRICES.quote(odd.provider, odd.model, odd.service_tier)
    assert quote.card is None or quote.source.startswith("genai-prices ")
    assert quote.source


def test_hours_of_cache_are_told_from_minutes_where_a_call_tells_them() -> None:
    # Sonnet 4.5: 5 minutes 3.75, an hour 6. 1000 x 3.75 + 1000 x 6
    told = Call(
        "chat",
        "anthropic",
        "claude-sonnet-4-5",
        "success",
        1.0,
        input_tokens=2000,
        cache_write_tokens=2000,
        cache_write_1h_tokens=1000,
    )
    assert PRICES.cost(told) == pytest.approx(0.00975, rel=1e-12)


def test_threads_share_the_prices_and_get_the_same_bills() -> None:
    prices = Prices()

    def work(start: int) -> bool:
        names = list(BILLS)[start:] + list(BILLS)[:start]
        for turn in range(30):  # made-up names overflow the memory while others read it
            for index in range(40):
                prices.cost(call("openai", f"made-up-{start}-{turn}-{index}"))
            if any(prices.cost(BILLS[name][0]) != pytest.approx(BILLS[name][1], rel=1e-12) for name in names[::9]):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_a_price_that_changes_is_looked_up_again() -> None:
    prices = Prices()
    old, new = (datetime(2025, 6, day, tzinfo=UTC).timestamp() + 3600 for day in (9, 10))
    bills = [prices.cost(call("openai", "o3", ended=int(when) * 10**9)) for when in (old, new, old, new)]
    assert bills == pytest.approx([0.05, 0.01, 0.05, 0.01], rel=1e-12)
