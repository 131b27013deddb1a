"""The demo's application: its documents, its search, its answers, its command line."""

from __future__ import annotations

import itertools
import json
import runpy
import signal
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import openai
import pytest

from research_assistant import __main__ as command
from research_assistant import corpus, retrieval, traffic
from research_assistant.assistant import Assistant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heliograph.testing import LLMServer

WHO: Any = {"user": "u", "session": "s", "tenant": "t"}


def index(*texts: str) -> retrieval.Index:
    return retrieval.Index(corpus.Passage(f"doc{n}", text) for n, text in enumerate(texts))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", []),
        (" \n\n \n", []),
        ("one paragraph", [13]),
        ("a\n\nb\n \nc", [5]),  # short ones share a passage
        (f"{'x' * 500}\n\n{'y' * 500}", [500, 500]),
        (f"{'x' * 449}\n\n{'y' * 450}", [900]),
        ("word " * 400, [899, 899, 199]),  # a long one is cut at words, and nothing of it is lost
        ("x" * 2000, [900, 900, 200]),
    ],
)
def test_passages_are_short_enough_for_a_prompt(text: str, sizes: list[int]) -> None:
    cut = list(corpus.passages("doc", text))
    assert [len(passage.text) for passage in cut] == sizes
    assert "".join("".join(passage.text for passage in cut).split()) == "".join(text.split())


def test_a_folder_gives_its_text_files_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "trap.md").mkdir()
    (tmp_path / "sub" / "a.MD").write_text("alpha")
    (tmp_path / "b.rst").write_bytes(b"beta \xff")
    (tmp_path / "c.py").write_text("gamma")
    found = {passage.source: passage.text for passage in corpus.folder(tmp_path)}
    assert found == {"b.rst": "beta \N{REPLACEMENT CHARACTER}", "sub/a.MD": "alpha"}


def test_installed_packages_speak_for_themselves() -> None:
    assert "openai" in {passage.source for passage in corpus.installed_packages()}


def test_search_finds_words_in_every_form_best_first() -> None:
    found = index("The collector exports traces.", "Tables on the terminal.", "exporting, exported, exporter").search(
        "What is exported?"
    )
    assert [passage.source for passage in found] == ["doc2", "doc0"]


@pytest.mark.parametrize(
    "question", ["", "a b ?", 'NEAR("x" OR', "'; DROP TABLE passages; --", "text:*", "\x00\x00\x00"]
)
def test_search_takes_any_question(question: str) -> None:
    assert index("nothing of that kind").search(question) == []


def test_search_ends_at_its_limit() -> None:
    assert len(index(*["same words"] * 20).search("words", limit=3)) == 3


def test_rerank_keeps_the_nearest_with_their_scores(llm_server: LLMServer) -> None:
    near, far = corpus.Passage("near", "streaming answers with openai"), corpus.Passage("far", "a recipe for soup")
    with openai.OpenAI() as client:
        ranked = retrieval.rerank(client, "streaming answers with openai", [far, near, far], keep=2)
    assert [passage.source for _, passage in ranked] == ["near", "far"]
    assert ranked[0][0] == pytest.approx(1.0, abs=1e-6)
    assert ranked[0][0] > ranked[1][0]
    assert len(llm_server.usage()) == 1, "one request for all texts"


def test_rerank_of_nothing_asks_nobody(llm_server: LLMServer) -> None:
    with openai.OpenAI() as client:
        assert retrieval.rerank(client, "anything", []) == []
    assert llm_server.usage() == []


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_from_the_passages_and_cites_them(stream: bool, llm_server: LLMServer) -> None:
    with openai.OpenAI() as client:
        retriever = retrieval.Retriever(client, index("Rich draws tables on the terminal with the Table class."))
        assistant = Assistant(client, retriever)
        answer = assistant.ask("How does Rich draw tables?", model="gpt-4o-mini", stream=stream, **WHO)
    assert "Table class" in answer
    assert "[1]" in answer
    assert [record["model"] for record in llm_server.usage()] == ["text-embedding-3-small", "gpt-4o-mini-2024-07-18"]


def test_what_the_provider_raises_reaches_the_caller(llm_server: LLMServer) -> None:
    llm_server.fault("500")
    with openai.OpenAI(max_retries=0) as client, pytest.raises(openai.InternalServerError):
        Assistant(client, retrieval.Retriever(client, index("text"))).ask("text?", model="gpt-4o-mini", **WHO)


@pytest.fixture
def kept(tmp_path: Path) -> retrieval.Index:
    passages = [corpus.Passage("rich", "Rich draws fine tables."), corpus.Passage("click", "Click reads all options.")]
    return retrieval.Index(passages, tmp_path / "kept")


