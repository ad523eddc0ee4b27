from pathlib import Path

import pandas as pd
import pytest

from farm.analysis.humans.rankings.standings import ranking_of_standings
from farm.data.files.rows import DataError
from farm.labels.published.standings import is_standings, read_standings
from farm.stats.bootstrap import Resampling
from tests.paths import ROOT


def written(folder: Path, text: str) -> Path:
    path = folder / "standings.csv"
    path.write_text(text)
    return path


def test_one_file_holds_both_sides_of_table_2() -> None:
    path = ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv"
    humans, simulated = (read_standings(path, role, None) for role in ("humans", "simulated"))
    assert (len(humans.models), len(simulated.models)) == (10, 12)
    ppo = next(m for m in humans.models if m.model == "PPO")
    assert (ppo.values, ppo.standard_errors, ppo.n_total, ppo.is_trained_in_lab) == ((0.551,), (0.017,), 805, True)
    assert "Table 2" in humans.source
    assert "2 of 12 rows" in humans.notes[0] and "Quark" in humans.notes[0]


@pytest.mark.parametrize(("cells", "value"), [("50,2", 0.5), ("0.5,0.02", 0.5), ("50%,2%", 0.5)])
def test_percent_and_fractions_are_told_apart(tmp_path: Path, cells: str, value: float) -> None:
    first = "50,2" if cells.startswith("5") else "0.25,0.02"
    found = read_standings(written(tmp_path, f"model,win_rate,standard_error\na,{first}\nb,{cells}\n"), "humans", None)
    assert found.models[1].values == (value,) and found.models[1].standard_errors == (0.02,)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a column with the models' names .*found \['x', 'win_rate'\]"):
        read_standings(written(tmp_path, "x,win_rate\na,50\n"), "humans", None)
    with pytest.raises(DataError, match=r"expected a column 'human_win_rate' or 'win_rate'.*humans_column=NAME"):
        read_standings(written(tmp_path, "model,elo\na,1000\n"), "humans", None)
    with pytest.raises(DataError, match="win_rate: expected a number, got 'high'"):
        read_standings(written(tmp_path, "model,win_rate\na,high\n"), "humans", None)
    with pytest.raises(DataError, match="found 50 to 1200; give a score that is no win rate"):
        read_standings(written(tmp_path, "model,win_rate\na,50\nb,1200\n"), "humans", None)
    with pytest.raises(DataError, match="one row per model, a stands there more than once"):
        read_standings(written(tmp_path, "model,win_rate\na,50\na,60\n"), "humans", None)


def test_a_figure_without_an_error_has_no_interval_and_that_is_said(tmp_path: Path) -> None:
    found = read_standings(written(tmp_path, "model,win_rate\na,50\nb,60\n"), "humans", None)
    assert "2 of 2 models have no standard error and no interval" in found.notes[-1]
    side = ranking_of_standings(found, "humans", resampling=Resampling(seed=0, n_resamples=50))
    assert side.draws.win_rate_draws.std(axis=0) == pytest.approx([0, 0])
    assert side.models[0].low is None and side.models[0].standard_error is None


def test_a_row_may_end_before_its_empty_cells(tmp_path: Path) -> None:
    found = read_standings(written(tmp_path, "model,win_rate,standard_error,note\na,50\nb,60,2,x\n"), "humans", None)
    assert [m.standard_errors for m in found.models] == [(None,), (0.02,)]


def test_training_seeds_are_averaged_and_drawn(tmp_path: Path) -> None:
    text = "model,seed,win_rate,standard_error\na,0,30,1\nb,0,50,1\na,1,40,1\nb,1,60,1\n"
    found = read_standings(written(tmp_path, text), "humans", None)
    assert found.seeds == (0, 1)
    side = ranking_of_standings(found, "humans", resampling=Resampling(seed=0, n_resamples=4000))
    assert [m.win_rate for m in side.models] == pytest.approx([0.35, 0.55])
    # sqrt(.01^2 + variance of (.3, .4) / 2) = sqrt(.0001 + .005 / 2)
    assert side.models[0].standard_error == pytest.approx(0.0026**0.5)
    # One of two seeds is drawn: +-.05 from the mean, and the noise of .01.
    assert side.draws.win_rate_draws.std(axis=0) == pytest.approx((0.05**2 + 0.01**2) ** 0.5, rel=0.05)
    # A seed is drawn for all models together.
    gap = side.draws.win_rate_draws[:, 1] - side.draws.win_rate_draws[:, 0]
    assert gap.std() == pytest.approx(2**0.5 * 0.01, rel=0.05)


def test_uneven_seeds_are_refused(tmp_path: Path) -> None:
    text = "model,seed,win_rate\na,0,30\nb,0,50\na,1,40\n"
    with pytest.raises(DataError, match=r"training seeds \[0, 1\] for every model.*'b' has \[0\]"):
        read_standings(written(tmp_path, text), "humans", None)


def test_strengths_of_win_rates_are_log_odds(tmp_path: Path) -> None:
    found = read_standings(
        written(tmp_path, "model,win_rate,standard_error\na,0.75,0.01\nb,0.5,0.01\n"), "humans", None
    )
    side = ranking_of_standings(found, "humans", resampling=Resampling(seed=0, n_resamples=10))
    # log(3), 0
    assert side.draws.strengths.tolist() == pytest.approx([1.0986123, 0])
    certain = read_standings(written(tmp_path, "model,win_rate\na,1\nb,0.5\n"), "humans", None)
    assert (
        "no finite log odds"
        in ranking_of_standings(certain, "humans", resampling=Resampling(seed=0, n_resamples=10)).draws.strength_reason
    )


def test_models_with_figures_of_another_name_are_standings_whose_column_can_be_named(tmp_path: Path) -> None:
    assert is_standings(written(tmp_path, "model,elo\na,1000\n"), "humans", None)
    for columns in ("model,instruction,output,rating", "question_id,model,score", "model_a,model_b,winner"):
        assert not is_standings(
            written(tmp_path, f"{columns}\n{','.join('1' * (columns.count(',') + 1))}\n"), "humans", None
        )


def test_standings_are_told_from_annotations(tmp_path: Path) -> None:
    assert is_standings(written(tmp_path, "model,win_rate\na,50\n"), "humans", None)
    assert not is_standings(written(tmp_path, "item_id,preference\n1,2\n"), "humans", None)
    table = tmp_path / "labels.parquet"
    pd.DataFrame({"item_id": ["1"], "preference": [1.0]}).to_parquet(table)
    assert not is_standings(table, "simulated", None)
    assert not is_standings(tmp_path, "humans", None) and not is_standings(tmp_path / "none.csv", "humans", None)


def test_alpaca_evals_leaderboard_is_read_as_it_is(humandata: Path) -> None:
    folder = humandata / "raw" / "alpaca_eval" / "src" / "alpaca_eval" / "leaderboards" / "data_AlpacaEval"
    found = read_standings(folder / "alpaca_eval_gpt4_leaderboard.csv", "simulated", None)
    best = next(m for m in found.models if m.model == "gpt4_1106_preview")
    assert best.values == pytest.approx((0.97699,), abs=1e-5) and best.n_total == 804


def test_an_object_that_leaves_a_figure_out_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"model": "a", "win_rate": 0.5}, {"model": "b"}, {"model": "c", "win_rate": 0.4}]')
    standings = read_standings(path, "humans", None)
    assert [model.model for model in standings.models] == ["a", "c"]
    assert any("1 of 3 rows of a.json have no win_rate: b" in note for note in standings.notes)
