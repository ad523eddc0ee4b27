"""AlpacaEval's published figures come out of its recorded annotations.

Win rate, standard error and counts of 34 models of AlpacaEval 1 and three of AlpacaEval 2, to 1e-4 points; the
length-controlled win rates of these three, with the published weights, to 1e-6.
"""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from farm.commands.main import run_command
from farm.leaderboard.evaluation.evaluated import Figures, evaluated_recording, figures_of
from farm.leaderboard.evaluation.recorded import read_recorded
from tests.leaderboard.evaluation.test_recorded import TRACK
from tests.paths import HUMANDATA

pytestmark = pytest.mark.slow

ORIGINALS = HUMANDATA / "raw" / "alpaca_eval"
LEADERBOARDS = ORIGINALS / "src" / "alpaca_eval" / "leaderboards"
WEIGHTS = (
    ORIGINALS
    / "src/alpaca_eval/metrics/weights/weighted_alpaca_eval_gpt4_turbo/length_controlled_v1"
    / "baseline_gpt4_1106_preview.csv"
)
needs_originals = pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the recorded annotations are not here")


def published(path: Path) -> dict[str, dict[str, str]]:
    with path.open() as file:
        return {row[""]: row for row in csv.DictReader(file)}


def check(figures: Figures | Mapping[str, float], row: Mapping[str, str]) -> None:
    own = vars(figures) if isinstance(figures, Figures) else figures
    for name in ("win_rate", "standard_error", "discrete_win_rate"):
        assert 100 * own[name] == pytest.approx(float(row[name]), abs=1e-4)
    for name, theirs in (
        ("n_total", "n_total"),
        ("n_wins", "n_wins"),
        ("n_losses", "n_wins_base"),
        ("n_ties", "n_draws"),
    ):
        assert own[name] == int(row[theirs])
    assert int(own["mean_length"]) == int(row["avg_length"])


@pytest.mark.skipif(not (HUMANDATA / "alpaca_eval1_gpt4.parquet").is_file(), reason="the recorded table is not here")
def test_34_models_of_alpaca_eval_1(tmp_path: Path) -> None:
    table = pd.read_parquet(HUMANDATA / "alpaca_eval1_gpt4.parquet")
    for name, rows in table.groupby("model_2"):
        folder = tmp_path / str(name) / "alpaca_eval_gpt4"
        folder.mkdir(parents=True)
        # In an order of its own in every file: rows are joined by their texts.
        shuffled = rows.sample(frac=1, random_state=len(str(name)))
        annotations = [
            {
                "instruction": row.instruction,
                "output_1": row.output_1,
                "generator_1": row.model_1,
                "output_2": row.output_2,
                "generator_2": row.generator_2_field,
                "annotator": row.annotator,
                "preference": None if math.isnan(row.preference) else float(row.raw_label),
            }
            for row in shuffled.itertuples()
        ]
        (folder / "annotations.json").write_text(json.dumps(annotations))
    models = read_recorded(tmp_path, annotator="alpaca_eval_gpt4", reference_name="text_davinci_003", name=None).models
    rows = published(LEADERBOARDS / "data_AlpacaEval" / "alpaca_eval_gpt4_leaderboard.csv")
    assert len(models) == 34
    for model in models:
        check(figures_of(evaluated_recording(model, TRACK, name=model.name).verdicts), rows[model.name])


@needs_originals
def test_three_models_of_alpaca_eval_2_with_the_published_weights(tmp_path: Path) -> None:
    command = ["evaluate", f"annotations={ORIGINALS / 'results'}", "track=alpaca_eval_2", f"output={tmp_path / 'out'}"]
    command += [f"track.weights={WEIGHTS}", f"track.difficulty={ORIGINALS / 'derived' / 'instruction_difficulty.csv'}"]
    assert run_command([*command, f"root={tmp_path / 'runs'}"]) == 0
    models = json.loads((tmp_path / "out" / "evaluation.json").read_text())["models"]
    rows = published(LEADERBOARDS / "data_AlpacaEval_2" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv")
    assert sorted(models) == ["alpaca-7b", "gemma-2b-it", "vicuna-13b-v1.5"]
    for name, model in models.items():
        check(model, rows[name])
        official = float(rows[name]["length_controlled_winrate"])
        assert 100 * model["length_controlled_win_rate"] == pytest.approx(official, abs=1e-6)
        assert model["is_graded"]
        # 22 outputs of gemma-2b-it are empty indeed.
        found = {finding["check"]: finding["n_rows"] for finding in model["findings"]}
        assert found == ({"empty_outputs": 22} if name == "gemma-2b-it" else {})
    assert [models[name]["rank"] for name in ("vicuna-13b-v1.5", "gemma-2b-it", "alpaca-7b")] == [1, 2, 3]


@needs_originals
def test_graded_annotations_on_the_track_of_verdicts_are_measured_and_not_added(tmp_path: Path) -> None:
    path = ORIGINALS / "results" / "alpaca-7b" / "weighted_alpaca_eval_gpt4_turbo" / "annotations.json.gz"
    root = tmp_path / "runs"
    command = ["evaluate", f"annotations={path}", "track=alpaca_eval", f"output={tmp_path / 'out'}", f"root={root}"]
    assert run_command(command) == 0
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    rows = published(LEADERBOARDS / "data_AlpacaEval_2" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv")
    check(content, rows["alpaca-7b"])
    assert {finding["check"] for finding in content["findings"]} == {"other_annotator", "other_scale"}
    assert "not added" in content["notes"][0] and content["rank"] is None
    assert not (root / "artifacts" / "submission").exists()


@needs_originals
def test_three_models_tell_how_hard_instructions_are(tmp_path: Path) -> None:
    command = ["evaluate", f"annotations={ORIGINALS / 'results'}", "track=alpaca_eval_2", f"output={tmp_path / 'out'}"]
    assert run_command([*command, "root=null", "n_resamples=300"]) == 0
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    rows = published(LEADERBOARDS / "data_AlpacaEval_2" / "weighted_alpaca_eval_gpt4_turbo_leaderboard.csv")
    assert len(content["models"]) == 3 and not any("difficulty" in note for note in content["notes"])
    for name, model in content["models"].items():
        official = float(rows[name]["length_controlled_winrate"]) / 100
        assert model["length_controlled"]["low"] < official < model["length_controlled"]["high"]
