"""Who emits: the resource of all three signals."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

if TYPE_CHECKING:
    from heliograph.telemetry._settings import Settings

__all__ = ["build_resource", "forked_instance", "service_name"]

INSTANCE: Final = "service.instance.id"


def build_resource(settings: Settings) -> Resource:
    """Build the resource: arguments, then `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` over them.

    `service.instance.id` is unique to the process, since two processes with one id would overwrite each other's
    counters (https://opentelemetry.io/docs/specs/semconv/resource/service/).
    """
    said: dict[str, str] = {
        "service.name": settings.service_name,
        INSTANCE: str(uuid.uuid4()),
        "process.pid": str(os.getpid()),
    }
    if settings.service_version:
        said["service.version"] = settings.service_version
    if settings.environment:
        said["deployment.environment.name"] = settings.environment
    said.update(settings.resource_attributes)
    return Resource.create(said).merge(OTELResourceDetector().detect())


def service_name(settings: Settings) -> str:
    """Give the name of the service, after the environment had its say."""
    return str(OTELResourceDetector().detect().attributes.get("service.name") or settings.service_name)


def forked_instance(before: Resource) -> Resource:
    """Say what changes in a forked child: its instance id, derived from an id that the user chose."""
    chosen = OTELResourceDetector().detect().attributes.get(INSTANCE)
    fresh = f"{chosen}-{os.getpid()}" if chosen and before.attributes.get(INSTANCE) else str(uuid.uuid4())
    return Resource({INSTANCE: fresh, "process.pid": str(os.getpid())})
