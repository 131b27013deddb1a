"""Whose work a thread does: context follows the application's, not that of what serves everyone."""

from __future__ import annotations

import concurrent.futures
import functools
import logging.handlers
import multiprocessing.pool
import threading

import pytest

from heliograph.telemetry._threads import serves_everyone


def mine() -> None:
    """Do the application's work."""


class Mine(threading.Thread):
    """A thread of the application's."""


WORK: list[tuple[str, object, bool, bool]] = [
    ("a function of the application", mine, True, False),
    ("a thread class of the application", Mine, True, False),
    ("a partial", functools.partial(mine), False, False),
    ("a lambda", lambda: None, True, False),
    ("a worker of a pool", concurrent.futures.thread._worker, False, True),
    ("a worker of an old pool", getattr(multiprocessing.pool, "worker"), True, True),  # noqa: B009 - typeshed has none
    ("a queue listener", getattr(logging.handlers.QueueListener, "_monitor"), True, True),  # noqa: B009
    ("a library's daemon", pytest.main, True, True),
    ("a library's work", pytest.main, False, False),
    ("a built-in", print, True, False),
]


@pytest.mark.parametrize(("work", "daemon", "serves"), [each[1:] for each in WORK], ids=[each[0] for each in WORK])
def test_who_serves_everyone(work: object, daemon: bool, serves: bool) -> None:
    assert serves_everyone(work, daemon=daemon) is serves
