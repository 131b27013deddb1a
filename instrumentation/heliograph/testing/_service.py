"""What the server knows and decides, apart from HTTP: routes, keys, limits, faults and the bill."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heliograph.testing import _chat, _embeddings, _responses
from heliograph.testing._errors import ApiError, wrong_type
from heliograph.testing._faults import Fault, Faults, refusal
from heliograph.testing._models import KNOWN, look_up
from heliograph.testing._reply import Engine, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heliograph.testing._ledger import Ledger
    from heliograph.testing._limits import RateLimits

__all__ = ["JOBS", "Admission", "Latency", "ReceivedRequest", "Service", "parse_json"]

_KEPT_REQUESTS = 100
_EPOCH = 1_686_935_002  # `created` of every model: the value only has to be there

JOBS: Mapping[str, Callable[[Mapping[str, Any], Engine], Job]] = {
    "/v1/chat/completions": _chat.prepare,
    "/v1/embeddings": _embeddings.prepare,
    "/v1/responses": _responses.prepare,
}


@dataclass(slots=True)
class Latency:
    """How long an answer takes, in seconds: until its first token, and for each token after that."""

    first_token: float = 0.05
    per_token: float = 0.002


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it came in, for tests that look at what a client sent. `headers` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on: its job, and the faults it suffers from."""

    job: Job
    faults: Mapping[str, Fault]


@dataclass
class Service:
    """One server's state, shared by its connections."""

    ledger: Ledger
    limits: RateLimits
    engine: Engine = field(default_factory=Engine)
    faults: Faults = field(default_factory=Faults)
    latency: Latency = field(default_factory=Latency)
    api_key: str | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    """Requested name of a model → the one that serves it now."""
    max_body_bytes: int = 8 * 1024 * 1024
    received: deque[ReceivedRequest] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    stopping: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.time)

    def check_key(self, authorization: str) -> None:
        """Raise ApiError 401 unless the key is right, or none is configured."""
        if self.api_key is None:
            return
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "You didn't provide an API key. You need to provide it in an Authorization header.")
        if not hmac.compare_digest(key.encode(), self.api_key.encode()):
            # The API shows the beginning and the end of a wrong key; none of it is shown here.
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")

    def admit(self, path: str, body: Mapping[str, Any]) -> Admission:
        """Check a request and draw its faults; raises ApiError, with the rate limit's headers once a model is known."""
        if (name := body.get("model")) in self.renamed:
            body = {**body, "model": self.renamed[str(name)]}
        job = JOBS[path](body, self.engine)
        drawn = self.faults.draw(job.endpoint, (job.requested, job.model.name))
        if error := refusal(drawn, job.model.name):
            error.headers = {**self.limits.headers(job.model.name), **error.headers}
            raise error
        return Admission(job, drawn)

    def models(self) -> dict[str, Any]:
        """Return the list of models."""
        names = sorted(self.engine.served or KNOWN)
        return {"object": "list", "data": [self.model(name) for name in names]}

    def model(self, name: str) -> dict[str, Any]:
        """Return one model; raises ApiError 404."""
        if self.engine.served is not None and name not in self.engine.served:
            raise ApiError(404, f"The model '{name}' does not exist", param="model", code="model_not_found")
        return {"id": look_up(name).name, "object": "model", "created": _EPOCH, "owned_by": "heliograph"}

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request to `/_control/…`; raises ApiError 400, 404 or 405."""
        match method, path.removeprefix("/_control/"):
            case "GET", "usage":
                return {"totals": self.ledger.totals(), "records": self.ledger.records()[-100:]}
            case "GET", "fault":
                pass
            case "DELETE", "fault":
                self.faults.clear()
            case "POST", "fault":
                fault = Fault.parse(body)
                if fault is None:
                    self.faults.clear()
                else:
                    self.faults.set(fault)
            case "POST", "limits":
                self.limits.set(**_settings(body, {"requests_per_minute": 1, "tokens_per_minute": 1}, whole=True))
                return {"limits": dict(body)}
            case "POST", "latency":
                for name, value in _settings(body, {"first_token": 0, "per_token": 0}).items():
                    setattr(self.latency, name, value)
                return {"first_token": self.latency.first_token, "per_token": self.latency.per_token}
            case _, "fault" | "usage" | "limits" | "latency":
                raise ApiError(405, f"Not allowed to {method} on {path}")
            case _:
                raise ApiError(404, f"There is no control at {path}: fault, usage, limits, latency")
        return {
            "faults": [
                {name: getattr(fault, name) for name in Fault.__slots__} | {"hits": hits}
                for fault, hits in self.faults.active()
            ]
        }


def parse_json(data: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body; raises ApiError 400."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"We could not parse the JSON body of your request. ({error})"
        raise ApiError(400, message) from None
    if not isinstance(body, dict):
        raise wrong_type("body", "an object", body)
    return body


def _settings(body: Mapping[str, Any], known: Mapping[str, int], *, whole: bool = False) -> dict[str, Any]:
    """Return the numbers in a control request; raises ApiError 400 for other names, types and values below `known`."""
    for name, value in body.items():
        if name not in known:
            raise ApiError(400, f"Unknown setting '{name}': {', '.join(known)}", code="unknown_parameter")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or value < known[name]:
            raise wrong_type(name, f"a number of at least {known[name]}", value)
    return dict(body)
