"""The list of published prices: what a quote says, what is kept of it, how old it is, and what it may do."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ClauseEquals, ConditionalPrice, ModelInfo, ModelPrice, Provider, TimeOfDateConstraint

from heliograph.genai._prices import Prices

from ._calls import call

PRICES = Prices()


def test_a_quote_names_its_source_and_the_tiers() -> None:
    quote = PRICES.quote("openai", "gpt-4o", "batch")
    assert quote.card is not None
    assert (quote.tier, quote.card.rates["input"]) == ("batch", 1.25)
    assert quote.source.startswith("genai-prices ")
    assert quote.source.endswith(": openai/gpt-4o")
    assert PRICES.tiers("openai", "gpt-4o") == ["", "batch", "fast", "priority"]
    assert PRICES.tiers("openai", "no-such-model") == []


def test_memory_is_bounded() -> None:
    prices = Prices()
    for index in range(2000):
        prices.cost(call("openai", f"made-up-{index}"))
    assert 0 < len(prices._held) <= 1024
    prices._held.clear()
    prices.cost(call("openai", "x" * 100_000))
    assert not prices._held
    # ... and the list has not remembered the names either.
    assert not any("made-up" in name for _, _, name in get_snapshot()._lookup_cache)
    assert not any("made-up" in str(miss) for miss in get_snapshot()._provider_misses)


def use_list(monkeypatch: pytest.MonkeyPatch, provider: str, *models: ModelInfo, fetched: bool = False) -> DataSnapshot:
    listed = DataSnapshot(
        [Provider(id=provider, name="", api_pattern="", models=list(models))], from_auto_update=fetched
    )
    monkeypatch.setattr("heliograph.genai._prices._list.snapshot", lambda: listed)
    return listed


def test_a_zero_on_the_list_is_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = ModelPrice(input_mtok=Decimal(0), output_mtok=Decimal(0))
    use_list(monkeypatch, "acme", ModelInfo(id="owl", match=ClauseEquals("owl"), prices=nothing))
    assert Prices().cost(call("acme", "owl")) is None
    assert Prices({"free": ["acme/owl"]}).cost(call("acme", "owl")) == 0.0


def test_a_comparison_in_the_future_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = ("Checked 2026-02-03.", "Verified on 2099-01-01.", "Rises from 2026-03-01.", "checked 2026-02-31")
    models = [ModelInfo(id=note, match=ClauseEquals(note), price_comments=note) for note in notes]
    use_list(monkeypatch, "acme", *models)
    assert Prices().checked_on() == date(2026, 2, 3)
    use_list(monkeypatch, "acme", models[2])
    assert Prices().checked_on() is None
    assert Prices().age_seconds() is None


def test_a_price_by_the_time_of_day_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """DeepSeek sold nights cheaper in 2025; no current price does, so this is a list of the test's own."""
    day = TimeOfDateConstraint(start_time=time(8, tzinfo=UTC), end_time=time(20, tzinfo=UTC))
    model = ModelInfo(
        id="owl",
        match=ClauseEquals("owl"),
        prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(1))),
            ConditionalPrice(day, prices=ModelPrice(input_mtok=Decimal(2))),
        ],
    )
    use_list(monkeypatch, "nightly", model)
    prices = Prices()
    times = [
        datetime(2026, 1, 1, hour, minute, 30, tzinfo=UTC) for hour, minute in ((7, 59), (8, 0), (19, 59), (20, 0))
    ]
    bills = [
        prices.cost(call("nightly", "owl", 1_000_000, 0, latency=0.0, ended=int(t.timestamp()) * 10**9)) for t in times
    ]
    assert bills == [1.0, 2.0, 2.0, 1.0]


