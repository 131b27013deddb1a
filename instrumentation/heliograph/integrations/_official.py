"""What the official instrumentors (`opentelemetry-util-genai`) keep from their spans, put onto them.

They measure the time to the first chunk, but put it only into a histogram of their own. They are given a
MeterProvider whose one histogram writes that time onto the span, and whose others do nothing: their metrics
repeat ours, at a record per streamed chunk and a label per system fingerprint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import Histogram, MeterProvider, NoOpMeter
from opentelemetry.trace import get_current_span

from heliograph.genai import vocabulary as v
from heliograph.telemetry._joining import keeps_official_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.metrics import Meter
    from opentelemetry.util.types import Attributes

__all__ = ["MeterBridge"]

_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"


class MeterBridge(MeterProvider):
    """The MeterProvider that instrumentors are given; `real` receives their metrics if the user wants them."""

    def __init__(self, real: MeterProvider) -> None:
        self._real = real

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes | None = None,
    ) -> Meter:
        """Give a meter that knows the one histogram."""
        real = self._real.get_meter(name, version, schema_url, attributes) if keeps_official_metrics() else None
        return _Meter(name, version, schema_url, real)


class _Meter(NoOpMeter):
    def __init__(self, name: str, version: str | None, schema_url: str | None, real: Meter | None) -> None:
        super().__init__(name, version, schema_url)
        self._behind = real

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> Histogram:
        behind = self._behind or NoOpMeter(self.name)
        histogram = behind.create_histogram(
            name, unit, description, explicit_bucket_boundaries_advisory=explicit_bucket_boundaries_advisory
        )
        return _FirstChunk(histogram) if name == _FIRST_CHUNK else histogram


class _FirstChunk(Histogram):
    """Records onto the span of the context it is given."""

    def __init__(self, behind: Histogram) -> None:
        self._behind = behind

    def record(
        self,
        amount: float,
        attributes: Attributes | None = None,
        context: Context | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        get_current_span(context).set_attribute(v.TIME_TO_FIRST_CHUNK.name, amount)
        self._behind.record(amount, attributes, context, **kwargs)
