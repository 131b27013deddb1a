"""What a person pastes from the runbooks at night works.

Every shell block is really run by bash, after the block of variables it relies on, with stand-ins for the commands:
what `curl` would have sent is then checked, rather than what a regular expression believes it would have sent.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import promql_parser
import pytest
from markdown_it import MarkdownIt

from heliograph.genai import vocabulary

RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
FILES = sorted(RUNBOOKS.glob("*.md"))

# from the resource, on everything an application pushes
RESOURCE = {"job", "instance", "service_version", "deployment_environment_name"}
# metric -> labels a query may match or group by
METRICS: dict[str, set[str]] = {
    **{vocabulary.prometheus_name(spec): RESOURCE | {*spec.labels} for spec in vocabulary.METRICS},
    # the servers' own
    "up": {"job", "instance"},
    "otelcol_exporter_queue_size": {"job", "instance", "exporter"},
    "otelcol_exporter_queue_capacity": {"job", "instance", "exporter"},
    "alertmanager_notifications_failed_total": {"job", "instance", "integration", "reason"},
}
HISTOGRAMS = {vocabulary.prometheus_name(spec) for spec in vocabulary.METRICS if spec.kind == "histogram"}
# The selector's label, and what Loki keeps of a record beside its attributes.
LOG_FIELDS = {"service_name", "event_name", "trace_id", "span_id"}
EVENT_FIELDS = LOG_FIELDS.union(*(event.attributes for event in vocabulary.EVENTS))

# Answers of the right shape, so that the jq programs have something to chew.
CURL = r"""#!/bin/sh
for argument; do printf '%s\000' "$argument"; done >> "$RECORD"
printf '\036\000' >> "$RECORD"
case "$*" in
  */api/v1/alerts*) echo '{"status":"success","data":{"alerts":[{"state":"firing",
    "labels":{"alertname":"HighLLMErrorRate","level":"P2","job":"a"},"annotations":{"description":"d"}}]}}' ;;
  */api/v1/rules*) echo '{"status":"success","data":{"groups":[{"rules":[
    {"name":"A","labels":{"level":"P2"},"state":"inactive","duration":60,"query":"up == 0"}]}]}}' ;;
  */api/v1/query_exemplars*) echo '{"status":"success","data":[{"exemplars":[
    {"value":"7.5","labels":{"trace_id":"0a"}}]}]}' ;;
  */loki/api/v1/query_range*) echo '{"status":"success","data":{"result":[{"values":[["1767236400000000000","a line"]],
    "stream":{"service_name":"a","model":"m","trace_id":"0a","llm_cost_usd":"0.01"}}]}}' ;;
  */api/v1/query*) echo '{"status":"success","data":{"result":[{"metric":{"model":"m"},"value":[1767236400,"0.0246"]},
    {"metric":{},"value":[1767236400,"NaN"]},{"metric":{},"value":[1767236400,"+Inf"]}]}}' ;;
  */api/traces*) echo '{"data":[{"traceID":"0a","spans":[{"startTime":1,"duration":1500,"operationName":"chat m",
    "tags":[{"key":"error.type","value":"429"}]}]}]}' ;;
  */api/v2/alerts*) echo '[{"startsAt":"x","endsAt":"y","annotations":{"summary":"s"}}]' ;;
  */api/messages*) echo '[{"received_at":"x","channel":"mail","subject":"s"},
    {"received_at":"y","channel":"webhook","status":"firing"}]' ;;
esac
"""
RECORDER = r"""#!/bin/sh
printf '%s\000' "${0##*/}" "$@" >> "$RECORD"
printf '\036\000' >> "$RECORD"
"""
PLAIN = ["date", "dirname", "find", "head", "sort", "tail"]
RECORDED = ["amtool", "docker", "heliograph"]


@cache
def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks of one language, as they stand on the page."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info.strip() == language]


@dataclass(frozen=True)
class Request:
    """What one `curl` would have sent."""

    url: str
    data: dict[str, str]

    @classmethod
    def parse(cls, argv: list[str]) -> Request:
        flags_with_value = {"--data-urlencode", "-o", "-w"}
        url, data = "", {}
        words = iter(argv)
        for word in words:
            if word in flags_with_value:
                value = next(words)
                if word == "--data-urlencode":
                    name, _, text = value.partition("=")
                    data[name] = text
            elif not word.startswith("-"):
                url = word
        return cls(url, data)


@dataclass(frozen=True)
class Session:
    """All shell blocks of one page, pasted from top to bottom into one shell."""

    code: int
    stderr: str
    requests: list[Request]
    commands: list[list[str]]

    def queries(self, server: str) -> list[str]:
        return [request.data["query"] for request in self.requests if server in request.url and "query" in request.data]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds every command a page may use, and nothing else."""
    folder = tmp_path_factory.mktemp("bin")
    scripts = {"curl": CURL, **dict.fromkeys(RECORDED, RECORDER)}
    if shutil.which("jq") is None:  # then the jq programs go unchecked, and the rest still is
        scripts["jq"] = "#!/bin/sh\nexec cat >/dev/null\n"
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    for name in [*PLAIN, *({"jq", "cat", "sh"} - scripts.keys())]:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture(scope="module")
def pasted(commands: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Session]:
    """Run the shell blocks of every page."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    sessions = {}
    for path in FILES:
        home = tmp_path_factory.mktemp("home")
        record = home / "record"
        record.touch()
        done = subprocess.run(
            [bash, "--norc", "-euo", "pipefail", "-c", "\n".join(blocks(path, "shell"))],
            env={"PATH": str(commands), "RECORD": str(record), "HOME": str(home), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        calls = [call.split("\0")[:-1] for call in record.read_text(encoding="utf-8").split("\x1e\0")[:-1]]
        sessions[path] = Session(
            done.returncode,
            done.stderr,
            [Request.parse(call) for call in calls if call[0] not in RECORDED],
            [call for call in calls if call[0] in RECORDED],
        )
    return sessions


def labels_of(series: str) -> set[str]:
    """Return the labels of a series; a histogram's parts have those of the histogram, and buckets `le`."""
    for suffix, more in (("_bucket", {"le"}), ("_sum", set()), ("_count", set())):
        if (histogram := series.removesuffix(suffix)) != series and histogram in HISTOGRAMS:
            return METRICS[histogram] | more
    assert series in METRICS.keys() - HISTOGRAMS, f"nobody emits {series}"
    return METRICS[series]


