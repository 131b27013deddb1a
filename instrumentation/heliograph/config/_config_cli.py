"""`heliograph config`: `schema` and `explain`."""

import click

__all__ = ["config"]


@click.group()
def config() -> None:
    """Explain a key of heliograph.yaml, or print its schema."""
