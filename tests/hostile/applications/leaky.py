"""An application that says more than it should, wherever it can."""

from __future__ import annotations

import contextlib
import json
import logging
import sys

import openai
from opentelemetry import trace

import heliograph

p: dict[str, str] = json.loads(sys.argv[1])
heliograph.configure("leaky", capture_content="full")
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
log = logging.getLogger("leaky")
client = openai.OpenAI(max_retries=0)
tracer = trace.get_tracer("leaky")


def ask(text: str, **more: object) -> object:
    messages = [{"role": "system", "content": f"password={p['password']}"}, {"role": "user", "content": text}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages, **more)  # type: ignore[call-overload]


with heliograph.query("leak", user_id="u-1", session_id="s-1", tenant=p["key as a tenant"]):
    with heliograph.chain(f"login {p['key as a chain']}"):
        ask(f"seen-in-the-prompt: my key is {p['key in a prompt']}, card {p['card']}, mail {p['mail']}")
        for _ in ask(f"and {p['token in a stream']}", stream=True):  # type: ignore[attr-defined]
            pass
    with tracer.start_as_current_span(f"GET https://user:{p['password in an address']}@host/x?sig=1") as span:
        span.set_attribute("url.full", f"https://host/x?api_key={p['key in a query']}")
        span.set_attribute("http.request.header.authorization", [f"Bearer {p['header']}"])
        span.set_attribute("app.login", json.dumps({"user": "u", "password": p["password in json"]}))
        span.add_event("retry", {"token": p["token in an event"]})
    with contextlib.suppress(ValueError), tracer.start_as_current_span("work"):
        raise ValueError(f"refused: {p['key in an exception']} of {p['mail in an exception']}")
    try:
        p[f"cannot log in with {p['key in a traceback']}"]
    except KeyError:
        log.exception("failed with token=%s", p["token in a log"])
    log.info("seen-in-a-log", extra={"api_key": p["key in an extra"], "note": f"Bearer {p['bearer in an extra']}"})
    wrong = openai.OpenAI(api_key=p["key of the client"], max_retries=0)
    with contextlib.suppress(openai.OpenAIError):
        wrong.chat.completions.create(model=f"gpt {p['key as a model']}", messages=[{"role": "user", "content": "?"}])
heliograph.shutdown()
