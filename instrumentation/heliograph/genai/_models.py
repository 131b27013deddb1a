"""Other names of one model, for whoever must find it in a list: dated, vendor-prefixed and regional names.

The name that a call reports stays its label; these are only asked of the price list, in order.
"""

from __future__ import annotations

import re
from typing import Final

from heliograph.genai._providers import is_provider

__all__ = ["canonical"]

# Bedrock's cross-region inference profiles and vendors: `us.anthropic.claude-3-5-haiku-20241022-v1:0`.
_REGION: Final = re.compile(r"^(?:us|eu|apac|ap|jp|au|ca|sa|global|us-gov)\.(?=[a-z0-9-]+\.)")
_VENDOR: Final = re.compile(r"^(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|stability)\.")
_REVISION: Final = re.compile(r"-v\d+(?::\d+)*$")
# `-2024-08-06`, `-20241022`, `@20241022`, `-08-2024`.
_DATE: Final = re.compile(r"[-@](?:20\d{2}-\d{2}-\d{2}|20\d{6}|\d{2}-20\d{2})$")
_LONGEST: Final = 256


def canonical(model: str) -> tuple[str, ...]:
    """Give the names under which a price list may know the model: as it is first, then less and less exact.

    A fine-tuned model (`ft:base:organisation:name:id`) loses its organisation and never its `ft:`: it costs more
    than its base. A date goes last, since prices of dated versions differ. At least one name, none of them twice.
    """
    names = [model]
    if len(model) > _LONGEST:
        return (model,)

    def add(name: str) -> str:
        if name and name not in names:
            names.append(name)
        return name

    name = model.strip()
    if name.startswith("ft:"):
        return (*names, add(":".join(name.split(":", 2)[:2]))) if name.count(":") > 1 else (model,)
    if name.startswith("arn:"):
        name = add(name.rpartition("/")[2])
    name = add(_without_path(name))
    while "/" in name and is_provider(name.partition("/")[0].lower()):
        name = add(name.partition("/")[2])
    name = add(_REGION.sub("", name))
    if _VENDOR.match(name):
        name = add(_REVISION.sub("", _VENDOR.sub("", name)))
    name = add(name.replace("@", "-"))
    add(_DATE.sub("", name))
    return tuple(names)


def _without_path(name: str) -> str:
    """Take what stands after `models/`: `publishers/google/models/…`, `accounts/fireworks/models/…`."""
    before, found, after = name.rpartition("models/")
    return after if found and (not before or before.endswith("/")) else name
