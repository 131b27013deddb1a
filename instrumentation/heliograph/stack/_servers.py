"""The servers of the stack as one table: what to run, with what, where it listens, how to see that it serves.

Strings are templates (`str.format`) over the fields of `Context`; `plan_server` fills them in. A new server is a new
row here, a row in `_ports.py` when it listens, and its configuration file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heliograph.stack._plan import PlannedServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heliograph.stack._ports import Ports

__all__ = ["SERVERS", "Context", "Extra", "Server", "plan_server"]

_FEATURES = "exemplar-storage,st-storage,use-start-timestamps"


@dataclass(frozen=True)
class Context:
    """What the templates may use."""

    ports: Ports
    config: Path
    """The rendered configuration: `{config}/prometheus/prometheus.yml`, ..."""
    data: Path
    """The server's own data folder."""
    binary: str
    links: Mapping[str, str]
    """name → address as a person on another machine sees it."""
    retention: Mapping[str, str]
    """prometheus, loki (`15d`), jaeger (`168h`: Go knows no days)."""
    loki_ruler: str
    """How often Loki evaluates its rules."""
    foreign_logs: Path
    grafana_home: str = ""
    front: str = "127.0.0.1"
    """Where Prometheus and Alertmanager listen; an exposed stack may say another address (`heliograph.secure`)."""
    asked: str = "127.0.0.1"
    """Where the others on this machine find those."""
    web: str = "http"
    """How they, Loki, Jaeger, Grafana and the meter are asked: `https` when exposed."""


@dataclass(frozen=True)
class Server:
    """One row of the table."""

    name: str
    binary: str
    """The name `heliograph.stack._build` knows it by; "" when it is not built by us."""
    argv: tuple[str, ...]
    ports: tuple[str, ...]
    """Fields of `Ports` it listens on."""
    ready: str
    """Answers 200 once the server serves."""
    env: Mapping[str, str] = field(default_factory=dict)
    memory_mib: int = 0
    """Soft limit (GOMEMLIMIT): the garbage collector works harder from here on; 0 for none."""
    stop_seconds: float = 10.0
    stop_rank: int = 1
    link: str = ""
    """Key in `Context.links` of the page for people."""


@dataclass(frozen=True)
class Extra:
    """What only some configurations ask of a server, as it is passed on: no templates."""

    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def joined(self, other: Extra) -> Extra:
        """Return both together; where they differ, `other` wins."""
        return Extra((*self.argv, *other.argv), {**self.env, **other.env})


_HOST = "127.0.0.1"

