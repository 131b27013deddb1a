"""A gateway like LiteLLM's: OpenAI's API in, the openai client out, and it reports its own spans.

`python gateway.py heliograph` reports through the package, `python gateway.py official` through OpenTelemetry's own
instrumentor. It prints its port.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
from opentelemetry import context, propagate, trace

if sys.argv[1] == "heliograph":
    import heliograph

    heliograph.configure("gateway")
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "gateway"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    OpenAIInstrumentor().instrument()

upstream = openai.OpenAI()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = context.attach(propagate.extract(dict(self.headers)))
        try:
            with trace.get_tracer("gateway").start_as_current_span("POST /chat/completions"):
                answer = upstream.chat.completions.create(**asked)
        finally:
            context.detach(token)
        body = answer.model_dump_json().encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