def result_labels(node: object) -> set[str] | None:
    """Return the labels that the result of a query can have, None for a scalar.

    Raises AssertionError where the query uses a metric or a label that does not exist, or divides series whose
    labels can never match.
    """
    labels: set[str] | None = None
    match node:
        case promql_parser.VectorSelector():
            labels = labels_of(node.name or "")
            assert {matcher.name for matcher in node.matchers.matchers} <= labels, node
        case promql_parser.MatrixSelector():
            labels = result_labels(node.vector_selector)
        case promql_parser.ParenExpr():
            labels = result_labels(node.expr)
        case promql_parser.Call():
            inner = [found for argument in node.args if (found := result_labels(argument)) is not None]
            labels = inner[0] - ({"le"} if node.func.name == "histogram_quantile" else set()) if inner else None
        case promql_parser.AggregateExpr():
            labels = result_labels(node.expr) or set()
            if str(node.op) != "topk":
                by = set(node.modifier.labels) if node.modifier else set()
                assert by <= labels, node
                labels = by
        case promql_parser.BinaryExpr():
            left, right = result_labels(node.lhs), result_labels(node.rhs)
            labels = right if left is None else left
            if left is not None and right is not None:
                if node.modifier and node.modifier.matching:
                    assert set(node.modifier.matching.labels) <= left & right, node
                else:
                    assert left == right, node
    return labels


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("trap", "why"),
    [
        (r"!", "an interactive shell takes it for history expansion"),
        (r"(^|\s)#", "zsh, as it comes, takes no comments on its command line"),
        (r"<[a-z_-]+>", "a placeholder that is a redirection; use a variable"),
        (r"curl -(?!sS)", "without -S a dead server looks like an empty answer"),
        (r"lookback=", "Jaeger's API ignores it (its user interface does not); `start` works"),
    ],
)
def test_blocks_survive_being_pasted(path: Path, trap: str, why: str) -> None:
    for block in blocks(path, "shell"):
        assert not re.search(trap, block, re.MULTILINE), f"{why}:\n{block}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_blocks_run(path: Path, pasted: dict[Path, Session]) -> None:
    assert pasted[path].stderr == ""
    assert pasted[path].code == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promql_parses_and_uses_what_is_emitted(path: Path, pasted: dict[Path, Session]) -> None:
    for query in [*blocks(path, "promql"), *pasted[path].queries(":9090/")]:
        assert result_labels(promql_parser.parse(query)) is not None, query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promql_for_explore_needs_no_editing(path: Path) -> None:
    """Explore knows no `$SERVICE`: those queries tell services apart by a label instead."""
    for query in blocks(path, "promql"):
        assert "$" not in query
        assert "job=" not in query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_counters_are_only_used_as_rates(path: Path, pasted: dict[Path, Session]) -> None:
    for query in [*blocks(path, "promql"), *pasted[path].queries(":9090/api/v1/query")]:
        for counter in re.finditer(r"\w+_(?:total|bucket|sum|count)\b", query):
            before = query[: counter.start()]
            assert before.endswith(("rate(", "increase(")) or query.startswith("llm_latency_seconds_bucket{"), query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_logql_selects_one_service_and_uses_fields_of_the_events(path: Path, pasted: dict[Path, Session]) -> None:
    for query in pasted[path].queries(":3100/"):
        assert '{service_name="research-assistant"}' in query
        used = re.findall(r"\| (\w+) ?[=<>]", query) + re.findall(r"unwrap (\w+)", query)
        used += [name for names in re.findall(r"by \(([^)]*)\)", query) for name in names.split(", ")]
        assert set(used) <= EVENT_FIELDS, query
        assert query.count("(") == query.count(")"), query


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_jaeger_is_asked_with_parameters_it_reads(path: Path, pasted: dict[Path, Session]) -> None:
    for request in pasted[path].requests:
        if ":16686/" in request.url:
            assert set(request.data) <= {"service", "operation", "tags", "start", "end", "limit", "minDuration"}


@pytest.mark.parametrize("name", [path.stem for path in FILES if path.stem not in {"README", "HeliographNotifyTest"}])
def test_a_silence_is_narrow_short_and_says_why(name: str, pasted: dict[Path, Session]) -> None:
    (silence,) = [call for call in pasted[RUNBOOKS / f"{name}.md"].commands if call[0] == "amtool"]
    assert silence[1] == "--alertmanager.url=http://localhost:9093"
    assert silence[2:6] == ["silence", "add", f"alertname={name}", "job=research-assistant"]
    hours = next(int(word[11:-1]) for word in silence if re.fullmatch(r"--duration=\d+h", word))
    assert hours <= (12 if "severity=warning" in silence or name in {"HighDailyCost", "HighHourlyTokens"} else 2)
    assert any(word.startswith("--comment=") for word in silence)
