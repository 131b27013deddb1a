"""`heliograph prices`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heliograph._options import config_files
from heliograph.errors import HeliographError
from heliograph.genai._prices import _list
from heliograph.genai._prices._book import ENVIRONMENT, Prices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heliograph.genai._prices._book import Quote
    from heliograph.genai._prices._rates import Card

__all__ = ["prices"]

_ROWS = {
    "input": "input",
    "cache_read": "cached input",
    "cache_write": "cache write",
    "cache_write_1h": "cache write, 1 h",
    "input_audio": "audio input",
    "cache_read_audio": "cached audio input",
    "output": "output",
    "reasoning": "reasoning",
    "output_audio": "audio output",
    "requests": "1 000 requests",
}


@click.command()
@click.argument("model", required=False)
@click.option("--provider", metavar="NAME", help="Who answers: openai, azure.ai.openai, aws.bedrock, gcp.vertex_ai, …")
@click.option(
    "file",
    "--prices",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Prices of your own, as HELIOGRAPH_PRICES would name them.",
)
@config_files(" and take its section `prices`")
@click.option("as_json", "--json", is_flag=True, help="Answer as JSON.")
def prices(
    model: str | None, provider: str | None, file: Path | None, overlays: tuple[Path, ...], *, as_json: bool
) -> None:
    """Show what a model costs, in each tier, and who says so.

    USD per million tokens, as calls of this moment are billed. Without MODEL: the list, its age and your own prices.
    Your own prices are those of --prices, else of $HELIOGRAPH_PRICES, else the section `prices` of heliograph.yaml.

    \b
    Examples:
      heliograph prices                                   # which list, how old, what is overridden
      heliograph prices gpt-4o                            # the maker is found by the name
      heliograph prices us.anthropic.claude-sonnet-4-5-20250929-v1:0 --provider aws.bedrock
      heliograph prices my-deployment --provider azure.ai.openai --prices prices.yaml

    Exit status: 0 priced, 1 the model has no price, 2 the prices of your own are wrong.
    """  # noqa: D301 - click wants the character itself
    book, origin = _book(file, overlays)
    answer = _overview(book, origin) if model is None else _model(book, provider or "", model)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    elif model is None:
        _show_overview(answer)
    else:
        _show_model(book, provider or "", model)
    if model is not None and not answer["tiers"]:
        raise SystemExit(1)


def _book(file: Path | None, overlays: tuple[Path, ...]) -> tuple[Prices, str]:
    given = os.environ.get(ENVIRONMENT, "").strip()
    if file is not None:
        return Prices(file), str(file)
    if given and not overlays:
        return Prices(given), f"{given} ({ENVIRONMENT})"
    from heliograph.config import load

    return Prices(load(overlays=overlays).prices), ", ".join(str(path) for path in ("heliograph.yaml", *overlays))


def _overview(book: Prices, origin: str) -> dict[str, Any]:
    providers = _list.snapshot().providers
    age, own = book.age_seconds(), book.own.overrides
    day, limit = book.checked_on(), own.max_age_days
    return {
        "list": {
            "package": "genai-prices",
            "version": _list.version(),
            "providers": len(providers),
            "models": sum(len(provider.models) for provider in providers),
            "checked_on": day.isoformat() if day else None,
            "age_seconds": age,
            "stale": None if age is None or limit is None else age > limit * 86_400,
        },
        "own": {
            "from": origin,
            "models": [*own.exact, *(pattern for pattern, _ in own.patterns)],
            "free": list(own.free),
            "providers": dict(own.providers),
            "file": own.file,
            "file_models": len(book.own.table) if book.own.table is not None else 0,
            "max_age_days": limit,
        },
    }


def _model(book: Prices, provider: str, model: str) -> dict[str, Any]:
    quotes = _quotes(book, provider, model)
    return {
        "model": model,
        "provider": provider or None,
        "unit": "USD per million tokens; requests: USD per thousand",
        "tiers": {
            quote.tier or "standard": {"rates": dict(card.rates), "above": _above(card), "source": quote.source}
            for quote in quotes
            if (card := quote.card) is not None
        },
        "why_not": None if any(quote.card for quote in quotes) else quotes[0].source,
    }


def _above(card: Card) -> dict[str, Mapping[str, float]]:
    return {str(start): dict(rates) for start, rates in card.above}


def _quotes(book: Prices, provider: str, model: str) -> list[Quote]:
    return [book.quote(provider, model, tier) for tier in book.tiers(provider, model) or [""]]


def _show_overview(answer: dict[str, Any]) -> None:
    listed, own = answer["list"], answer["own"]
    click.echo(f"{listed['package']} {listed['version']}: {listed['models']} models of {listed['providers']} providers")
    if listed["checked_on"] is None:
        click.echo("  does not say when its prices were compared with their sources")
    else:
        days = listed["age_seconds"] / 86_400
        stale = f"; older than {own['max_age_days']:g} days: update the package" if listed["stale"] else ""
        click.echo(f"  last compared with a source on {listed['checked_on']}, {days:.0f} days ago{stale}")
    click.echo(f"Your own, from {own['from']}:")
    rows = {"prices": own["models"], "free": own["free"], "providers": own["providers"], "file": own["file"]}
    if not any(rows.values()):
        click.echo("  nothing: the list alone is used")
        return
    if own["models"]:
        click.echo(f"  prices of    {', '.join(own['models'])}")
    if own["free"]:
        click.echo(f"  free         {', '.join(own['free'])}")
    for name, home in own["providers"].items():
        click.echo(f"  provider     {name} pays the prices of {home}")
    if own["file"]:
        click.echo(f"  file         {own['file']}: {own['file_models']} names")


def _show_model(book: Prices, provider: str, model: str) -> None:
    quotes = _quotes(book, provider, model)
    if not any(quote.card for quote in quotes):
        hint = "give --provider, or state a price: docs/prices.md" if not provider else "state a price: docs/prices.md"
        raise HeliographError(f"{model} has no price: calls are counted as unpriced.", why=quotes[0].source, hint=hint)
    click.echo(f"{model}{' at ' + provider if provider else ''}: USD per million tokens")
    columns = [(name, rates) for quote in quotes if quote.card for name, rates in _columns(quote, quote.card)]
    width = max(len(label) for label in _ROWS.values())
    widths = [max(len(name), 9) for name, _ in columns]
    click.echo("  ".join(["".ljust(width), *(name.rjust(w) for (name, _), w in zip(columns, widths, strict=True))]))
    for rate, label in _ROWS.items():
        if any(rate in rates for _, rates in columns):
            cells = (f"{rates[rate]:g}" if rate in rates else "-" for _, rates in columns)
            click.echo("  ".join([label.ljust(width), *(c.rjust(w) for c, w in zip(cells, widths, strict=True))]))
    for source in dict.fromkeys(quote.source for quote in quotes if quote.card):
        click.echo(f"from {source}")


def _columns(quote: Quote, card: Card) -> list[tuple[str, dict[str, float]]]:
    name, rates = quote.tier or "standard", dict(card.rates)
    columns = [(name, rates)]
    for start, changed in card.above:
        rates = {**rates, **changed}
        columns.append((f"{name} >{start // 1000}k", rates))
    return columns
