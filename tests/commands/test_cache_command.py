"""`farm cache`: what a user reads."""

import json
from pathlib import Path

import pytest

from farm.calls.session import open_calls
from farm.commands.main import run_command
from tests.calls.asking import questions, settings, slot
from tests.calls.server import judge_server

Out = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with judge_server() as server, open_calls(settings(tmp_path / "calls.sqlite")) as calls:
        calls.ask(questions(slot(server.base_url), 12))
    return tmp_path


def test_it_shows_what_each_model_was_asked(root: Path, capsys: Out) -> None:
    assert run_command(["cache", f"root={root}"]) == 0
    shown = capsys.readouterr().out
    assert "calls.sqlite: 12 replies" in shown
    assert any(line.split()[:2] == ["scripted", "12"] for line in shown.splitlines())


def test_an_export_holds_every_request_with_its_reply(root: Path, capsys: Out) -> None:
    assert run_command(["cache", "export", f"root={root}", f"output={root / 'calls.jsonl'}"]) == 0
    lines = [json.loads(line) for line in (root / "calls.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert {line["request"]["messages"][0]["content"][:9] for line in lines} == {"Question "}
    assert all(line["reply"]["text"].startswith("Output (") and line["cost_usd"] > 0 for line in lines)
    assert "12 replies" in capsys.readouterr().out


def test_pruning_forgets_the_chosen_only(root: Path, capsys: Out) -> None:
    assert run_command(["cache", "prune", f"root={root}", "older_than_days=30"]) == 0
    assert run_command(["cache", "prune", f"root={root}", "judge_model=another"]) == 0
    assert capsys.readouterr().out.count("0 replies forgotten") == 2
    assert run_command(["cache", "prune", f"root={root}", "older_than_days=0"]) == 0
    assert "12 replies forgotten" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prune"], "say what to forget"),
        (["export"], "say where to"),
        (["exprot", "output=x"], "did you mean `export`?"),
        (["export", "prune", "output=x"], "at a time"),
        (["prune", "model=m"], "did you mean `judge_model`?"),
        (["prune", "older_than_days=-1"], "at least 0"),
        (["oldest=3"], "unknown key"),
    ],
)
def test_a_wrong_command_line_is_answered_with_what_to_do(arguments: list[str], said: str, capsys: Out) -> None:
    assert run_command(["cache", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_a_cache_there_is_nothing_to_show_and_nothing_to_export(tmp_path: Path, capsys: Out) -> None:
    assert run_command(["cache", f"root={tmp_path}"]) == 0
    assert "no model has been asked anything yet" in capsys.readouterr().out
    assert run_command(["cache", "export", f"root={tmp_path}", f"output={tmp_path / 'x'}"]) == 1
    assert "there is no call cache here" in capsys.readouterr().err
