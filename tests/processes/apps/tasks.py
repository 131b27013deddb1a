"""A Celery application with a prefork pool: its workers end through `os._exit`."""

from __future__ import annotations

import os

from calls import ask
from celery import Celery

import heliograph

heliograph.configure(service_name="app")
app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": os.environ["QUEUE"],
        "data_folder_out": os.environ["QUEUE"],
        "control_folder": os.environ["QUEUE"] + "-control",
    },
    worker_concurrency=2,
)


@app.task
def answer(user: str) -> None:
    with heliograph.query("task", user_id=user), heliograph.chain("celery"):
        ask()
        ask()


if __name__ == "__main__":
    for number in range(8):
        answer.delay(f"u{number}")