def test_the_age_is_that_of_the_newest_comparison_with_a_source() -> None:
    day = PRICES.checked_on()
    age = PRICES.age_seconds()
    assert day is not None
    assert age is not None
    # genai-prices 0.2.3 says "checked on 2026-11-03", and knows of changes in 2027: those are no evidence.
    assert datetime(2026, 11, 3, tzinfo=UTC).date() <= day <= datetime.now(UTC).date()
    assert age == pytest.approx(
        (datetime.now(UTC) - datetime(day.year, day.month, day.day, tzinfo=UTC)).total_seconds(), abs=5
    )


def test_the_age_of_a_list_that_nobody_needed_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "genai_prices.data")
    assert Prices().age_seconds() is None
    assert "genai_prices.data" not in sys.modules


def test_a_fetched_list_is_as_old_as_its_fetch_and_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = Prices()
    prices.warm()
    assert prices.cost(call("openai", "gpt-4o", 1_000_000, 0)) == 2.5
    model = ModelInfo(id="gpt-4o", match=ClauseEquals("gpt-4o"), prices=ModelPrice(input_mtok=Decimal(2)))
    fetched = use_list(monkeypatch, "openai", model, fetched=True)
    fetched.timestamp = datetime.now() - timedelta(days=2)  # noqa: DTZ005 - as the package writes it
    age = prices.age_seconds()
    assert age is not None
    assert 1.5 * 86_400 < age < 3.5 * 86_400
    assert prices.cost(call("openai", "gpt-4o", 1_000_000, 0)) == 2.0


def test_a_list_that_cannot_be_read_leaves_calls_unpriced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ImportError("no list")

    monkeypatch.setattr("heliograph.genai._prices._list.snapshot", broken)
    prices = Prices()
    prices.warm()
    prices.warm()
    assert caplog.text.count("counted as unpriced") == 1
    assert prices.cost(call("openai", "gpt-4o")) is None
    assert prices.age_seconds() is None


def test_every_kind_of_price_on_the_list_is_known_to_us() -> None:
    """A new kind of price must be read or refused on purpose: this fails when the list learns one."""
    from heliograph.genai._prices._list import _RATES

    optional = {"web_searches_kcount", "storage_searches_kcount"}  # tools of the provider, told apart in no span
    other_units = {"audio_hours", "input_audio_hours", "input_mchars", "input_text_messages_kcount"}
    other_units |= {"input_document_kpages", "input_annotated_document_kpages"}
    pictures = {
        "input_image_mtok",
        "output_image_mtok",
        "cache_image_read_mtok",
        "input_video_mtok",
        "output_video_mtok",
    }
    known = {*_RATES, *optional, *other_units, *pictures, "output_citation_mtok"}
    kinds: set[str] = set()
    for provider in get_snapshot().providers:
        for model in provider.models:
            sets = [entry.prices for entry in model.prices] if isinstance(model.prices, list) else [model.prices]
            sets += [variant.prices for variant in model.price_variants or ()]
            kinds |= {kind for prices in sets for kind in prices.__dict__}
    assert kinds <= known


def test_our_arithmetic_is_the_lists_for_every_model() -> None:
    """No literal, but a guard for the two thousand models that no case names."""
    import time as clock

    from genai_prices import Usage

    from heliograph.genai._prices import _list

    now, compared = clock.time(), 0
    moment = datetime.fromtimestamp(now, UTC)
    for provider in get_snapshot().providers:
        for model in provider.models:
            listed = _list.Listed(provider, model)
            card = _list.card_at(listed, "", now)
            for inputs, read, written, outputs in ((300_001, 100_000, 50_000, 700), (1000, 0, 0, 0)):
                made = call("", "", inputs, outputs, cache_read_tokens=read, cache_write_tokens=written)
                ours = None if card is None else card.price()(made)
                if ours is None:
                    continue
                usage = Usage(
                    input_tokens=inputs,
                    output_tokens=outputs,
                    cache_read_tokens=read or None,
                    cache_write_tokens=written or None,
                )
                theirs = model.calc_price(usage, provider, genai_request_timestamp=moment).total_price
                assert ours == pytest.approx(float(theirs), rel=1e-12), f"{provider.id}/{model.id}"
                compared += 1
    assert compared > 3500
