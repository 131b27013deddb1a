"""Users who ask one question after the other: who asks, what, and how many at a time."""

from __future__ import annotations

import itertools
import json
import math
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import openai

from research_assistant.retrieval import RetrievalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TENANTS = ("acme", "globex", "initech", "umbrella")
KINDS = ("research", "agent")
"""Ways of asking."""


@dataclass(frozen=True)
class Turn:
    """One question of one user."""

    question: str
    model: str
    kind: str
    stream: bool
    who: dict[str, str]


def who(number: int, users: int) -> dict[str, str]:
    """Name the user whose turn it is, of so many, and the session and tenant."""
    user = number % users
    return {"user": f"user-{user}", "session": f"session-{user}", "tenant": TENANTS[user % len(TENANTS)]}


def turns(
    questions: Sequence[str], models: Sequence[str], mix: Mapping[str, int], *, users: int, heavy_user: float = 0.0
) -> Iterator[Turn]:
    """Yield turns without end. Users, questions and models take turns; `mix` weighs the ways of asking.

    `heavy_user` is the share of all turns that the first user takes besides the own ones. Shares are kept without dice,
    and so that one does not follow the other (Weyl's equidistribution): every run is the same.
    """
    asked, model = itertools.cycle(questions), itertools.cycle(models)
    total = sum(mix.values())
    bounds = list(itertools.accumulate(share / total for share in mix.values()))
    for number in itertools.count():
        at = (number + 1) * math.sqrt(2) % 1
        kind = next((kind for kind, bound in zip(mix, bounds, strict=True) if at < bound), [*mix][-1])
        heavy = (number + 1) * math.sqrt(3) % 1 < heavy_user
        yield Turn(next(asked), next(model), kind, number // 2 % 2 == 0, who(0 if heavy else number, users))


def run(
    ask: Callable[[Turn], str],
    turns: Iterator[Turn],
    *,
    rate: float,
    duration: float,
    workers: int = 1,
    as_json: bool = False,
) -> None:
    """Ask `rate` questions per second, at most `workers` at a time, for `duration` seconds; 0: until SIGTERM or Ctrl-C.

    A question that fails is told of, and the next one is asked all the same. A defect of ours ends the run.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    free, printing = threading.Semaphore(workers), threading.Lock()
    defects: list[BaseException] = []

    def answer(turn: Turn) -> None:
        said: dict[str, object] = {"question": turn.question, "model": turn.model, "kind": turn.kind}
        asked = time.monotonic()
        try:
            said["answer"] = ask(turn)
        except (openai.OpenAIError, RetrievalError, ValueError) as error:  # a ValueError: an answer that is no JSON
            said["error"] = f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001 - raised again below, on the main thread
            defects.append(error)
            stop.set()
        finally:
            free.release()
        said["seconds"] = round(time.monotonic() - asked, 3)
        with printing:
            print(
                json.dumps(said) if as_json else f"{turn.question}\n  {said.get('answer') or said.get('error')}",
                flush=True,
            )

    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        while not stop.is_set() and not (duration and time.monotonic() - began > duration):
            asked = time.monotonic()
            free.acquire()
            if stop.is_set():
                break
            pool.submit(answer, next(turns))
            stop.wait(max(0.0, 1 / rate - (time.monotonic() - asked)))
    if defects:
        raise defects[0]
