"""A chain on real text whose annotators ask models: labels, evaluation, a budget that ends, and a second run."""

import json
from pathlib import Path

import pytest

from farm.commands.main import run_command
from farm.records import Annotation
from farm.store.tables import read_table
from tests.calls.server import judge_server
from tests.commands.little_data import run_on_little_data

pytestmark = pytest.mark.slow


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`farm run` on three little files and a random two-layer model."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    return run_on_little_data(tmp_path)


def annotations_of(root: Path) -> list[Path]:
    return [p for p in (root / "artifacts" / "annotations").glob("*/annotations.parquet") if p.parent.name[0] != "."]


def test_judges_label_and_evaluate_and_are_paid_once(
    line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs"
    with judge_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        prompted = [*line, "annotator=pool", "evaluation=prompted"]
        assert run_command([*prompted, "budget_calls=3"]) == 1
        error = capsys.readouterr().err
        assert "budget_calls=3 is spent" in error and "run the same command again" in error
        assert annotations_of(root) == []  # labels with holes are no artifact
        assert len(server.requests) == 3
        assert run_command(prompted) == 0
        assert "judged by pool_eval (n 8 labels on 8 instructions, 0 unparsed)" in capsys.readouterr().out
        # 20 labels and 8 evaluations; a judge of several pairs per prompt may ask about some of them once more.
        assert 20 <= len(server.requests) <= 36 and server.n_asked_again == 0
        (file,) = annotations_of(root)
        labels = read_table(file, Annotation)
        assert len({label.judge for label in labels}) > 1
        assert all(label.raw_reply and label.n_prompt_tokens > 0 and label.cost_usd for label in labels)
        n = len(server.requests)
        assert run_command(prompted) == 0
        assert " made " not in capsys.readouterr().out and len(server.requests) == n
        # Other noise makes another policy, whose outputs are judged; the labels' verdicts are there already.
        n_labelling = sum("otter cake" in json.dumps(request.body) for request in server.requests)
        for noise in ("none", "length_bias"):
            assert run_command([*prompted, f"noise={noise}"]) == 0
            assert f"feedme/pool+{noise}/0" in capsys.readouterr().out
        assert sum("otter cake" in json.dumps(request.body) for request in server.requests) == n_labelling > 0
        assert len(annotations_of(root)) == 3


def test_a_run_whose_verdicts_cannot_be_read_ends_with_code_3(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server(answer=lambda text: "Output (a)" if "otter cake" in text else "I cannot choose.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert run_command([*line, "annotator=greedy", "evaluation=prompted"]) == 3
        assert "none of 8 comparisons got a verdict" in capsys.readouterr().err
    with judge_server(answer=lambda _: "I cannot choose.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert run_command([*line, "annotator=greedy", "evaluation=prompted", "seed=5"]) == 3
        error = capsys.readouterr().err
        assert error.index("greedy: none of 20 comparisons got a verdict") < error.index("no preference pair is left")


def test_what_asks_nobody_leaves_no_cache(line: list[str], tmp_path: Path) -> None:
    assert run_command([*line, "annotator=recorded"]) == 0
    assert (tmp_path / "runs" / "artifacts").is_dir() and not (tmp_path / "runs" / "calls.sqlite").exists()