def test_an_index_in_a_folder_answers_as_one_in_memory(kept: retrieval.Index) -> None:
    assert [passage.source for passage in kept.search("What draws tables?")] == ["rich"]
    assert [passage.text for passage in kept.document("the click docs")] == ["Click reads all options."]
    assert kept.document("django") == kept.document("a b") == []
    assert kept.titles() == ["click", "rich"]


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_an_index_that_cannot_be_read_fails_retrieval_until_it_can(
    harm: str, kept: retrieval.Index, tmp_path: Path, llm_server: LLMServer
) -> None:
    file, elsewhere = tmp_path / "kept" / "index.sqlite", tmp_path / "elsewhere"
    file.rename(elsewhere)
    if harm == "damaged":
        file.write_bytes(b"no database at all" * 100)
    with openai.OpenAI() as client:
        assistant = Assistant(client, retrieval.Retriever(client, kept))
        with pytest.raises(retrieval.RetrievalError, match="cannot be read"):
            assistant.ask("What draws tables?", model="gpt-4o-mini", **WHO)
        assert llm_server.usage() == [], "no model is asked without passages"
        elsewhere.replace(file)
        assert "Rich draws fine tables" in assistant.ask("What draws tables?", model="gpt-4o-mini", **WHO)


def test_each_further_pass_of_ranking_asks_the_model_and_leaves_one_passage_out(llm_server: LLMServer) -> None:
    texts = [f"Table number {number} is drawn by Rich." for number in range(9)]
    with openai.OpenAI() as client:
        found = [
            retrieval.Retriever(client, index(*texts), passages=3, passes=passes).find("Which table does Rich draw?")
            for passes in (1, 3)
        ]
    assert [len(passages) for passages in found] == [3, 3]
    asked = [record["endpoint"] for record in llm_server.usage()]
    assert asked == ["embeddings", "embeddings", "chat.completions", "chat.completions"]


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_prompts_version_decides_over_the_prompt(version: str, llm_server: LLMServer) -> None:
    from research_assistant.assistant import PROMPTS

    with openai.OpenAI() as client:
        assistant = Assistant(client, retrieval.Retriever(client, index("text")), prompt_version=version)
        assistant.ask("text?", model="gpt-4o-mini", **WHO)
    assert llm_server.requests()[-1].body["messages"][0]["content"] == PROMPTS[version]


class Ended:
    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ended]]:
    """Run the command line in this process, without telemetry."""
    monkeypatch.setattr("heliograph.configure", lambda **_: None)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments: str) -> Ended:
        code: object
        try:
            code = command.main(arguments)
        except SystemExit as leave:
            code = leave.code
        return Ended(code, *capsys.readouterr())

    yield call
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def docs(tmp_path: Path) -> str:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "rich.md").write_text("Rich draws tables on the terminal with the Table class.")
    return str(folder)


def test_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["research_assistant", "--help"])
    monkeypatch.delitem(sys.modules, "research_assistant.__main__")  # as `python -m` finds it
    with pytest.raises(SystemExit) as leave:
        runpy.run_module("research_assistant", run_name="__main__")
    assert leave.value.code == 0
    shown = capsys.readouterr().out
    assert "{ask,batch}" in shown
    assert "--docs" in shown


def test_ask_answers_from_a_folder(run: Callable[..., Ended], docs: str, llm_server: LLMServer) -> None:
    done = run("--docs", docs, "ask", "--stream", "How does Rich draw tables?")
    assert (done.code, "Table class" in done.out) == (0, True), done.err
    assert len(llm_server.usage()) == 2


def test_ask_ends_with_words_when_the_provider_fails(
    run: Callable[..., Ended], docs: str, llm_server: LLMServer
) -> None:
    llm_server.fault("500")
    done = run("--docs", docs, "ask", "How does Rich draw tables?")
    assert (done.code, done.out) == (1, "")
    assert "InternalServerError" in done.err
    assert "Traceback" not in done.err


