"""Embeddings: deterministic, of length one, near for texts that share words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import openai
import pytest

from heliograph.testing._vectors import embed

if TYPE_CHECKING:
    from heliograph.testing import LLMServer

MODEL = "text-embedding-3-small"


def cosine(a: list[float], b: list[float]) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def test_a_batch_comes_back_in_order_with_its_usage(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model=MODEL, input=["red apples", "green pears"])
    assert [item.index for item in answer.data] == [0, 1]
    assert [len(item.embedding) for item in answer.data] == [1536, 1536]
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 4
    assert answer.model == MODEL


def test_both_encodings_are_the_same_vector(client: openai.OpenAI) -> None:
    floats = client.embeddings.create(model=MODEL, input="red apples", encoding_format="float")
    packed = client.embeddings.create(model=MODEL, input="red apples", encoding_format="base64")
    default = client.embeddings.create(model=MODEL, input="red apples")
    sent: object = packed.data[0].embedding
    assert isinstance(sent, str)
    assert default.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-7)


@pytest.mark.parametrize(("model", "asked", "length"), [("text-embedding-3-large", None, 3072), (MODEL, 256, 256)])
def test_dimensions(client: openai.OpenAI, model: str, asked: int | None, length: int) -> None:
    answer = client.embeddings.create(model=model, input="x y z", dimensions=asked or openai.omit)
    assert len(answer.data[0].embedding) == length


def test_tokens_are_taken_in_place_of_text(client: openai.OpenAI) -> None:
    assert client.embeddings.create(model=MODEL, input=[[1, 2, 3], [4, 5]]).usage.prompt_tokens == 5
    assert client.embeddings.create(model=MODEL, input=[1, 2, 3]).usage.prompt_tokens == 3


@pytest.mark.parametrize("wrong", [[], "", ["x", ""], [None], 5, {"a": 1}])
def test_wrong_inputs_are_refused(server: LLMServer, client: openai.OpenAI, wrong: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=MODEL, input=wrong)
    assert server.usage() == []


def test_texts_that_share_words_are_near() -> None:
    question = embed("How do I export metrics to Prometheus?", 1536)
    near = embed("Exporting a metric: the Prometheus exporter serves metrics over HTTP.", 1536)
    far = embed("Terminal colours and tables are drawn with markup.", 1536)
    assert cosine(question, near) > cosine(question, far) + 0.2


@pytest.mark.parametrize("text", ["", "???", "word", "größer als früher", "\ud800"])
def test_every_vector_has_length_one(text: str) -> None:
    vector = embed(text, 64)
    assert math.sqrt(cosine(vector, vector)) == pytest.approx(1)
    assert vector == embed(text, 64)
