"""`LLMServer`: the server as an object of the test that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from heliograph.errors import HeliographError
from heliograph.serving._addresses import listen
from heliograph.serving._server import Server
from heliograph.testing._errors import ApiError
from heliograph.testing._faults import Fault
from heliograph.testing._http import LLMHandler
from heliograph.testing._ledger import Ledger
from heliograph.testing._limits import RateLimits
from heliograph.testing._prompt_cache import PromptCache
from heliograph.testing._reply import Engine, StreamUsage
from heliograph.testing._service import Latency, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike
    from types import TracebackType

    from heliograph.testing._faults import FaultKind
    from heliograph.testing._service import ReceivedRequest

__all__ = ["LLMServer"]

_CONNECTIONS = 4096  # tests of many calls at once open as many


class LLMServer:
    """An OpenAI-compatible server on this machine, for tests and demonstrations.

    It speaks the protocol that the `openai` client expects - chat completions, responses, embeddings, models, streams,
    tools, structured output, rate-limit headers, errors - and bills every answer in tokens. Answers are made of
    sentences of the passages in the prompt, always the same for the same prompt::

        with LLMServer() as server:
            client = openai.OpenAI(base_url=server.base_url, api_key="any")
            client.chat.completions.create(model="gpt-4o-mini", messages=[...])
            assert server.usage()[-1]["usage"]["prompt_tokens"] == 12

    `port` 0 takes a free one. `usage_log`: a file that gets one JSON line per billed answer. `api_key`: refuse others
    (None: accept any). `models`: the only ones that exist (None: any name is served). `answer`: answer like this
    instead; it gets the last user message. `first_token` and `per_token`: pace of answers, in seconds.
    `cache_minimum`: prompts of fewer tokens are never cached. `stream_usage`: how chat streams take `stream_options`:
    "on request" as OpenAI, "ignored", "refused" (status 400), or "always" (usage with the last choice, unasked).
    Azure's paths (`/openai/deployments/<deployment>/chat/completions`) are served too; a deployment is a model's name.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        usage_log: str | PathLike[str] | None = None,
        api_key: str | None = None,
        models: Iterable[str] | None = None,
        answer: Callable[[str], str] | None = None,
        first_token: float = 0.05,
        per_token: float = 0.002,
        requests_per_minute: int = 10_000,
        tokens_per_minute: int = 2_000_000,
        cache_minimum: int = 1024,
        max_body_bytes: int = 8 * 1024 * 1024,
        stream_usage: StreamUsage = "on request",
    ) -> None:
        self.host = host
        self.port = port
        self._usage_log = Path(usage_log) if usage_log is not None else None
        served = frozenset(models) if models is not None else None
        self._service = Service(
            ledger=Ledger(),
            limits=RateLimits(requests_per_minute, tokens_per_minute),
            engine=Engine(served, answer, stream_usage, PromptCache(cache_minimum)),
            latency=Latency(first_token, per_token),
            api_key=api_key,
            max_body_bytes=max_body_bytes,
        )
        self._http: Server | None = None

    @property
    def base_url(self) -> str:
        """What the client calls `base_url`."""
        return f"{self.url}/v1"

    @property
    def url(self) -> str:
        """The server's address, without `/v1`."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own; raises HeliographError when the port is taken or the log not writable."""
        if self._http is not None:
            return self
        hint = "choose another port; port 0 takes a free one"
        listener = listen((self.host, self.port), who="The LLM server", hint=hint)
        handler = type("BoundHandler", (LLMHandler,), {"service": self._service})
        http = Server(listener, handler, name="heliograph-llm-server", connections=_CONNECTIONS)
        try:
            self._service.ledger.open(self._usage_log)
        except OSError as error:
            http.stop()
            raise HeliographError(f"the usage log {self._usage_log} cannot be written", why=str(error)) from error
        self._service.stopping.clear()
        self.port = http.address[1]
        self._http = http
        http.start()
        return self

    def stop(self) -> None:
        """Stop serving; open connections are closed, unfinished answers billed as far as they went."""
        if self._http is None:
            return
        self._service.stopping.set()
        self._http.stop()
        self._service.ledger.close()
        self._http = None

    def fault(
        self,
        kind: FaultKind | str,
        *,
        rate: float = 1.0,
        seconds: float | None = None,
        delay: float = 3.0,
        retry_after: float = 1.0,
        endpoint: str | None = None,
        model: str | None = None,
    ) -> None:
        """Switch a fault on: `401`, `429`, `500`, `cut`, `filter`, `garbage`, `loop` or `slow`; `none` ends all.

        `rate` is the share of requests that suffer, kept without dice; `seconds` how long it lasts (None: no end).
        `delay`: how much longer a `slow` answer takes; `retry_after`: what a `429` asks for; both in seconds.
        `endpoint` (`chat.completions`, `embeddings`, `responses`) and `model` narrow it. Raises ValueError.
        """
        numbers = {"rate": rate, "seconds": seconds, "delay": delay, "retry_after": retry_after}
        try:
            fault = Fault.parse({"kind": kind, **numbers, "endpoint": endpoint, "model": model})
        except ApiError as error:
            raise ValueError(error.message) from None
        if fault is None:
            self._service.faults.clear()
        else:
            self._service.faults.set(fault)

    def limit(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        taken: float | None = None,
    ) -> None:
        """Change the rate limits of every model; counting starts again.

        `taken`: the share of each limit, from 0 to below 1, that others of the same organization use all the time.
        """
        if taken is not None and not 0 <= taken < 1:
            raise ValueError("`taken` is a share: from 0 to below 1")
        self._service.limits.set(
            requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute, taken=taken
        )

    def rename(self, model: str, to: str | None) -> None:
        """Serve requests for `model` with the model `to` from now on, as providers do with an alias; None: no more."""
        if to is None:
            self._service.renamed.pop(model, None)
        else:
            self._service.renamed[model] = to

    def usage(self) -> list[dict[str, Any]]:
        """Return what was billed, oldest first: the records of the usage log, the newest 10 000."""
        return self._service.ledger.records()

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the sums of everything billed, by model."""
        return self._service.ledger.totals()

    def requests(self) -> list[ReceivedRequest]:
        """Return the API requests that came in, also those that were refused; the newest 100, oldest first."""
        return list(self._service.received)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