def test_batch_goes_on_after_a_failure_and_lets_users_and_models_take_turns(
    run: Callable[..., Ended], docs: str, tmp_path: Path, llm_server: LLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    ask = Assistant.ask

    def observed(self: Assistant, question: str, **options: Any) -> str:
        asked.append({"question": question, **options})
        llm_server.fault("500" if len(asked) == 2 else "none")
        if len(asked) == 4:
            signal.raise_signal(signal.SIGTERM)  # the question at hand is still answered
        return ask(self, question, **options)

    monkeypatch.setattr(Assistant, "ask", observed)
    (tmp_path / "q").write_text("\nWhat draws tables?\n\nWhere are tables drawn?\n")
    batch = ["--rate", "1000", "--duration", "0", "--users", "2", "--model", "gpt-4o-mini, gpt-4.1-mini", "--json"]
    batch += ["--mix", "research"]
    done = run("--docs", docs, "batch", "--questions", str(tmp_path / "q"), *batch)
    said = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [line["question"] for line in said] == ["What draws tables?", "Where are tables drawn?"] * 2
    assert ["answer" in line for line in said] == [True, False, True, True]
    assert "InternalServerError" in said[1]["error"]
    assert [call["model"] for call in asked] == ["gpt-4o-mini", "gpt-4.1-mini"] * 2
    assert [call["user"] for call in asked] == ["user-0", "user-1"] * 2
    assert [call["tenant"] for call in asked] == ["acme", "globex"] * 2
    assert [call["stream"] for call in asked] == [True, True, False, False]


BAD_INPUT: dict[str, tuple[list[str], str]] = {
    "nothing to do": ([], "required: command"),
    "no such folder": (["--docs", "{tmp}/nowhere", "ask", "x"], "is not a folder"),
    "a file for a folder": (["--docs", "{tmp}/empty.txt", "ask", "x"], "is not a folder"),
    "a folder without documents": (["--docs", "{tmp}/bare", "ask", "x"], "holds no .md, .rst, .txt file"),
    "no such questions": (["batch", "--questions", "{tmp}/nowhere"], "cannot be read"),
    "no questions": (["batch", "--questions", "{tmp}/empty.txt"], "holds no question"),
    "no time": (["batch", "--rate", "0"], "is not above 0"),
    "no users": (["batch", "--users", "0"], "is not 1 or more"),
    "no model": (["batch", "--model", " , "], "no model is named"),
    "no way of asking": (["batch", "--mix", "guess=1"], "is not one of research, agent"),
    "a mix of nothing": (["batch", "--mix", "agent=0"], "asks nothing"),
    "no share": (["batch", "--heavy-user", "2"], "is not between 0 and 1"),
    "no workers": (["batch", "--workers", "0"], "is not 1 or more"),
    "no steps": (["--max-steps", "-1", "ask", "x"], "is below 0"),
    "no such prompt": (["--prompt-version", "9", "ask", "x"], "invalid choice"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_wrong_input_is_named(name: str, run: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bare").mkdir()
    arguments, told = BAD_INPUT[name]
    done = run(*(argument.replace("{tmp}", str(tmp_path)) for argument in arguments))
    assert done.code == 2
    assert told in done.err


def turns(many: int, **options: Any) -> list[traffic.Turn]:
    mix = options.pop("mix", {"research": 4, "agent": 1})
    made = traffic.turns(["q1", "q2"], ["m1", "m2"], mix, **{"users": 5, **options})
    return list(itertools.islice(made, many))


def test_ways_of_asking_are_mixed_as_weighed_for_every_user() -> None:
    made = turns(500)
    assert sum(turn.kind == "agent" for turn in made) == pytest.approx(100, abs=3)
    agents = Counter(turn.who["user"] for turn in made if turn.kind == "agent")
    assert len(agents) == 5
    assert max(agents.values()) < 2 * min(agents.values())
    assert {turn.kind for turn in turns(50, mix={"agent": 1})} == {"agent"}


def test_a_heavy_user_asks_that_share_besides_the_own_turns() -> None:
    asked = Counter(turn.who["user"] for turn in turns(1000, users=20, heavy_user=0.5))
    assert len(asked) == 20
    assert asked["user-0"] == pytest.approx(500 + 25, abs=15)
    even = Counter(turn.who["user"] for turn in turns(1000, users=20))
    assert set(even.values()) == {50}


def test_a_user_has_one_tenant() -> None:
    made = turns(200, users=8)
    assert len({(turn.who["user"], turn.who["tenant"]) for turn in made}) == 8
    assert {turn.who["tenant"] for turn in made} == set(traffic.TENANTS)


@pytest.mark.usefixtures("llm_server")
def test_workers_ask_at_the_same_time(run: Callable[..., Ended], docs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(3, lambda: signal.raise_signal(signal.SIGTERM), timeout=10)
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: str(meeting.wait()))
    batch = ["--rate", "1000", "--workers", "3", "--mix", "research", "--duration", "0", "--json"]
    done = run("--docs", docs, "batch", *batch)
    assert done.code == 0
    assert sorted(json.loads(line)["answer"] for line in done.out.splitlines()) == ["0", "1", "2"]


@pytest.mark.usefixtures("llm_server")
def test_a_defect_of_the_application_ends_the_batch(
    run: Callable[..., Ended], docs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: WHO["nothing"])
    with pytest.raises(KeyError):
        run("--docs", docs, "batch", "--rate", "1000", "--duration", "0", "--mix", "research")


@pytest.mark.usefixtures("llm_server")
def test_a_batch_of_a_query_type_reports_it(
    run: Callable[..., Ended], docs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    types: list[Any] = []

    def ask(*_: object, **said: Any) -> str:
        types.append(said.get("query_type"))
        return ""

    monkeypatch.setattr(Assistant, "ask", ask)
    for more in ([], ["--query-type", "audit"]):
        run("--docs", docs, "batch", "--rate", "1000", "--duration", "0.001", "--mix", "research", *more)
    assert (types[0], types[-1]) == (None, "audit")
