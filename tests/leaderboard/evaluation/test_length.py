"""Which length-controlled figure a model gets, from the files that its track names."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from farm.commands.main import run_command
from farm.stats.length_control.alpaca_eval import GamedRows, fit_as_alpaca_eval, win_rate_of_weights

N = 60


@pytest.fixture
def made(tmp_path: Path) -> dict[str, np.ndarray]:
    """Annotations, difficulties and gamed rows on disk, each in an order of its own."""
    rng = np.random.default_rng(0)
    difficulty, lengths = rng.normal(0, 1.5, N).round(6), rng.integers(5, 200, N)
    # Strong effects: which strength of the penalty is chosen hardly matters then.
    linear = 2 * np.tanh((lengths - 100) / 55) + difficulty - 0.5
    scores = (1 / (1 + np.exp(-linear))).round(6)
    rows = [
        {
            "instruction": f"instruction {k}", "output_1": "x" * 100, "output_2": "y" * int(lengths[k]),
            "generator_1": "reference", "generator_2": "model", "annotator": "judge", "preference": 1 + scores[k],
        }
        for k in rng.permutation(N)
    ]  # fmt: skip
    (tmp_path / "annotations.json").write_text(json.dumps(rows))
    scaled = rng.normal(0, 1, 2 * N).round(6)
    gamed = [(1 / (1 + np.exp(2 * np.tanh(scaled)))).round(6), scaled, np.tile(difficulty, 2)]
    with (tmp_path / "difficulty.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("instruction", "instruction_difficulty")])
        csv.writer(file).writerows([(f"instruction {k}", difficulty[k]) for k in rng.permutation(N)])
    with (tmp_path / "df_gamed.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("preference", "std_delta_len", "instruction_difficulty")])
        csv.writer(file).writerows(zip(*gamed, strict=True))
    return {"scores": scores, "gaps": lengths - 100.0, "difficulty": difficulty, "gamed": np.stack(gamed)}


def evaluated(tmp_path: Path, *files: str) -> dict[str, object]:
    command = ["evaluate", f"annotations={tmp_path / 'annotations.json'}", "track=alpaca_eval_2"]
    command += [f"track.{file}" for file in files] + [f"track.folder={tmp_path}", "track.recorded_annotator=judge"]
    command += ["track.reference_name=reference", f"output={tmp_path / 'out'}", f"root={tmp_path / 'runs'}"]
    assert run_command(command) == 0
    content: dict[str, object] = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    return content


def test_with_gamed_rows_the_figure_is_that_of_alpaca_evals_fit(tmp_path: Path, made: dict[str, np.ndarray]) -> None:
    found = evaluated(tmp_path, "difficulty=difficulty.csv", "gamed=df_gamed.csv")
    scores, scaled, difficulty = made["gamed"]
    weights = fit_as_alpaca_eval(
        made["scores"], made["gaps"], made["difficulty"], GamedRows(scores, -scaled, difficulty)
    )
    # Folds are by row: in another order of the rows the fit may choose another strength, within a few thousandths.
    assert found["length_controlled_win_rate"] == pytest.approx(
        win_rate_of_weights(weights, made["difficulty"]), abs=0.01
    )


def test_a_difficulty_alone_enters_the_default_fit(tmp_path: Path, made: dict[str, np.ndarray]) -> None:
    with_it = evaluated(tmp_path, "difficulty=difficulty.csv")["length_controlled_win_rate"]
    without = evaluated(tmp_path)["length_controlled_win_rate"]
    assert with_it != without
    true = (1 / (1 + np.exp(0.5 - made["difficulty"]))).mean()
    assert with_it == pytest.approx(true, abs=0.03)


def test_gamed_rows_without_difficulty_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["evaluate", "annotations=a.json", "track=alpaca_eval_2", "track.gamed=g.csv"]) == 2
    assert "gamed says nothing without difficulty" in capsys.readouterr().err
