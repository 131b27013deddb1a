"""`POST /v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.testing import _tokens
from heliograph.testing._errors import ApiError, invalid, missing, wrong_type
from heliograph.testing._ledger import Usage
from heliograph.testing._prompt import check_model, number, text_parameter
from heliograph.testing._reply import Engine, Job, Reply, new_id
from heliograph.testing._vectors import embed, to_base64

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["prepare"]

_NAME = "embeddings"
_MAX_INPUTS = 2048


def prepare(body: Mapping[str, Any], engine: Engine) -> Job:
    """Check a request; raises ApiError 400 or 404."""
    requested, model = check_model(body, engine.served)
    if model.dimensions is None:
        message = f"You are not allowed to generate embeddings from {requested}"
        raise ApiError(403, message, code="unsupported_model")
    inputs = _inputs(body)
    dimensions = int(number(body, "dimensions", 1, model.dimensions, whole=True) or model.dimensions)
    encoding = text_parameter(body, "encoding_format") or "float"
    if encoding not in {"float", "base64"}:
        raise invalid("encoding_format", f"{encoding!r} is none of float, base64.")
    counts = [len(item) if isinstance(item, list) else _tokens.count(item) for item in inputs]
    if max(counts) > model.context:
        message = (
            f"This model's maximum context length is {model.context} tokens, however you requested {max(counts)} tokens"
            f" ({max(counts)} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        )
        raise ApiError(400, message)

    def run(faults: Collection[str]) -> Reply:
        del faults  # nothing is generated
        vectors = [embed(item if isinstance(item, str) else " ".join(map(str, item)), dimensions) for item in inputs]
        data = [
            {"object": "embedding", "index": i, "embedding": to_base64(v) if encoding == "base64" else v}
            for i, v in enumerate(vectors)
        ]
        usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
        answer = {"object": "list", "data": data, "model": model.name, "usage": usage}
        return Reply(new_id("embd-"), Usage(sum(counts)), answer)

    return Job(_NAME, requested, model, stream=False, run=run)


def _inputs(body: Mapping[str, Any]) -> list[str | list[int]]:
    """Return the texts, or the tokens of each: one string or list of integers, or a list of either."""
    if "input" not in body:
        raise missing("input")
    found = body["input"]
    if isinstance(found, str) or (isinstance(found, list) and found and all(type(x) is int for x in found)):
        found = [found]
    if not isinstance(found, list):
        raise wrong_type("input", "a string or an array", found)
    if not found or len(found) > _MAX_INPUTS:
        raise invalid("input", f"from 1 to {_MAX_INPUTS} inputs are allowed, not {len(found)}.")
    for i, item in enumerate(found):
        if not isinstance(item, str) and not (isinstance(item, list) and all(type(x) is int for x in item)):
            raise wrong_type(f"input[{i}]", "a string or an array of integers", item)
        if not item:
            raise invalid(f"input[{i}]", "input cannot be an empty string.")
    return found
