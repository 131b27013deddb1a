"""As a process, and as an import."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from heliograph.testing import LLMServer


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path, end: signal.Signals) -> None:
    log = tmp_path / "usage.jsonl"
    command = [sys.executable, "-m", "heliograph", "llm-server", "--port", "0", "--json", "--usage-log", str(log)]
    with subprocess.Popen([*command, "--first-token", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}).encode()
            with urllib.request.urlopen(f"{addresses['base_url']}/chat/completions", body, timeout=10) as response:
                answer = json.load(response)
            assert json.loads(log.read_text())["id"] == answer["id"]
        finally:
            process.send_signal(end)
        assert process.wait(10) == 0


def test_the_import_is_light() -> None:
    heavy = ["openai", "click", "opentelemetry", "pydantic"]
    code = f"import sys, heliograph.testing; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_many_clients_at_once_are_all_served_and_billed(server: LLMServer, connect: Any, passages: str) -> None:
    failures: list[BaseException] = []

    def work(client: openai.OpenAI) -> None:
        try:
            for _ in range(5):
                messages: Any = [{"role": "user", "content": passages}]
                list(client.chat.completions.create(model="gpt-4o", messages=messages, stream=True))
        except BaseException as error:  # noqa: BLE001 - any failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=work, args=(connect(server),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.usage()) == 50
    assert len({record["id"] for record in server.usage()}) == 50


@pytest.mark.anyio
async def test_the_async_client_works_too(server: LLMServer, passages: str, expected: str) -> None:
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="any") as client:
        messages: Any = [{"role": "user", "content": passages}]
        stream = await client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == expected


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
