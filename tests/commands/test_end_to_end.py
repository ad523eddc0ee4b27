"""The main job in small, as a user runs it: one command, its files, its resumption, its leaderboard, its comparison."""

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from farm.analysis.comparison_schema import ComparisonJson
from tests.analysis.comparison_shape import mismatches
from tests.commands.run_farm import farm, farm_process
from tests.forked import MAIN, Forked

SMALL = (
    "dataset.n_demonstrations=320", "dataset.n_preference=96", "dataset.n_unlabeled=64", "dataset.n_evaluation=20",
    "dataset.n_validation=8", "reward_model.n_held_out=16", "model.max_new_tokens=32",
)  # fmt: skip
"""Smaller still than conf/experiment/pocket_small.yaml."""
PICTURES = ("comparison.png", "costs.png", "over_optimisation.png")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a sweep that was killed on its way, with two workers, and then run to its end in one process."""
    root = tmp_path_factory.mktemp("root")
    with Forked(MAIN, "run", "experiment=pocket_small", *SMALL, f"root={root}") as process:
        deadline = time.monotonic() + 300
        while not list((root / "artifacts" / "policy").glob("[0-9a-f]*")) and time.monotonic() < deadline:
            time.sleep(0.1)
            assert process.is_running, process.done()
        process.kill_all()
    assert not (root / "experiments" / "pocket_small" / "standings.csv").exists()
    done = farm_process("run", "experiment=pocket_small", "hydra.launcher.n_jobs=1", *SMALL, f"root={root}")
    assert done.returncode == 0, done.stdout + done.stderr
    (root / "printed.txt").write_text(done.stdout)
    return root


def test_the_sweep_ends_with_its_tables_and_pictures(finished: Path) -> None:
    folder = finished / "experiments" / "pocket_small"
    standings = pd.read_csv(folder / "standings.csv")
    assert {
        "method", "annotator_train", "annotator_eval", "seed", "win_rate", "standard_error", "n_total", "n_unparsed",
        "mean_length", "utility",
    } <= set(standings.columns)  # fmt: skip
    # Five methods, two training annotators, two evaluation annotators; three labels on each of 20 instructions.
    assert len(standings) == 20
    assert (standings["n_total"] + standings["n_unparsed"] == 60).all()
    assert standings["win_rate"].between(0, 1).all()
    comparison = json.loads((folder / "comparison.json").read_text())
    assert mismatches(comparison, ComparisonJson) == []
    assert comparison["wall_seconds"] > 0 and comparison["peak_memory_mb"] > 0
    assert comparison["ranking"]["n_models"] == 4
    spearman = comparison["ranking"]["spearman"]
    assert spearman["low"] <= spearman["value"] <= spearman["high"]
    assert {m["model"] for m in comparison["models"]} == {"sft", "dpo", "best_of_n", "feedme"}
    costs = pd.read_csv(folder / "costs.csv").set_index(["method", "labels"])
    # 320 demonstrations, 16 a step, then 96 comparisons of two answers, all labelled.
    assert costs.loc[("sft", "crowd"), ["gradient_steps", "n_labels", "generated_tokens"]].tolist() == [20, 0, 0]
    assert (costs.loc[["dpo", "best_of_n"], "n_labels"] == 96).all()
    assert costs.loc[("best_of_n", "crowd"), "tokens_per_answer"] > 8 * costs.loc[("dpo", "crowd"), "tokens_per_answer"]
    assert (costs["flops"] > 0).all() and (costs["peak_memory_mb"] > 100).all()
    for name in PICTURES:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert str(folder / "comparison.png") in (finished / "printed.txt").read_text()


def test_the_same_seed_gives_the_same_standings_from_nothing(finished: Path, tmp_path: Path) -> None:
    line = ("run", "experiment=pocket_small", "hydra.launcher.n_jobs=1", "method=dpo", *SMALL, f"root={tmp_path}")
    done = farm_process(*line)
    assert done.returncode == 0, done.stdout + done.stderr
    there = pd.read_csv(finished / "experiments" / "pocket_small" / "standings.csv")
    here = pd.read_csv(tmp_path / "experiments" / "pocket_small" / "standings.csv")
    pd.testing.assert_frame_equal(there[there["method"] == "dpo"].reset_index(drop=True), here)


def test_one_run_of_a_finished_sweep_only_reads(finished: Path) -> None:
    done = farm("run", "method=best_of_n", "annotator=pool", *SMALL, f"root={finished}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reward_model  reused" in done.stdout
    assert " made " not in done.stdout
    assert "judged by crowd (n 60 labels on 20 instructions, 0 unparsed)" in done.stdout


@pytest.mark.parametrize("method", ["quark", "ppo", "grpo", "online_dpo"])
def test_methods_that_draw_their_own_answers_run_to_their_standings(finished: Path, method: str) -> None:
    shorter = {
        "quark": ["method.n_steps=2", "method.rollouts_per_step=16"],
        "ppo": ["method.n_steps=2", "method.rollouts_per_step=16"],
        "grpo": ["method.rollouts.n_steps=2", "method.training.batch_size=16"],
        "online_dpo": ["comparisons.n_comparisons=64"],
    }
    arguments = (f"method={method}", *shorter[method], *SMALL, "selection.n_instructions=8", f"root={finished}")
    done = farm("run", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{method}: win rate" in done.stdout and "chosen" in done.stdout


def test_settings_that_do_not_fit_the_data_end_in_one_sentence(finished: Path) -> None:
    done = farm("run", "method=ppo", "method.rollouts_per_step=500", *SMALL, f"root={finished}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "takes at least 500 unlabeled instructions (method.rollouts_per_step=500), and there are 64" in done.stderr


def test_leaderboard_is_regenerated_and_checked(finished: Path, tmp_path: Path) -> None:
    arguments = ("leaderboard", f"root={finished}", f"output={tmp_path}")
    assert farm(*arguments).returncode == 0
    assert farm(*arguments, "--check").returncode == 0
    table = tmp_path / "standings.csv"
    table.write_text(table.read_text().replace("best_of_n", "best_of_m", 1))
    changed = farm("leaderboard", f"output={tmp_path}", "--check")
    assert changed.returncode == 1
    assert "best_of_m" in changed.stdout
    assert (tmp_path / "site" / "index.html").is_file()


def test_compare_reads_the_same_runs(finished: Path, tmp_path: Path) -> None:
    done = farm("compare", f"root={finished}", f"output={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "Spearman" in done.stdout
    assert (tmp_path / "comparison.png").is_file()


def test_a_corrupt_artifact_is_named_and_nothing_of_it_is_used(finished: Path, tmp_path: Path) -> None:
    victim = next((finished / "artifacts" / "standings").glob("[0-9a-f]*")) / "outcomes.parquet"
    content = victim.read_bytes()
    victim.write_bytes(content[:-1] + b"\x00")
    try:
        done = farm("leaderboard", f"root={finished}", f"output={tmp_path}")
    finally:
        victim.write_bytes(content)
    assert done.returncode == 0
    assert "left out 1 of " in done.stderr and f"standings {victim.parent.name} is corrupt" in done.stderr
    n_without = len(pd.read_csv(tmp_path / "standings.csv"))
    assert farm("leaderboard", f"root={finished}", f"output={tmp_path}").returncode == 0
    assert 0 < n_without < len(pd.read_csv(tmp_path / "standings.csv"))
    assert "Traceback" not in done.stderr


def test_wrong_keys_start_nothing(tmp_path: Path) -> None:
    done = farm("run", "experiment=pocket", "metod=ppo", "model.dtype=float8", f"root={tmp_path / 'root'}")
    assert done.returncode == 2
    assert "did you mean `method`?" in done.stderr and "model.dtype" in done.stderr
    assert not (tmp_path / "root").exists()


def test_help_fits_one_screen() -> None:
    done = farm("--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= 40
    for command in ("run", "leaderboard", "compare", "pocket build"):
        assert command in done.stdout
    assert farm("rnu").returncode == 2
