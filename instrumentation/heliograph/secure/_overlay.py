"""`heliograph up --overlay exposed`: what the plain stack's servers get on top, as arguments, variables and files.

Only names of files are passed on. What stands in them the servers read by themselves, so that plan, process list and
logs never see a secret.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from heliograph.errors import HeliographError
from heliograph.secure._access import SERVER
from heliograph.secure._folder import Folder
from heliograph.secure._render import exposed_datasources, exposed_prometheus, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heliograph.stack._ports import Ports
    from heliograph.stack._servers import Extra

__all__ = ["LOKI_FLAGS", "NO_CONTEXT", "Exposed", "add_files", "check", "extras"]

_LOKI_CLIENTS: Final = (
    "compactor.grpc-client",
    "frontend.grpc-client-config",
    "ingester.client",
    "querier.frontend-grpc-client",
    "querier.scheduler-grpc-client",
    "query-scheduler.grpc-client-config",
    "tsdb.shipper.index-gateway-client.grpc",
)
"""Parts of Loki that call its own gRPC port, even within one process."""


NO_CONTEXT: Final = "--feature-gates=-exporter.PersistRequestContext"
"""Without it the collector writes the headers of each request, the token among them, into its queue on the disk."""


@dataclass(frozen=True)
class Exposed:
    """How a stack is exposed."""

    secrets: str
    """The folder of its secrets."""
    listen: str = "0.0.0.0"  # noqa: S104 - what being exposed means; everything that listens there asks who it is
    """The address on which OTLP, Prometheus, Alertmanager, Jaeger and Grafana listen; all else stays on loopback."""

    @property
    def asked(self) -> str:
        """Where the servers of this machine find those."""
        return "127.0.0.1" if ipaddress.ip_address(self.listen).is_unspecified else self.listen

    @property
    def folder(self) -> Folder:
        """The secrets themselves."""
        return Folder(Path(self.secrets))


def check(exposed: Exposed) -> None:
    """Raise HeliographError when something is missing, or a certificate is over: it would be found out too late."""
    from heliograph.secure._authority import look
    from heliograph.secure._layout import lay_out
    from heliograph.secure._tokens import Tokens

    folder = exposed.folder.required()
    try:
        asked = exposed.asked
    except ValueError:
        raise HeliographError(
            f"{exposed.listen!r} is no IP address.", hint="--listen 0.0.0.0 for all of this machine's", exit_code=2
        ) from None
    Tokens(folder).prune()
    lay_out(folder)
    if asked not in look(folder.path / "api.crt").names:
        raise HeliographError(
            f"The certificate is not for {asked}.", hint=f"heliograph certs renew {asked} NAMES", exit_code=2
        )
    now = datetime.now(UTC)
    over = [path for path in folder.files() if path.suffix == ".crt" and look(path).ends <= now]
    if over:
        raise HeliographError(
            "A certificate is over: " + ", ".join(path.relative_to(folder.path).as_posix() for path in over[:3]),
            hint="heliograph certs renew",
            exit_code=2,
        )


def loki_flags(folder: str, alertmanager_ca: str = "api-ca.crt") -> tuple[str, ...]:
    """Return Loki's flags: clients show a certificate of our authority, on HTTP and on gRPC."""
    found = ["-server.tls-min-version=VersionTLS12"]
    for kind in ("http", "grpc"):
        found += [
            f"-server.{kind}-tls-cert-path={folder}/inner.crt",
            f"-server.{kind}-tls-key-path={folder}/inner.key",
            f"-server.{kind}-tls-ca-path={folder}/ca.crt",
            f"-server.{kind}-tls-client-auth=RequireAndVerifyClientCert",
        ]
    for client in _LOKI_CLIENTS:
        found += [
            f"-{client}.tls-enabled=true",
            f"-{client}.tls-ca-path={folder}/ca.crt",
            f"-{client}.tls-cert-path={folder}/client.crt",
            f"-{client}.tls-key-path={folder}/client.key",
        ]
    return (
        *found,
        "-ruler.alertmanager-client.type=Basic",
        f"-ruler.alertmanager-client.credentials-file={folder}/authorization",
        f"-ruler.alertmanager-client.tls-ca-path={folder}/{alertmanager_ca}",
    )


