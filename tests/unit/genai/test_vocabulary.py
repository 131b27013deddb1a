from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.genai import vocabulary as v
from heliograph.genai.vocabulary._page import main, page

DOCUMENT = Path(__file__).parents[3] / "docs" / "vocabulary.md"


def test_the_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page(), (
        "run: python -m heliograph.genai.vocabulary docs/vocabulary.md"
    )


def test_the_page_can_be_written(tmp_path: Path) -> None:
    main([str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page()


def test_an_option_is_no_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="usage: "):
        main(["--help"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (v.LLM_REQUESTS, "llm_requests_total"),
        (v.LLM_COST, "llm_cost_total"),
        (v.LLM_LATENCY, "llm_latency_seconds"),
        (v.QUERY_COST, "query_cost"),
        (v.LLM_QUOTA_LIMIT, "llm_quota_limit"),
        (v.CHAIN_LATENCY, "chain_latency_seconds"),
        (v.QUERY_LLM_CALLS, "query_llm_calls"),
        (v.TOOL_CALLS, "tool_calls_total"),
    ],
)
def test_names_in_prometheus(spec: v.MetricSpec, name: str) -> None:
    assert v.prometheus_name(spec) == name


def test_every_default_threshold_is_an_edge() -> None:
    assert {2.0, 5.0, 30.0, 60.0} <= set(v.SECONDS)
    assert 0.1 in v.USD
    assert 50 in v.CALLS, "steps of a runaway agent"
    for spec in v.METRICS:
        assert list(spec.edges) == sorted(set(spec.edges)), spec.name
        assert bool(spec.edges) == (spec.kind == "histogram"), spec.name


def test_names_are_unique() -> None:
    names = [spec.name for spec in v.METRICS]
    assert len(names) == len(set(names))
    spellings = [name for spec in v.ATTRIBUTES for name in spec.names]
    assert len(spellings) == len(set(spellings))


def test_every_name_of_the_vocabulary_says_what_it_means() -> None:
    for spec in v.ATTRIBUTES:
        assert spec.description.endswith("."), spec.name
    for event in v.EVENTS:
        for field in event.fields:
            assert field.description.endswith("."), f"{event.name}: {field.name}"
            assert not field.unit or field.type in {"int", "double"}, f"{event.name}: {field.name}"
        assert len(event.attributes) == len(set(event.attributes))


def test_spellings_are_told_by_dialect() -> None:
    assert set(v.DIALECTS) == set(v.VERSIONS)
    for spec in v.ATTRIBUTES:
        told = {name for names in spec.spellings.values() for name in names}
        assert {spec.name, *told} == set(spec.names)
        assert {*spec.spellings, *spec.derived} <= set(v.DIALECTS), spec.name
    document = page()
    for dialect in v.DIALECTS:
        assert f"### {dialect}\n" in document


def test_what_another_form_is_derived_from_is_a_name_of_the_vocabulary_or_of_its_dialect() -> None:
    ours = {spec.name for spec in v.ATTRIBUTES}
    derived = {name for spec in v.ATTRIBUTES for names in spec.derived.values() for name in names}
    assert derived - ours == {"ai.stream.msToFirstChunk"}
