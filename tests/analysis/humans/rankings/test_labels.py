"""Rankings by graded labels, by judges of both orders, and beside models against themselves."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.analysis.humans.rankings.labels import ranking_of_labels
from farm.analysis.humans.rankings.source_ranking import SourceRanking
from farm.labels.annotation_row import AnnotationRow, annotation_frame
from farm.labels.matched import match_labels
from farm.labels.read import read_annotations
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import row


def ranking(rows: list[AnnotationRow]) -> SourceRanking:
    labels = match_labels(None, annotation_frame(rows))
    return ranking_of_labels(
        labels,
        "simulated",
        "here",
        rule="consensus",
        tie_model="half_wins",
        resampling=Resampling(seed=0, n_resamples=400),
    )


def test_a_win_rate_is_the_mean_of_the_grades_with_alpaca_evals_standard_error() -> None:
    grades = [1.02, 1.4, 1.5, 1.99, 1.6, 2.0, 1.0]
    rows = [row(str(k), "judge", grade, ("ref", "new")) for k, grade in enumerate([*grades, None])]
    new, ref = ranking(rows).models
    # AlpacaEval: mean(preference - 1), standard deviation with n - 1 / sqrt(n); null leaves n.
    assert new.win_rate == pytest.approx(np.mean(grades) - 1) and ref.win_rate == pytest.approx(2 - np.mean(grades))
    assert new.standard_error == pytest.approx(pd.Series(grades).sem()) and (new.n_total, new.n_unparsed) == (7, 1)
    assert new.low is not None and new.high is not None and 0 < new.high - new.low < 0.6


def test_three_rows_of_one_grade_are_that_grade() -> None:
    found = ranking([row(str(k), "judge", 1.6, ("ref", "m")) for k in range(3)])
    assert [model.win_rate for model in found.models] == pytest.approx([0.6, 0.4])
    assert found.ranking is not None
    # Bradley-Terry of .6 wins in 1: log odds, mean 0.
    assert found.ranking.models[0].strength.value == pytest.approx(math.log(0.6 / 0.4) / 2)


def test_few_verdicts_that_are_all_alike_claim_no_certainty() -> None:
    """Of 2 seen in 2, Clopper and Pearson's interval begins at sqrt(0.025) = .158."""
    notes = "; ".join(ranking([row(str(k), "judge", 2, ("ref", "m")) for k in range(2)]).notes)
    assert "m (2 instructions; exact binomial 95% interval 15.8% to 100.0%)" in notes
    assert "fewer than 6 instructions" in notes
    assert "m (3 instructions)" in ranking([row(str(k), "judge", 1.6, ("ref", "m")) for k in range(3)]).notes[-1]
    assert ranking([row(str(k), "judge", 1 + k % 2, ("ref", "m")) for k in range(20)]).notes == ()
    (only,) = ranking([row("1", "judge", 2, ("ref", "m"))]).notes
    assert "one instruction only" in only


def test_a_rarely_compared_model_is_named_where_its_strength_has_no_interval() -> None:
    rows = [
        row(f"{m}{k}", "judge", 1 + k % 2, ("ref", m)) for m, n in (("a", 60), ("b", 60), ("c", 7)) for k in range(n)
    ]
    notes = ranking([*rows[:-1]]).notes
    assert any("no interval for the Bradley-Terry strength of c" in note for note in notes)


def test_equal_models_judged_in_both_orders_have_the_interval_of_their_ties() -> None:
    # A judge that always prefers what it sees first ranks nobody: every pair is a tie, and no resample changes that.
    rows = [
        row(f"{k}{a}{b}", "judge", first_shown, (a, b)).model_copy(update={"first_shown": first_shown})
        for k in range(20)
        for a, b in ("xy", "xz", "yz")
        for first_shown in (1, 2)
    ]
    found = ranking(rows)
    assert found.annotators == ("judge",) and [model.n_total for model in found.models] == [40] * 3
    assert found.ranking is not None
    for model in found.ranking.models:
        assert (model.strength.low, model.strength.high) == pytest.approx((0, 0), abs=1e-6)


def test_a_row_of_the_reference_against_itself_changes_no_figure() -> None:
    rows = [row(f"{m}{k}", "judge", 1 + (k < n) * 0.8, ("ref", m)) for m, n in (("m1", 3), ("m2", 6)) for k in range(9)]
    itself = [row(f"ref{k}", "judge", 1.5, ("ref", "ref")) for k in range(4)]
    plain, beside = ranking(rows), ranking([*rows, *itself])
    assert plain.models == beside.models and plain.ranking == beside.ranking
    assert beside.ranking is not None and beside.ranking.reference == "ref"


@pytest.mark.slow
def test_alpaca_eval_2_from_the_original_files_is_its_leaderboard(humandata: Path) -> None:
    folder, judge = humandata / "raw" / "alpaca_eval", "weighted_alpaca_eval_gpt4_turbo"
    tables = folder / "src" / "alpaca_eval" / "leaderboards" / "data_AlpacaEval_2"
    official = pd.read_csv(tables / f"{judge}_leaderboard.csv", index_col=0)
    rows = read_annotations(folder / "results")
    labels = match_labels(None, rows[rows["annotator"] == judge])
    found = ranking_of_labels(
        labels,
        "simulated",
        "there",
        rule="consensus",
        tie_model="half_wins",
        resampling=Resampling(seed=0, n_resamples=20),
    )
    assert {"alpaca-7b", "gemma-2b-it", "vicuna-13b-v1.5"} <= {model.model for model in found.models}
    for model in found.models:
        expected = official.loc[model.model]
        assert 100 * (model.win_rate or 0) == pytest.approx(expected["win_rate"], rel=1e-12)
        assert 100 * (model.standard_error or 0) == pytest.approx(expected["standard_error"], rel=1e-12)
        assert model.n_total == expected["n_total"]