LOKI_FLAGS: Final = loki_flags("/etc/loki/secrets")
"""As docker-compose.exposed.yml repeats them."""


def extras(exposed: Exposed, config: Path, ports: Ports) -> dict[str, Extra]:
    """Return server → what it gets on top; `config` is the folder of the rendered configuration."""
    from heliograph.stack._servers import Extra

    def its(name: str) -> str:
        return str(exposed.folder.server(name))

    grafana = its("grafana")
    return {
        "prometheus": Extra(argv=(f"--web.config.file={its('prometheus')}/web.yml",)),
        "alertmanager": Extra(argv=(f"--web.config.file={its('alertmanager')}/web.yml",)),
        "loki": Extra(argv=loki_flags(its("loki"))),
        "jaeger": Extra(
            argv=(f"--config={config}/jaeger/exposed.yaml",),
            env={"HELIOGRAPH_SECRETS_DIR": its("jaeger"), "HELIOGRAPH_FRONT": exposed.listen},
        ),
        "collector": Extra(
            argv=(
                f"--config={config}/collector/exposed.yaml",
                f"--config={config}/collector/exposed-pipelines.yaml",
                NO_CONTEXT,
            ),
            env={
                "HELIOGRAPH_SECRETS_DIR": its("collector"),
                "HELIOGRAPH_FRONT": exposed.listen,
            },
        ),
        "meter": Extra(
            argv=("--export", f"https://127.0.0.1:{ports.otlp_inner}", "--tls", its("meter")),
            env=sender_variables(its("meter")),
        ),
        "canary": Extra(
            argv=("--export", f"https://127.0.0.1:{ports.otlp_inner}"),
            env={SERVER: its("canary")} | sender_variables(its("canary")),
        ),
        "grafana": Extra(env={"GF_SERVER_HTTP_ADDR": exposed.listen} | grafana_variables(grafana)),
    }


def sender_variables(folder: str) -> dict[str, str]:
    """Return how an OpenTelemetry exporter shows the certificate in this folder."""
    return {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": f"{folder}/ca.crt",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": f"{folder}/client.crt",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": f"{folder}/client.key",
    }


def grafana_variables(folder: str) -> dict[str, str]:
    """Return what closes Grafana: TLS, a login, an administrator with a password of its own, nobody anonymous.

    Grafana itself reads `$__file{…}`. Variables ending in `__FILE` are known to its Docker image's start script only:
    elsewhere they say nothing, and the administrator's password is `admin`.
    """
    return {
        "GF_SERVER_PROTOCOL": "https",
        "GF_SERVER_CERT_FILE": f"{folder}/api.crt",
        "GF_SERVER_CERT_KEY": f"{folder}/api.key",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "false",
        "GF_SECURITY_ADMIN_USER": "operator",
        "GF_SECURITY_ADMIN_PASSWORD": f"$__file{{{folder}/admin_password}}",
        "GF_SECURITY_COOKIE_SECURE": "true",
        "GF_SECURITY_STRICT_TRANSPORT_SECURITY": "true",
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_AUTH_DISABLE_LOGIN_FORM": "false",
        "GF_METRICS_BASIC_AUTH_USERNAME": "prometheus",
        "GF_METRICS_BASIC_AUTH_PASSWORD": f"$__file{{{folder}/grafana_metrics}}",
    }


def add_files(exposed: Exposed, files: dict[str, str], extensions: Iterable[str] = ()) -> None:
    """Replace the rendered files that name secrets; `extensions` are those of the collector's other overlays."""
    secrets = exposed.folder
    prometheus, sources = "prometheus/prometheus.yml", "grafana/provisioning/datasources/heliograph.yaml"
    files[prometheus] = exposed_prometheus(files[prometheus], str(secrets.server("prometheus")))
    files[sources] = exposed_datasources(files[sources], str(secrets.server("grafana")))
    files["collector/exposed-pipelines.yaml"] = pipelines(files["collector/otelcol.yaml"], extensions)
