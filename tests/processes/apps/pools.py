"""Worker processes of a pool, made as argv says; two queries, one after the other, use the same workers."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import sys

from calls import ask

import heliograph

# A spawned worker imports everything anew.
WORKERS = {"fork": 8, "spawn": 2, "forkserver": 2}


def two(_: int) -> None:
    ask()
    ask()


def main(kind: str, method: str) -> None:
    heliograph.configure(service_name="app")
    context = multiprocessing.get_context(method)
    if kind == "executor":
        pool = concurrent.futures.ProcessPoolExecutor(WORKERS[method], mp_context=context)
        everywhere = lambda: list(pool.map(two, range(16)))  # noqa: E731
        once, end = (lambda: pool.submit(ask).result()), pool.shutdown
    else:
        workers = context.Pool(WORKERS[method], maxtasksperchild=3 if method == "fork" else None)
        everywhere = lambda: workers.map(two, range(16), chunksize=1)  # noqa: E731
        once = lambda: workers.apply(ask)  # noqa: E731

        def end() -> None:
            workers.close()
            workers.join()

    for name in ("first", "second"):
        with heliograph.query(name, user_id=name), heliograph.chain(name):
            everywhere()
    once()
    end()


if __name__ == "__main__":
    main(*sys.argv[1:])
