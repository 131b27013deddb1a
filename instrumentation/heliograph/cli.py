"""The `heliograph` command: one table of subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

try:
    import click
except ModuleNotFoundError:  # the base install is for applications; the tools are an extra
    from heliograph._bare import bare

    bare(sys.argv[1:])

from heliograph._version import __version__
from heliograph.errors import HeliographError

__all__ = ["main"]

# name -> (module, attribute, one line for `--help`): a table, so that `--help` imports nothing.
_COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("heliograph.run._click", "run", "Run a program as it is, and see its calls of models."),
    "up": ("heliograph.stack._cli", "up", "Start the stack on this machine, without Docker."),
    "down": ("heliograph.stack._cli", "down", "Stop the stack."),
    "reload": ("heliograph.reload._cli", "reload", "Have the running stack take a changed configuration."),
    "status": ("heliograph.stack._cli", "status", "Say which servers run, where, and how they feel."),
    "logs": ("heliograph.stack._cli", "logs", "Show the log of one server."),
    "build": ("heliograph.stack._build_cli", "build", "Build the servers into the user cache."),
    "generate": ("heliograph.config._cli", "generate", "Render rules, routing and boards from heliograph.yaml."),
    "export": ("heliograph.export._cli", "export", "Give your own Prometheus, Grafana or Kubernetes the rules."),
    "config": ("heliograph.config._config_cli", "config", "Explain a key of heliograph.yaml, or print its schema."),
    "secrets": ("heliograph.secure._secrets_cli", "secrets", "Make and change the passwords of an exposed stack."),
    "tokens": ("heliograph.secure._tokens_cli", "tokens", "Say who may send telemetry to an exposed stack."),
    "certs": ("heliograph.secure._certs_cli", "certs", "Make and renew the certificates of an exposed stack."),
    "prices": ("heliograph.genai._prices._cli", "prices", "Show what a model costs, in each tier, and who says so."),
    "alerts": ("heliograph.ops._alerts_cli", "alerts", "Show what fires, and who was told."),
    "ack": ("heliograph.ops._ack_cli", "ack", "Acknowledge an alert: nobody is told of it for a while."),
    "notify-test": ("heliograph.ops._notify_cli", "notify_test", "Send a test notification through Alertmanager."),
    "inbox": ("heliograph.ops._inbox_cli", "inbox", "Run the local inbox: mailbox, webhook and runbook pages."),
    "meter": ("heliograph.meter._cli", "meter", "Count the calls of applications that do not use the package."),
    "canary": ("heliograph.canary._cli", "canary", "Make a synthetic call: do its trace, metric and log arrive?"),
    "llm-server": ("heliograph.testing._cli", "llm_server", "Run the OpenAI-compatible server of the tests."),
    "demo": ("heliograph.demo._cli", "demo", "Show everything at work: questions, a fault, an alert, its end."),
    "drill": ("heliograph.drill._cli", "drill", "Break things one at a time: who is told of what, and when?"),
    "verify-pipeline": (
        "heliograph.ledger._cli",
        "verify_pipeline",
        "Send numbered records, read every one back: is any missing?",
    ),
}

_LONGEST = 200
"""Characters of a file's name that an error shows."""


class _Lazy(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="heliograph")
def _root() -> None:
    """Signals from your LLM application: what it did, what it cost, who it hurt, and what to do about it.

    `heliograph run -- python app.py` shows the calls of a program as it is; `heliograph demo` shows everything at work;
    `heliograph up` is a stack of your own.
    """


def main(argv: list[str] | None = None) -> Any:  # noqa: ANN401 - click's own return type
    """Run the command line; errors of the user's making end in a message, never in a traceback."""
    try:
        return _root.main(args=argv, prog_name="heliograph", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except click.exceptions.Exit as leave:
        raise SystemExit(leave.exit_code) from None
    except HeliographError as error:
        click.echo(f"heliograph: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo("heliograph: interrupted", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
    except OSError as error:
        if error.filename is None:
            raise  # a defect, or the network: not about what somebody named
        named = repr(str(error.filename))
        shown = named if len(named) <= _LONGEST else f"{named[:_LONGEST]}..."
        click.echo(f"heliograph: {shown} cannot be used: {error.strerror}", err=True)
        raise SystemExit(1) from None
