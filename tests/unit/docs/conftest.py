"""The runbooks, and what happens when all shell blocks of one are pasted: with stand-ins for the commands."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
FILES = sorted(RUNBOOKS.glob("*.md"))

# Answers of the right shape, so that the jq programs have something to chew.
CURL = r"""#!/bin/sh
for argument; do printf '%s\000' "$argument"; done >> "$RECORD"
printf '\036\000' >> "$RECORD"
case "$*" in
  */api/v1/alerts*) echo '{"status":"success","data":{"alerts":[{"state":"firing",
    "labels":{"alertname":"HighLLMErrorRate","level":"P2","job":"a"},"annotations":{"description":"d"}}]}}' ;;
  */api/v1/rules*) echo '{"status":"success","data":{"groups":[{"rules":[{"name":"A","labels":{"level":"P2"},
    "state":"inactive","duration":60,"query":"up == 0","health":"err","lastError":"e"}]}]}}' ;;
  */api/v1/status/tsdb*) echo '{"status":"success","data":{"seriesCountByMetricName":[{"name":"up","value":7}],
    "labelValueCountByLabelName":[{"name":"job","value":7}]}}' ;;
  */api/v1/query_exemplars*) echo '{"status":"success","data":[{"exemplars":[
    {"value":"7.5","labels":{"trace_id":"0a"}}]}]}' ;;
  */loki/api/v1/query_range*count_over_time*) echo '{"status":"success","data":{"result":[
    {"metric":{},"values":[[1767236400,"3"]]}]}}' ;;
  */loki/api/v1/query_range*) echo '{"status":"success","data":{"result":[{"values":[["1767236400000000000","a line"]],
    "stream":{"service_name":"a","model":"m","trace_id":"0a","llm_cost_usd":"0.01"}}]}}' ;;
  */api/v1/query*) echo '{"status":"success","data":{"result":[{"metric":{"model":"m"},"value":[1767236400,"0.0246"]},
    {"metric":{},"value":[1767236400,"NaN"]},{"metric":{},"value":[1767236400,"+Inf"]}]}}' ;;
  */api/traces*) echo '{"data":[{"traceID":"0a","spans":[{"startTime":1,"duration":1500,"operationName":"chat m",
    "tags":[{"key":"error.type","value":"429"}],"logs":[{"fields":[{"key":"exception.message","value":"m"}]}]}]}]}' ;;
  */api/v2/alerts*) echo '[{"startsAt":"x","endsAt":"y","updatedAt":"z","annotations":{"summary":"s"},
    "labels":{"level":"P2","job":"a"},"status":{"state":"active"},"receivers":[{"name":"r"}]}]' ;;
  */api/messages*) echo '[{"received_at":"x","channel":"mail","subject":"s"},
    {"received_at":"y","channel":"webhook","status":"firing"}]' ;;
  */healthz*) echo '{"status":"ok","waiting":0}' ;;
esac
"""
RECORDER = r"""#!/bin/sh
printf '%s\000' "${0##*/}" "$@" >> "$RECORD"
printf '\036\000' >> "$RECORD"
case "$*" in *--json*) echo '{"state":"here"}' ;; esac
"""
# Nothing they look for is in the answers, and to find nothing is no failure here.
QUIET = "#!/bin/sh\nexec cat >/dev/null\n"
PLAIN = ["date", "head", "sort", "tail"]
RECORDED = ["df", "docker", "du", "heliograph"]


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
        flags_with_value = {"--data-urlencode", "--max-time", "-o", "-w"}
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


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds every command a page may use, and nothing else."""
    folder = tmp_path_factory.mktemp("bin")
    scripts = {"curl": CURL, "grep": QUIET, **dict.fromkeys(RECORDED, RECORDER)}
    if shutil.which("jq") is None:  # then the jq programs go unchecked, and the rest still is
        scripts["jq"] = QUIET
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    for name in [*PLAIN, *({"jq", "cat", "sh"} - scripts.keys())]:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


class Sessions(dict[Path, Session]):
    """Page -> what happens when its shell blocks are pasted; each is run when it is first asked for."""

    def __init__(self, bash: str, commands: Path, homes: Path) -> None:
        super().__init__()
        self._bash, self._commands, self._homes = bash, commands, homes

    def __missing__(self, page: Path) -> Session:
        home = self._homes / page.stem
        home.mkdir()
        record = home / "record"
        record.touch()
        done = subprocess.run(
            [self._bash, "--norc", "-euo", "pipefail", "-c", "\n".join(blocks(page, "shell"))],
            env={"PATH": str(self._commands), "RECORD": str(record), "HOME": str(home), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        calls = [call.split("\0")[:-1] for call in record.read_text(encoding="utf-8").split("\x1e\0")[:-1]]
        self[page] = Session(
            done.returncode,
            done.stderr,
            [Request.parse(call) for call in calls if call[0] not in RECORDED],
            [call for call in calls if call[0] in RECORDED],
        )
        return self[page]


@pytest.fixture(scope="session")
def pasted(commands: Path, tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    """Return page -> its shell blocks, run from top to bottom."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    return Sessions(bash, commands, tmp_path_factory.mktemp("homes"))
