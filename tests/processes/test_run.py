"""`heliograph run`: real programs below it, and its totals against the provider's ledger."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests._ports import free_port

from .conftest import APPS, INSTRUMENTATION

if TYPE_CHECKING:
    from .conftest import World

# The command itself, of this tree, with nothing on PYTHONPATH that a program's Python would find heliograph by.
RUNNER = [
    sys.executable,
    "-c",
    f"import sys; sys.path.insert(0, {str(INSTRUMENTATION)!r}); from heliograph.cli import main; sys.exit(main())",
    "run",
]
NOWHERE = "heliograph: calls of models are shown here; telemetry goes nowhere but this terminal"


@dataclass
class Ended:
    status: int
    out: bytes
    err: str
    objects: list[dict[str, Any]]

    @property
    def summary(self) -> dict[str, Any]:
        return self.objects[-1]

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [each for each in self.objects if each["event"] == "llm.call"]


def environment(world: World, **more: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "HELIOGRAPH_", "LANGSMITH_", "LANGCHAIN_", "OPENAI_", "NO_COLOR"))
    }
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join([str(INSTRUMENTATION), str(APPS)]),
        "OPENAI_BASE_URL": world.server.base_url,
        "OPENAI_API_KEY": "any",
        **more,
    }


def start(world: World, *arguments: str, runner: list[str] = RUNNER, **more: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [*runner, "--json", str(world.log), *arguments],
        cwd=APPS,
        env=environment(world, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    world.processes.append(process)
    return process


def end(world: World, process: subprocess.Popen[bytes], given: bytes = b"") -> Ended:
    out, err = process.communicate(given, timeout=90)
    written = world.log.read_text() if world.log.exists() else ""
    return Ended(process.returncode, out, err.decode(), [json.loads(line) for line in written.splitlines()])


def run(world: World, *arguments: str, runner: list[str] = RUNNER, given: bytes = b"", **more: str) -> Ended:
    return end(world, start(world, *arguments, runner=runner, **more), given)


def assert_ledger(world: World, ended: Ended) -> None:
    """Check calls and tokens of every model, and the sum of their costs, against what the provider billed."""
    billed = world.server.totals()
    shown = ended.summary["models"]
    told = f"\n{billed}\n{shown}\n{ended.err}"
    for model, bill in billed.items():
        assert model in shown, told
        succeeded = shown[model]["calls"] - shown[model]["errors"]
        assert succeeded == bill["requests"], told
        assert shown[model]["input_tokens"] == bill["prompt_tokens"], told
        assert shown[model]["output_tokens"] == bill["completion_tokens"], told
    assert ended.summary["cost_usd"] == pytest.approx(sum(call.get("llm_cost_usd", 0.0) for call in ended.calls))


def test_calls_of_every_kind_and_process_are_in_the_totals_once(world: World) -> None:
    # The stream that is left is billed by what had been generated, which nobody reports: kept out of the comparison.
    ended = run(world, "--", "python", "run_kinds.py")
    assert (ended.status, ended.out) == (0, b"done\n"), ended.err
    billed = world.server.totals()
    models = ended.summary["models"]
    assert ended.summary["calls"] == sum(each["requests"] for each in billed.values()) == 8 + 2 + 5 + 4, ended.err
    for model in ("gpt-4o-mini-2024-07-18", "gpt-4.1-mini-2025-04-14"):
        assert models[model]["calls"] == billed[model]["requests"]
        assert models[model]["input_tokens"] == billed[model]["prompt_tokens"]
        assert models[model]["output_tokens"] == billed[model]["completion_tokens"]
    (whole,) = [call for call in ended.calls if call["model"] == "gpt-4o-2024-08-06" and call["status"] == "success"]
    assert whole["llm_output_tokens"] == max(
        each["usage"]["completion_tokens"] for each in world.server.usage() if each["model"] == "gpt-4o-2024-08-06"
    )
    # Published prices of gpt-4o-mini and gpt-4.1-mini, USD a million: 0.15 and 0.60, 0.40 and 1.60.
    for model, read, written in (("gpt-4o-mini-2024-07-18", 0.15, 0.60), ("gpt-4.1-mini-2025-04-14", 0.40, 1.60)):
        bill = billed[model]
        cost = (bill["prompt_tokens"] * read + bill["completion_tokens"] * written) / 1e6
        assert models[model]["cost_usd"] == pytest.approx(cost, abs=1e-9)
    assert ended.summary["processes"] == 1 + 4
    assert len({call["pid"] for call in ended.calls}) == 1 + 4
    lines = ended.err.splitlines()
    assert lines[0] == NOWHERE
    assert sum(bool(re.search(r"\d (m?s)(  |$)", line)) for line in lines[1 : 1 + 19]) == 19, ended.err
    assert "384 400" not in ended.err + world.log.read_text(), "content is shown"
    assert "\x1b" not in ended.err, "colours without a terminal"


def test_an_unhandled_exception_with_retries_within_the_client(world: World) -> None:
    world.server.fault("500", model="nobody-serves-this")
    ended = run(world, "--", "python", "run_ends.py", "raise")
    assert ended.status == 1
    assert "InternalServerError" in ended.err
    assert "Traceback" in ended.err
    assert_ledger(world, ended)
    assert ended.summary["errors"] == {"InternalServerError": 1} or len(ended.summary["errors"]) == 1
    assert (ended.summary["calls"], ended.summary["retries"]) == (2, 1)
    assert "retries  1 within the client" in ended.err


def test_the_exit_status_is_the_programs(world: World) -> None:
    ended = run(world, "run_ends.py", "exit")
    assert (ended.status, ended.summary["exit_status"], ended.summary["calls"]) == (7, 7, 1)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_passed_on_and_the_summary_still_comes(world: World, number: int, status: int) -> None:
    process = start(world, "--", "python", "run_ends.py", "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    # CPython forgets that Ctrl-C ended it when another thread imports at that moment, as ours does at the first call.
    world.wait_for(lambda: "llm.call" in world.log.read_text(), "the call")
    process.send_signal(number)
    ended = end(world, process)
    assert (ended.status, ended.summary["exit_status"]) == (status, status), ended.err
    assert_ledger(world, ended)
    assert ended.summary["not_counted"] == []


def test_a_killed_program_is_counted_up_to_there_and_what_was_under_way_is_said(world: World) -> None:
    world.server.fault("slow", delay=60, model="gpt-4o")
    process = start(world, "--", "python", "run_ends.py", "call")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    world.wait_for(lambda: len(world.server.requests()) == 2, "the second request")
    world.wait_for(lambda: "llm.call" in world.log.read_text(), "the first call")
    time.sleep(0.2)
    (pid,) = {json.loads(line)["pid"] for line in world.log.read_text().splitlines()}
    os.kill(pid, signal.SIGKILL)
    ended = end(world, process)
    assert ended.status == 137
    assert ended.summary["calls"] == 1
    assert ended.summary["not_counted"] == ["1 process killed or left by os._exit, with 1 call under way"]


def test_input_and_output_are_the_programs_own(world: World) -> None:
    copy = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer); sys.stderr.write('end')"
    given = os.urandom(4_000_000)
    ended = run(world, "-q", "--", "python", "-c", copy, given=given)
    assert ended.out == given
    assert f"{NOWHERE}\nend" in ended.err


@pytest.mark.parametrize("when", ["before", "behind", "never"])
def test_a_program_that_configures_itself_is_counted_once(world: World, when: str) -> None:
    ended = run(world, "--", "python", "run_configured.py", when)
    assert ended.status == 0, ended.err
    assert_ledger(world, ended)
    assert [call["path"] for call in ended.calls] == [
        ["query answer", f"chain {name}"] for name in ("retrieve", "write")
    ]
    assert {call["process"] for call in ended.calls} == {"run_configured" if when == "never" else "own-name"}
    assert {call["user_id"] for call in ended.calls} == {"u-1"}
    shown = [line.split("  ")[0] if line[0] != " " else line for line in ended.err.splitlines()]
    trace = ended.calls[0]["trace_id"][-4:]
    assert shown[1] == f"query answer [{trace}]"
    assert shown[2] == "  chain retrieve"
    assert shown[3].startswith("    text-embedding-3-small embeddings")
    assert shown[4] == "  chain write"
    assert shown[5].startswith("    gpt-4o-mini-2024-07-18 ")
    assert shown[6].startswith(f"= query answer [{trace}]")
    assert world.sink.logs() == [], "something was sent"


JOINED = """
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

