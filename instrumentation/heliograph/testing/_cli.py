"""`heliograph llm-server`: the OpenAI-compatible server of the tests as a process."""

from __future__ import annotations

import json
from pathlib import Path

import click

from heliograph.serving._until import until_told
from heliograph.testing._server import LLMServer

__all__ = ["llm_server"]

_DEFAULT_PORT = 8089


@click.command("llm-server")
@click.option("--port", type=click.IntRange(0, 65535), default=_DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--usage-log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append one JSON line per billed answer to this file.",
)
@click.option("--api-key", envvar="HELIOGRAPH_LLM_SERVER_KEY", help="Refuse every other key.  [default: any is fine]")
@click.option("--requests-per-minute", type=click.IntRange(1), default=10_000, show_default=True, help="Of each model.")
@click.option(
    "--tokens-per-minute", type=click.IntRange(1), default=2_000_000, show_default=True, help="Of each model."
)
@click.option(
    "--first-token", type=click.FloatRange(0), default=0.05, show_default=True, help="Seconds until it comes."
)
@click.option("--per-token", type=click.FloatRange(0), default=0.002, show_default=True, help="Seconds for each.")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one line of JSON.")
def llm_server(
    *,
    port: int,
    host: str,
    usage_log: Path | None,
    api_key: str | None,
    requests_per_minute: int,
    tokens_per_minute: int,
    first_token: float,
    per_token: float,
    as_json: bool,
) -> None:
    """Run an OpenAI-compatible server: real protocol, invented model, no cost.

    It answers with sentences of the passages in the prompt, counts and bills tokens, and breaks when told to:

    \b
      heliograph llm-server --usage-log usage.jsonl
      export OPENAI_BASE_URL=http://127.0.0.1:8089/v1 OPENAI_API_KEY=any
      curl http://127.0.0.1:8089/_control/fault -d '{"kind": "500", "rate": 0.5, "seconds": 60}'
      curl http://127.0.0.1:8089/_control/usage
    """  # noqa: D301 - \b is click's
    server = LLMServer(
        port,
        host=host,
        usage_log=usage_log,
        api_key=api_key,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        first_token=first_token,
        per_token=per_token,
    )
    with until_told() as wait_for_the_end, server:
        if as_json:
            click.echo(json.dumps({"base_url": server.base_url, "control_url": f"{server.url}/_control"}))
        else:
            click.echo(f"LLM server on {server.base_url} (Ctrl-C ends it)")
            click.echo(f"  export OPENAI_BASE_URL={server.base_url} OPENAI_API_KEY={'...' if api_key else 'any'}")
            if usage_log is not None:
                click.echo(f"  billed answers: {usage_log}")
        wait_for_the_end()
