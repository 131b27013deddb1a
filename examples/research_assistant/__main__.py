"""`python -m research_assistant ask "..."`, or a steady stream of questions: `batch`."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import openai

import heliograph
from research_assistant import corpus
from research_assistant.assistant import Assistant
from research_assistant.retrieval import Index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUESTIONS = Path(__file__).with_name("questions.txt")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 1 when the one question that was asked has failed."""
    options = _options(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    heliograph.configure(service_name="research-assistant")  # (H) traces, metrics and logs over OTLP
    index = Index(corpus.folder(options.docs) if options.docs else corpus.installed_packages())
    with _client(options.retries) as client:
        assistant = Assistant(client, index)
        return _ask(assistant, options) if options.command == "ask" else _batch(assistant, options)


def _ask(assistant: Assistant, options: argparse.Namespace) -> int:
    try:
        print(assistant.ask(options.question, model=options.model, stream=options.stream, **_who(0, 1)))
    except openai.OpenAIError as error:
        print(f"research_assistant: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _batch(assistant: Assistant, options: argparse.Namespace) -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    models = itertools.cycle(options.model)
    began = time.monotonic()
    for number, question in enumerate(itertools.cycle(options.questions)):
        said: dict[str, object] = {"question": question, "model": (model := next(models))}
        asked = time.monotonic()
        try:
            said["answer"] = assistant.ask(
                question, model=model, stream=number // 2 % 2 == 0, **_who(number, options.users)
            )
        except openai.OpenAIError as error:  # one question failed; the next one is asked all the same
            said["error"] = f"{type(error).__name__}: {error}"
        said["seconds"] = round(time.monotonic() - asked, 3)
        print(
            json.dumps(said) if options.json else f"{question}\n  {said.get('answer') or said.get('error')}", flush=True
        )
        over = options.duration and time.monotonic() - began > options.duration
        if over or stop.wait(max(0.0, 1 / options.rate - (time.monotonic() - asked))):
            break
    return 0


def _who(number: int, users: int) -> dict[str, str]:
    user = number % users
    return {"user": f"user-{user}", "session": f"session-{user}", "tenant": ("acme", "globex")[user % 2]}


@contextlib.contextmanager
def _client(retries: int) -> Iterator[openai.OpenAI]:
    """Yield a client for the provider in the environment, else for the bundled server."""
    if "OPENAI_API_KEY" in os.environ or "OPENAI_BASE_URL" in os.environ:
        yield openai.OpenAI(max_retries=retries)
        return
    from heliograph.testing import LLMServer

    with LLMServer() as server:
        print("OPENAI_API_KEY is not set: the bundled server answers", file=sys.stderr)
        yield openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=retries)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="research_assistant", description=__doc__)
    parser.add_argument("--docs", type=_docs, help="answer from the files in this folder, not from installed packages")
    parser.add_argument(
        "--retries", type=int, default=0, help="retries inside the openai client (default: %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--model", default="gpt-4o-mini")
    ask.add_argument("--stream", action="store_true")
    batch = commands.add_parser("batch", help="ask many questions, one after the other")
    batch.add_argument("--questions", type=_lines, default=str(QUESTIONS), help="a file with one question a line")
    batch.add_argument("--rate", type=_positive, default=1.0, help="questions per second (default: %(default)s)")
    batch.add_argument("--duration", type=float, default=30.0, help="seconds; 0: until SIGTERM")
    batch.add_argument("--users", type=_count, default=5, help="how many users take turns")
    batch.add_argument("--model", type=_names, default="gpt-4o-mini", help="several, with commas, take turns")
    batch.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args(argv)


def _docs(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    if next(corpus.files(path), None) is None:
        raise argparse.ArgumentTypeError(f"{text} holds no {', '.join(sorted(corpus.SUFFIXES))} file")
    return path


def _lines(text: str) -> list[str]:
    try:
        lines = [line.strip() for line in Path(text).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read: {error}") from None
    if not lines:
        raise argparse.ArgumentTypeError(f"{text} holds no question")
    return lines


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("no model is named")
    return names


def _positive(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
