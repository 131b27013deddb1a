"""Quotas as gauges, under the name of the model that answers.

A limit belongs to a model, and the same model is asked for by several names (`gpt-4o`, `gpt-4o-2024-08-06`, the name
of an Azure deployment). The headers come before the body that names the model, so the first quotas of a name wait for
the end of their call; later ones, and those of refusals, are put under the name learned from it.
"""

from __future__ import annotations

import logging
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from heliograph.genai import _sink
from heliograph.genai import vocabulary as v
from heliograph.genai._exemplars import NO_EXEMPLAR
from heliograph.genai._plain import attributes_of
from heliograph.integrations._rate_limits import read_quotas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import Span

    from heliograph.genai._meter import CallMeter
    from heliograph.integrations._rate_limits import Quota

__all__ = ["answering", "arrived", "forget", "is_own_call", "released"]

_log = logging.getLogger("heliograph.integrations")

_MOST_NAMES: Final = 1024
_OWN_SCOPES: Final = frozenset({"heliograph.openai"})
"""Instrumentors that call `released`; for others' spans nothing waits."""

_names: OrderedDict[tuple[str, str], str] = OrderedDict()
"""(provider, model asked for) -> model that answers."""

_waiting: weakref.WeakKeyDictionary[Span, Mapping[str, str]] = weakref.WeakKeyDictionary()

_limits: dict[tuple[str, str, str], float] = {}
"""Newest limit by (model, provider, kind): some answers tell only what remains."""


def arrived(span: Span, headers: Mapping[str, str], *, refused: bool) -> None:
    """Report what an answer's headers say, on the metering thread where there is one. Never raises."""
    try:
        meter = _sink.current()
        if meter is None:
            return
        key = _key(span)
        if not refused and key not in _names and is_own_call(span):
            _waiting[span] = headers
        else:
            _tell(meter, key, span, headers)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("an answer's headers could not be kept", exc_info=True)


def released(span: Span, provider: str, asked: str, model: str | None) -> None:
    """Learn which model answered for the one asked for, and report what waited for the span, which has ended."""
    key = (provider, asked)
    if model is not None and _names.get(key) != model:
        _names[key] = model
        if len(_names) > _MOST_NAMES:
            _names.popitem(last=False)
    headers = _waiting.pop(span, None) if _waiting else None
    meter = _sink.current()
    if headers is not None and meter is not None:
        _tell(meter, key, span, headers)


def is_own_call(span: Any) -> bool:  # noqa: ANN401 - the API's Span has no scope
    """Whether the span is a call's, of an instrumentor of ours: none of them makes any other spans."""
    scope = getattr(span, "instrumentation_scope", None)
    return scope is not None and scope.name in _OWN_SCOPES


def answering(span: Span) -> tuple[str, str]:
    """Give (model, provider) for a span's labels: the model that answers, as far as is known by now."""
    provider, asked = _key(span)
    return _attribute(span, v.RESPONSE_MODEL) or _names.get((provider, asked)) or asked or "unknown", provider


def forget() -> None:
    """Forget all names and limits."""
    _names.clear()
    _limits.clear()
    _waiting.clear()


def _tell(meter: CallMeter, key: tuple[str, str], span: Span, headers: Mapping[str, str]) -> None:
    """Report what the newest answer under a name says: of two that wait, the older one is out of date."""
    if meter.line is not None:
        meter.line.submit_newest(key, _report, meter, span, headers)
    else:
        _report(meter, span, headers)


def _report(meter: CallMeter, span: Span, headers: Mapping[str, str]) -> None:
    try:
        quotas = read_quotas(headers)
        if quotas:
            model, provider = answering(span)
            model, provider = meter.labels.model(model), meter.labels.provider(provider)
            for quota in quotas:
                _set(meter, quota, model, provider)
    except Exception:  # noqa: BLE001 - must not reach the application
        _log.debug("an answer's headers could not be read", exc_info=True)


def _set(meter: CallMeter, quota: Quota, model: str, provider: str) -> None:
    instruments = meter.instruments
    labels = {"model": model, "provider": provider, "type": quota.kind}
    series = (model, provider, quota.kind)
    if quota.limit is not None:
        _limits[series] = quota.limit  # labels are capped, so this is bounded too
        instruments.quota_limit.set(quota.limit, labels, NO_EXEMPLAR)
    if quota.remaining is not None:
        instruments.quota_remaining.set(quota.remaining, labels, NO_EXEMPLAR)
        limit = _limits.get(series)
        if limit:
            used = 1 - quota.remaining / limit
            instruments.quota_used_ratio.set(min(max(used, 0.0), 1.0), labels, NO_EXEMPLAR)


def _key(span: Span) -> tuple[str, str]:
    return _attribute(span, v.PROVIDER) or "unknown", _attribute(span, v.REQUEST_MODEL) or ""


def _attribute(span: Any, spec: v.AttributeSpec) -> str | None:  # noqa: ANN401 - the API's Span has no attributes
    attributes = attributes_of(span)
    for name in spec.names:
        value = attributes.get(name)
        if value:
            return str(value)
    return None
