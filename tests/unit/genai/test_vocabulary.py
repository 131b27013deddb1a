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


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (v.LLM_REQUESTS, "llm_requests_total"),
        (v.LLM_COST, "llm_cost_total"),
        (v.LLM_LATENCY, "llm_latency_seconds"),
        (v.QUERY_COST, "query_cost"),
        (v.LLM_QUOTA_LIMIT, "llm_quota_limit"),
    ],
)
def test_names_in_prometheus(spec: v.MetricSpec, name: str) -> None:
    assert v.prometheus_name(spec) == name


def test_every_default_threshold_is_an_edge() -> None:
    assert {2.0, 5.0, 30.0, 60.0} <= set(v.SECONDS)
    assert 0.1 in v.USD
    for spec in v.METRICS:
        assert list(spec.edges) == sorted(set(spec.edges)), spec.name
        assert bool(spec.edges) == (spec.kind == "histogram"), spec.name


def test_names_are_unique() -> None:
    names = [spec.name for spec in v.METRICS]
    assert len(names) == len(set(names))
    spellings = [name for spec in v.ATTRIBUTES for name in spec.names]
    assert len(spellings) == len(set(spellings))
