"""Arguments of the command line that nobody means: a sentence and an exit status, never a traceback."""

from __future__ import annotations

from typing import Final

import pytest

from heliograph.cli import main

ODD: Final = (
    "../../etc/passwd",
    "a\nb",
    "\x1b[31mred",
    "-",
    "{{ . }}",
    '"} or 1 #',
    "x" * 100_000,
    "nan",
    "http://[::1",
)
COMMANDS: Final = {
    "config explain": ["config", "explain", "{}"],
    "generate": ["generate", "--check", "--config", "{}"],
    "logs": ["logs", "{}"],
    "logs --state": ["logs", "--state", "{}", "meter"],
    "ack": ["ack", "{}", "--why", "x", "--alertmanager", "http://127.0.0.1:9"],
    "ack --for": ["ack", "X", "--for", "{}", "--why", "x", "--alertmanager", "http://127.0.0.1:9"],
    "ack --match": ["ack", "X", "--match", "{}", "--why", "x", "--alertmanager", "http://127.0.0.1:9"],
    "ack --alertmanager": ["ack", "X", "--why", "x", "--alertmanager", "{}"],
    "ack --expire": ["ack", "--expire", "{}", "--alertmanager", "http://127.0.0.1:9"],
    "alerts --team": ["alerts", "--team", "{}", "--alertmanager", "http://127.0.0.1:9"],
    "alerts --prometheus": ["alerts", "--alertmanager", "http://127.0.0.1:9", "--prometheus", "{}"],
    "notify-test": ["notify-test", "{}"],
    "inbox --http": ["inbox", "--http", "{}"],
    "meter --listen": ["meter", "--listen", "{}"],
    "meter --prices": ["meter", "--listen", "127.0.0.1:0", "--export", "http://127.0.0.1:9", "--prices", "{}"],
    "prices --prices": ["prices", "gpt-4o", "--prices", "{}"],
    "drill --faults": ["drill", "--list", "--faults", "{}"],
    "build": ["build", "{}"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_odd_arguments_end_in_a_sentence(
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("HELIOGRAPH_STATE", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("NO_COLOR", "1")
    for odd in ODD:
        with pytest.raises(SystemExit) as ended:
            main([odd if each == "{}" else each for each in COMMANDS[command]])
        said = capsys.readouterr()
        assert ended.value.code not in {0, None} or command == "ack --for", (odd, said.out)
        assert said.err or said.out
        assert "Traceback" not in said.err
        assert "root:" not in said.out


@pytest.mark.parametrize("key", ["channels.webhook"])
def test_any_part_of_the_file_is_explained(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All keys of a webhook show their effect together: its token and its password ended in a duplicate field."""
    main(["config", "explain", key])
    assert capsys.readouterr().out