client = openai.OpenAI()
trace.set_tracer_provider(TracerProvider())
with trace.get_tracer("mine").start_as_current_span("handle"):
    client.embeddings.create(model="text-embedding-3-small", input="Moon")
"""


def test_a_program_with_opentelemetry_of_its_own_keeps_it_and_its_spans_are_headings(world: World) -> None:
    ended = run(world, "--", "python", "-c", JOINED)
    assert ended.status == 0, ended.err
    assert "Overriding" not in ended.err
    assert [call["path"] for call in ended.calls] == [["handle"]]
    (said,) = ended.summary["not_counted"]
    assert said.startswith("kept here: the program sets up OpenTelemetry itself")


def test_tests_of_an_application_are_seen_beside_their_own_captures(world: World, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(captured):\n    import openai\n"
        "    openai.OpenAI().embeddings.create(model='text-embedding-3-small', input='Moon')\n"
        "    assert len(captured.calls) == 1\n"
    )
    ended = run(world, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path))
    assert ended.status == 0, ended.out
    assert_ledger(world, ended)


@pytest.mark.parametrize("when", ["behind", "never"])
def test_a_collector_that_is_named_gets_everything_too(world: World, when: str) -> None:
    ended = run(world, "--", "python", "run_configured.py", when, OTEL_EXPORTER_OTLP_ENDPOINT=world.sink.url)
    assert_ledger(world, ended)
    assert len(world.sink.events("llm.call")) == ended.summary["calls"] == 2
    assert world.sink.metric("llm_requests") == 2
    assert ended.err.startswith(
        "heliograph: calls of models are shown here; "
        f"telemetry goes to {world.sink.url} too (OTEL_EXPORTER_OTLP_ENDPOINT)"
    )


def test_a_python_without_heliograph_is_named_with_what_to_do(world: World) -> None:
    other = sys._base_executable  # type: ignore[attr-defined]
    ended = run(world, "--", other, "-c", "pass", PYTHONPATH="")
    (said,) = ended.summary["not_counted"]
    assert said.startswith("what ")
    assert "it has no heliograph" in said
    assert "-m pip install heliograph" in said


@pytest.mark.parametrize("command", [["python", "-I", "-c", "pass"], ["true"]], ids=["isolated", "no-python"])
def test_no_python_that_reports_is_said(world: World, command: list[str]) -> None:
    ended = run(world, "--", *command)
    (said,) = ended.summary["not_counted"]
    assert said.startswith("no Python process reported: ")
    assert said in ended.err


def test_the_sitecustomize_that_is_hidden_is_run_and_the_path_is_left_clean(world: World, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')")
    ended = run(
        world,
        "--",
        "python",
        "-c",
        "import sys, sitecustomize; print([each for each in sys.path if 'heliograph' in each], sitecustomize.__file__)",
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(INSTRUMENTATION)]),
    )
    # Once by the runner's own Python, once by the program's.
    assert ended.out.decode() == f"mine\nmine\n[] {tmp_path / 'sitecustomize.py'}\n"
    assert ended.summary["not_counted"][0].startswith("1 Python process ran")


def test_a_python_that_calls_no_model_loads_next_to_nothing(world: World) -> None:
    # By what is loaded rather than by time, which a busy machine makes worthless.
    ask = "import sys; print(*sorted(sys.modules))"
    bare = subprocess.run(
        ["python", "-c", ask], env=environment(world), capture_output=True, text=True, check=True
    ).stdout.split()
    ended = run(world, "--", "python", "-c", ask)
    more = set(ended.out.decode().split()) - set(bare)
    assert more == {"_heliograph_watch", "_socket", "sitecustomize", "__future__"}
    assert ended.summary["not_counted"][0].startswith("1 Python process ran, and called no model")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--", "no-such-program"], 127, "no-such-program: not found"),
        (["."], 126, ". is a directory"),
        (["./distro"], 126, "./distro is a directory"),
        ([], 2, "what shall be run?"),
        (["--jsn", "x", "true"], 2, "unrecognized arguments: --jsn"),
    ],
)
def test_what_cannot_be_run_ends_as_in_a_shell(world: World, arguments: list[str], status: int, said: str) -> None:
    ended = run(world, *arguments)
    assert ended.status == status
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_the_base_install_is_enough(world: World) -> None:
    without_click = [*RUNNER[:2], f"import sys; sys.modules['click'] = None\n{RUNNER[2]}", "run"]
    ended = run(world, "--", "python", "run_ends.py", "exit", runner=without_click)
    assert (ended.status, ended.summary["calls"]) == (7, 1), ended.err


@pytest.mark.parametrize("options", [("--workers", "2"), ("--workers", "2", "--preload")], ids=["import", "preload"])
def test_workers_of_a_server_are_all_seen(world: World, options: tuple[str, ...]) -> None:
    port = free_port()
    process = start(world, "--", "gunicorn", "run_web:app", "--bind", f"127.0.0.1:{port}", *options)

    def get(path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return bool(answer.read())
        except OSError:
            return False

    world.wait_for(lambda: get("/"), "the server", 40)
    with ThreadPoolExecutor(4) as clients:
        assert all(clients.map(get, ["/ask"] * 16))
    process.send_signal(signal.SIGTERM)
    ended = end(world, process)
    assert ended.status == 0, ended.err
    assert ended.summary["calls"] == 16, ended.err
    assert_ledger(world, ended)
    assert ended.summary["not_counted"] == []


def test_on_a_terminal_ctrl_c_reaches_the_program_once_and_nothing_is_wider_than_it(world: World) -> None:
    program = (
        "import signal, sys, time, run_ends\n"
        "got = []\n"
        "signal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 30\n"
        "while not got and time.monotonic() < end: time.sleep(0.05)\n"
        "time.sleep(0.5)\n"
        "print('interrupted', len(got), flush=True)\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(APPS)
        command = [*RUNNER, "--", sys.executable, "-c", program, "exit-not"]
        os.execve(command[0], command, environment(world, TERM="xterm"))  # noqa: S606
    termios.tcsetwinsize(terminal, (24, 44))
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1 << 16)
    os.write(terminal, b"\x03")
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # Linux's word for the end
            break
        if not part:
            break
        said += part
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    text = said.decode()
    assert os.waitstatus_to_exitcode(status) == 0, text
    assert "interrupted 1\r\n" in text
    assert "\x1b[" in text, "no colours"
    plain = re.sub("\x1b\\[[0-9;]*m", "", text).replace("^C", "").split("\r\n")
    rows = [line for line in plain if "gpt-4o-mini" in line]
    assert len(rows) == 3, text  # the call, the slowest, the table
    assert max(len(line) for line in rows) <= 44, text
    assert any(line.endswith("USD") for line in rows)
