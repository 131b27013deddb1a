"""One server without waits per test, and the real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest

from heliograph.testing import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSAGES = """\
Answer from these passages.

[1] rich: tables
Rich draws tables on the terminal with the Table class. A table has columns and rows.

[2] click: options
Options are added to commands with the option decorator. An option may be required.

Question: How do I draw a table on the terminal?"""

ANSWER = "Rich draws tables on the terminal with the Table class. [1] A table has columns and rows. [1]"


@pytest.fixture
def server() -> Iterator[LLMServer]:
    with LLMServer(first_token=0, per_token=0) as running:
        yield running


@pytest.fixture(scope="session")
def transport() -> Iterator[openai.DefaultHttpxClient]:
    # Making a client reads the certificates, which takes longer than a test here.
    with openai.DefaultHttpxClient() as shared:
        yield shared


@pytest.fixture
def connect(transport: openai.DefaultHttpxClient) -> Callable[..., openai.OpenAI]:
    def make(server: LLMServer, *, api_key: str = "any", max_retries: int = 0) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=server.base_url, api_key=api_key, max_retries=max_retries, http_client=transport, timeout=10
        )

    return make


@pytest.fixture
def client(server: LLMServer, connect: Callable[..., openai.OpenAI]) -> openai.OpenAI:
    return connect(server)


@pytest.fixture
def passages() -> str:
    return PASSAGES


@pytest.fixture
def expected() -> str:
    return ANSWER
