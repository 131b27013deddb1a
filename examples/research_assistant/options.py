"""The command line's options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from research_assistant import corpus
from research_assistant.assistant import PROMPTS
from research_assistant.traffic import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTIONS = Path(__file__).with_name("questions.txt")


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; leaves with code 2 and a word on what is wrong."""
    parser = argparse.ArgumentParser(
        prog="research_assistant", description="Answer questions from documents, by a fixed chain or by an agent."
    )
    _about_answers(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="answer one question")
    ask.add_argument("question")
    ask.add_argument("--model", default="gpt-4o-mini")
    ask.add_argument("--stream", action="store_true")
    ask.add_argument("--agent", action="store_true", help="let an agent choose its tools")
    ask.add_argument("--query-type", metavar="NAME", help="report it as a query of this type")
    batch = commands.add_parser("batch", help="ask many questions")
    batch.add_argument("--questions", type=_lines, default=str(QUESTIONS), help="a file with one question a line")
    batch.add_argument("--rate", type=_positive, default=1.0, help="questions per second (default: %(default)s)")
    batch.add_argument("--workers", type=_count, default=1, help="questions at a time (default: %(default)s)")
    batch.add_argument("--duration", type=float, default=30.0, help="seconds; 0: until SIGTERM")
    batch.add_argument("--model", type=_names, default="gpt-4o-mini", help="several, with commas, take turns")
    batch.add_argument(
        "--mix", type=_mix, default="research=4,agent=1", help="how questions are answered (default: %(default)s)"
    )
    batch.add_argument("--users", type=_count, default=5, help="how many users take turns (default: %(default)s)")
    batch.add_argument(
        "--heavy-user", type=_share, default=0.0, metavar="SHARE", help="share of questions that user-0 asks besides"
    )
    batch.add_argument("--query-type", metavar="NAME", help="report all as queries of this type")
    batch.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args(argv)


def _about_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--docs", type=_docs, help="answer from the files in this folder, not from installed packages")
    parser.add_argument(
        "--index", type=Path, metavar="FOLDER", help="keep the index in this folder, and read it for every question"
    )
    parser.add_argument(
        "--retries", type=int, default=0, help="retries inside the openai client (default: %(default)s)"
    )
    parser.add_argument(
        "--passages", type=_count, default=4, help="passages that go into a prompt (default: %(default)s)"
    )
    parser.add_argument(
        "--rerank-passes",
        type=_count,
        default=1,
        metavar="N",
        help="how often passages are ranked: better and slower, each pass after the first is a call of the model",
    )
    parser.add_argument("--prompt-version", choices=PROMPTS, default="1", help="of the research chain's prompt")
    parser.add_argument(
        "--max-steps", type=_whole, default=8, metavar="N", help="an agent's limit (default: %(default)s); 0: none"
    )


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


def _mix(text: str) -> dict[str, int]:
    mix: dict[str, int] = {}
    for part in text.split(","):
        kind, _, share = part.strip().partition("=")
        if kind not in KINDS or not (share or "1").isdecimal():
            raise argparse.ArgumentTypeError(f"{part} is not one of {', '.join(KINDS)}, = and a whole number")
        mix[kind] = int(share or "1")
    if not any(mix.values()):
        raise argparse.ArgumentTypeError(f"{text} asks nothing")
    return mix


def _share(text: str) -> float:
    if not 0 <= (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _positive(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _whole(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number