SERVERS: tuple[Server, ...] = (
    Server(
        name="prometheus",
        binary="prometheus",
        argv=(
            "{binary}",
            "--config.file={config}/prometheus/prometheus.yml",
            "--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time={retention[prometheus]}",
            "--web.listen-address={front}:{ports.prometheus}",
            "--web.external-url={links[prometheus]}",
            "--web.route-prefix=/",
            "--web.enable-otlp-receiver",
            "--web.enable-lifecycle",  # POST /-/reload: `heliograph reload`
            "--enable-feature=" + _FEATURES,
        ),
        ports=("prometheus",),
        ready="{web}://{asked}:{ports.prometheus}/-/ready",
        memory_mib=512,
        stop_seconds=20.0,
        link="prometheus",
    ),
    Server(
        name="loki",
        binary="loki",
        argv=("{binary}", "-config.file={config}/loki/loki.yaml", "-config.expand-env=true"),
        env={
            "HELIOGRAPH_LOKI_PORT": "{ports.loki}",
            "HELIOGRAPH_LOKI_GRPC_PORT": "{ports.loki_grpc}",
            "HELIOGRAPH_LOKI_DIR": "{data}",
            "HELIOGRAPH_LOKI_RULES": "{config}/loki/rules",
            "HELIOGRAPH_LOKI_RETENTION": "{retention[loki]}",
            "HELIOGRAPH_LOKI_RULER_INTERVAL": "{loki_ruler}",
            "HELIOGRAPH_ALERTMANAGER_URL": "{web}://{asked}:{ports.alertmanager}",
            "HELIOGRAPH_GRAFANA_URL": "{links[grafana]}",
        },
        ports=("loki", "loki_grpc"),
        ready="{web}://" + _HOST + ":{ports.loki}/ready",
        memory_mib=512,
        stop_seconds=20.0,
        link="loki",
    ),
    Server(
        name="jaeger",
        binary="jaeger",
        argv=("{binary}", "--config={config}/jaeger/jaeger.yaml"),
        env={
            "HELIOGRAPH_JAEGER_PORT": "{ports.jaeger}",
            "HELIOGRAPH_JAEGER_GRPC_PORT": "{ports.jaeger_grpc}",
            "HELIOGRAPH_JAEGER_OTLP_PORT": "{ports.jaeger_otlp}",
            "HELIOGRAPH_JAEGER_HEALTH_PORT": "{ports.jaeger_health}",
            "HELIOGRAPH_JAEGER_METRICS_PORT": "{ports.jaeger_metrics}",
            "HELIOGRAPH_JAEGER_DIR": "{data}",
            "HELIOGRAPH_JAEGER_UI": "{config}/jaeger/ui.json",
            "HELIOGRAPH_JAEGER_RETENTION": "{retention[jaeger]}",
        },
        ports=("jaeger", "jaeger_grpc", "jaeger_otlp", "jaeger_health", "jaeger_metrics"),
        ready="http://" + _HOST + ":{ports.jaeger_health}/status",
        memory_mib=512,
        stop_seconds=20.0,
        link="jaeger",
    ),
    Server(
        name="alertmanager",
        binary="alertmanager",
        argv=(
            "{binary}",
            "--config.file={config}/alertmanager/generated/alertmanager.yaml",
            "--storage.path={data}",
            # Silences and the notification log survive a kill from 30 s on; the default is 15 min.
            "--data.maintenance-interval=30s",
            "--web.listen-address={front}:{ports.alertmanager}",
            "--web.external-url={links[alertmanager]}",
            "--web.route-prefix=/",
            # Empty: no cluster. The default listens on every address.
            "--cluster.listen-address=",
            # Which receiver could not be told, not only by what kind of channel: three may be webhooks.
            "--enable-feature=receiver-name-in-metrics",
        ),
        ports=("alertmanager",),
        ready="{web}://{asked}:{ports.alertmanager}/-/ready",
        memory_mib=128,
        link="alertmanager",
    ),
    Server(
        name="inbox",
        binary="",
        argv=(
            "{binary}",
            "-m",
            "heliograph",
            "inbox",
            "--smtp",
            _HOST + ":{ports.inbox_smtp}",
            "--http",
            _HOST + ":{ports.inbox_http}",
            "--store",
            "{data}",
        ),
        ports=("inbox_smtp", "inbox_http"),
        ready="http://" + _HOST + ":{ports.inbox_http}/healthz",
        link="inbox",
    ),
    Server(
        name="grafana",
        binary="",
        argv=(
            "{binary}",
            "server",
            "--homepath={grafana_home}",
            "--config={config}/grafana/grafana.ini",
        ),
        env={
            "GF_SERVER_HTTP_PORT": "{ports.grafana}",
            "GF_SERVER_ROOT_URL": "{links[grafana]}",
            "GF_PATHS_DATA": "{data}",
            "GF_PATHS_LOGS": "{data}/log",
            "GF_PATHS_PLUGINS": "{data}/plugins",
            "GF_PATHS_PROVISIONING": "{config}/grafana/provisioning",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "{config}/dashboards/generated/llm-overview.json",
            "HELIOGRAPH_DASHBOARDS": "{config}/dashboards/generated",
            "HELIOGRAPH_PROMETHEUS_URL": "{web}://{asked}:{ports.prometheus}",
            "HELIOGRAPH_LOKI_URL": "{web}://" + _HOST + ":{ports.loki}",
            "HELIOGRAPH_JAEGER_URL": "{web}://{asked}:{ports.jaeger}",
            "HELIOGRAPH_ALERTMANAGER_URL": "{web}://{asked}:{ports.alertmanager}",
        },
        ports=("grafana",),
        ready="{web}://{asked}:{ports.grafana}/api/health",
        link="grafana",
    ),
    # The first to stop: what it counts last goes through the collector, which keeps meanwhile what comes in for it.
    Server(
        name="meter",
        binary="",
        argv=(
            "{binary}",
            "-m",
            "heliograph",
            "meter",
            "--listen",
            _HOST + ":{ports.meter}",
            "--export",
            "http://" + _HOST + ":{ports.otlp_http}",
            "--config",
            "{config}/meter.json",
            "--data",
            "{data}",
        ),
        ports=("meter",),
        ready="{web}://" + _HOST + ":{ports.meter}/healthz",
        stop_rank=-1,
    ),
    # Looks whether a call of its own arrives in each store. Stops first of all: a stack that ends is no news.
    Server(
        name="canary",
        binary="",
        argv=(
            "{binary}",
            "-m",
            "heliograph",
            "canary",
            "--listen",
            _HOST + ":{ports.canary}",
            "--export",
            "http://" + _HOST + ":{ports.otlp_http}",
            "--prometheus",
            "{web}://{asked}:{ports.prometheus}",
            "--loki",
            "{web}://" + _HOST + ":{ports.loki}",
            "--jaeger",
            "{web}://{asked}:{ports.jaeger}",
            "--config",
            "{config}/canary.json",
        ),
        ports=("canary",),
        ready="http://" + _HOST + ":{ports.canary}/healthz",
        stop_rank=-2,
    ),
    # Last to start, and to stop before the stores: what it has accepted is in its queue, and they still listen.
    Server(
        name="collector",
        binary="collector",
        argv=("{binary}", "--config={config}/collector/otelcol.yaml"),
        env={
            "HELIOGRAPH_OTLP_GRPC_PORT": "{ports.otlp_grpc}",
            "HELIOGRAPH_OTLP_HTTP_PORT": "{ports.otlp_http}",
            "HELIOGRAPH_OTLP_INNER_PORT": "{ports.otlp_inner}",  # of an exposed stack
            "HELIOGRAPH_COLLECTOR_HEALTH_PORT": "{ports.collector_health}",
            "HELIOGRAPH_COLLECTOR_METRICS_PORT": "{ports.collector_metrics}",
            "HELIOGRAPH_QUEUE_DIR": "{data}",
            "HELIOGRAPH_FOREIGN_LOGS": "{foreign_logs}",
            "HELIOGRAPH_PROMETHEUS_URL": "{web}://{asked}:{ports.prometheus}",
            "HELIOGRAPH_LOKI_URL": "{web}://" + _HOST + ":{ports.loki}",
            "HELIOGRAPH_JAEGER_OTLP": _HOST + ":{ports.jaeger_otlp}",
            "HELIOGRAPH_METER_URL": "{web}://" + _HOST + ":{ports.meter}",
        },
        ports=("otlp_grpc", "otlp_http", "otlp_inner", "collector_health", "collector_metrics"),
        ready="http://" + _HOST + ":{ports.collector_health}/",
        memory_mib=400,
        stop_seconds=15.0,
        stop_rank=0,
        link="otlp",
    ),
)


def plan_server(server: Server, context: Context, *, log: Path, extra: Extra | None = None) -> PlannedServer:
    """Fill in one row; `extra` joins what the row says."""
    extra = extra or Extra()
    values = {name: getattr(context, name) for name in Context.__dataclass_fields__}
    env = {key: text.format(**values) for key, text in server.env.items()}
    env |= extra.env
    if server.memory_mib:
        env["GOMEMLIMIT"] = f"{server.memory_mib}MiB"
    return PlannedServer(
        name=server.name,
        argv=(*(argument.format(**values) for argument in server.argv), *extra.argv),
        env=env,
        cwd=str(context.data),
        log=str(log),
        ready_url=server.ready.format(**values),
        url=context.links.get(server.link, ""),
        stop_seconds=server.stop_seconds,
        stop_rank=server.stop_rank,
    )
