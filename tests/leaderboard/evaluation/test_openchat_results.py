"""Evaluation folders as OpenChat's old evaluator wrote them: two orders a question, unread replies stored as zeros."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from farm.data.files.table_files import DataError
from farm.leaderboard.evaluation.openchat_results import read_results, result_files


def jsonl(path: Path, rows: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def row(question: str, a: tuple[float, float], b: tuple[float, float]) -> dict[str, object]:
    mean = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
    score = {"score": mean, "raw_a": [list(a), f"A of {question}"], "raw_b": [list(b), f"B of {question}"]}
    return {
        "question_id": question,
        "text": question,
        "category": "generic",
        "answer": f"ours to {question}",
        "score": score,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Won, lost, tied, won by the one order that was read, neither read, never judged."""
    rows = [
        row("q1", (9, 7), (8, 8)), row("q2", (6, 8), (7, 7)), row("q3", (8, 6), (6, 8)),
        row("q4", (9, 8), (0, 0)), row("q5", (0, 0), (0, 0)), {"text": "q6", "answer": "ours to q6"},
    ]  # fmt: skip
    jsonl(tmp_path / "answers" / "eval_result_20230703" / "openchat_VS_gpt-3.5-turbo.jsonl", rows)
    baseline = [{"text": f"q{i}", "answer": f"theirs to q{i}", "category": "generic"} for i in range(1, 7)]
    jsonl(tmp_path / "eval_baseline" / "gpt-3.5-turbo.jsonl", baseline)
    return tmp_path / "answers"


def test_the_higher_mean_over_the_orders_that_were_read_wins(folder: Path) -> None:
    (file,) = result_files(folder)
    assert [file] == result_files(folder / "eval_result_20230703")
    model = read_results(file)
    assert (model.name, model.reference_name) == ("openchat", "gpt-3.5-turbo")
    assert [verdict.score for verdict in model.verdicts] == [1.0, 0.0, 0.5, 1.0, None, None]
    assert model.verdicts[1].output == "ours to q2" and model.verdicts[1].reference == "theirs to q2"
    assert model.verdicts[1].reply == "A of q2\n\nB of q2"
    # means of the model 8.5, 6.5, 7, 9 and of the baseline 7.5, 7.5, 7, 8: 31 of 30
    assert model.notes == [
        "openchat: its scores sum to 103.3% of those of gpt-3.5-turbo",
        "openchat: 3 replies without scores were left out, which OpenChat counted as 0",
    ]


def test_the_newest_of_several_evaluations_is_read(folder: Path) -> None:
    newer = jsonl(folder / "eval_result_20230801" / "openchat_VS_gpt-3.5-turbo.jsonl", [row("q1", (9, 7), (8, 8))])
    assert result_files(folder) == [newer]


def test_other_folders_are_none_of_openchats(tmp_path: Path) -> None:
    jsonl(tmp_path / "model" / "annotator" / "annotations.json", [])
    assert result_files(tmp_path) == []


def test_what_does_not_fit_is_named_by_file_row_and_field(folder: Path) -> None:
    bad = row("q2", (9, 7), (8, 8)) | {"score": {"raw_a": [["9", 7], "x"], "raw_b": [[8, 8], "y"]}}
    file = jsonl(folder / "eval_result_20230703" / "bad_VS_gpt-3.5-turbo.jsonl", [row("q1", (9, 7), (8, 8)), bad])
    with pytest.raises(DataError, match=r"bad_VS_gpt-3.5-turbo.jsonl: row 2, field `score.raw_a`: expected two scores"):
        read_results(file)
    lonely = jsonl(folder / "eval_result_20230703" / "bad_VS_nobody.jsonl", [row("q1", (9, 7), (8, 8))])
    with pytest.raises(DataError, match="the answers of nobody, with which it was compared, are not there"):
        read_results(lonely)
