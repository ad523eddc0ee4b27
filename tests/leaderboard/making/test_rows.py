"""Every figure of a row, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farm.leaderboard.board import BoardRow
from farm.leaderboard.collection.everything import Collected, collected
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.verdict_table import verdict_table
from tests.leaderboard.made_data import POND, drawn, entry, made, verdicts

QUICK = BoardSettings(n_resamples=0, seed=0)


def rows_of(data: Collected, settings: BoardSettings = QUICK) -> dict[str, BoardRow]:
    (table,) = build_board(data, settings, Path()).tables
    return {row.name: row for row in table.rows}


def test_a_row_of_one_seed_by_hand() -> None:
    row = rows_of(made({entry("a"): ["WWL", "TLL", "--W", "---"]}))["a"]
    # Scores 2/3, 1/6, 1; mean 11/18. Deviations 1/18, -8/18, 7/18: squares 114/324, over 2 and over 3: 19/324.
    assert row.win_rate == pytest.approx(11 / 18)
    assert row.standard_error == pytest.approx((19 / 324) ** 0.5)
    assert (row.n_wins, row.n_ties, row.n_losses, row.n_unparsed, row.n_instructions) == (3, 1, 3, 5, 3)
    # Utilities 0, 1, 2, 3.
    assert (row.mean_length, row.utility, row.cost_usd, row.mean_tokens) == (10.0, 1.5, 2.0, None)
    # Labels 1, 1, 0: variance 1/3; 1/2, 0, 0: (1/4 - 1/12) / 2 = 1/12; mean 5/24. (1/3 + 1/3 + 1) / 9 = 5/27.
    assert row.repeat_sd == pytest.approx((5 / 24 * 5 / 27) ** 0.5)
    # 400 log10(11/7).
    assert row.rating.value == pytest.approx(400 * np.log10(11 / 7))
    assert row.rating.low is None and row.rating.reason
    assert row.discrete_win_rate is None and row.to_next is None


def test_seeds_are_one_row_and_average() -> None:
    data = made({entry("a", seed=0): ["W", "W", "L", "W"], entry("a", seed=1): ["L", "W", "L", "T"]})
    row = rows_of(data)["a"]
    # 3/4 and 3/8.
    assert row.win_rate == pytest.approx(9 / 16) and row.seeds == (0, 1) and len(row.keys) == 2
    assert (row.n_wins, row.n_ties, row.n_losses) == (4, 1, 3)


def test_models_within_noise_share_ranks_and_others_do_not() -> None:
    data = made(
        {
            entry("best"): drawn(0.95, 200, 0),
            entry("one"): drawn(0.5, 200, 1),
            entry("other"): drawn(0.5, 200, 2),
            entry("worst"): drawn(0.05, 200, 3),
        }
    )
    ranks = {name: (row.rank_low, row.rank_high) for name, row in rows_of(data).items()}
    assert ranks == {"best": (1, 1), "one": (2, 3), "other": (2, 3), "worst": (4, 4)}


def test_the_difference_to_the_next_is_paired() -> None:
    # Apart on the first two of four instructions: differences 1, -1/2... by hand: 1, 1/2, 0, 0; mean 3/8.
    row = rows_of(made({entry("a"): ["W", "T", "L", "W"], entry("b"): ["L", "L", "L", "W"]}))["a"]
    assert row.to_next is not None
    assert row.to_next.difference == pytest.approx(3 / 8)
    # Squares of 5/8, 1/8, -3/8, -3/8: 44/64, over 3 and over 4.
    assert row.to_next.standard_error == pytest.approx((44 / 64 / 12) ** 0.5)


def test_label_free_models_are_shown_and_not_ranked() -> None:
    free = replace(entry("longest"), is_label_free=True)
    rows = rows_of(made({free: drawn(0.9, 50, 0), entry("a"): drawn(0.5, 50, 1)}))
    assert (rows["longest"].rank_low, rows["longest"].rank_high) == (None, None)
    assert (rows["a"].rank_low, rows["a"].rank_high) == (1, 1)
    assert list(rows) == ["longest", "a"]


def test_grades_count_by_their_grade_and_beside_as_classes() -> None:
    of = entry("a", seed=None)
    graded = [
        replace(v, score=score, is_graded=True) for v, score in zip(verdicts(of, ["W", "L"]), (0.6, 0.1), strict=True)
    ]
    row = rows_of(collected([of], [verdict_table(graded)], {"pond": POND}))["a"]
    assert row.win_rate == pytest.approx(0.35) and row.discrete_win_rate == pytest.approx(0.5)
    assert row.repeat_sd is None and row.seeds == ()


def test_what_longer_answers_win_by_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 60, size=400)
    won = rng.random(400) < 1 / (1 + np.exp(-(lengths - 20) / 8))
    of = entry("long")
    rows = verdicts(of, ["W" if w else "L" for w in won], lengths=[int(n) for n in lengths])
    data = collected([of], [verdict_table(rows)], {"pond": POND})
    row = rows_of(data, BoardSettings(n_resamples=50, seed=0))["long"]
    # At the reference's ten characters the model wins 1 / (1 + e^1.25) = .22; as judged, more than half.
    assert row.win_rate is not None and row.win_rate > 0.6
    figure = row.length_controlled
    assert figure.low is not None and figure.high is not None and figure.value is not None
    assert figure.low < 0.25 < 0.45 and figure.value < 0.4
    assert row.rating.low is not None


def test_a_model_without_a_verdict_stands_last_and_unranked() -> None:
    rows = rows_of(made({entry("silent"): ["-", "-"], entry("a"): ["W", "L"]}))
    assert list(rows) == ["a", "silent"]
    assert rows["silent"].win_rate is None and rows["silent"].rank_low is None and rows["silent"].n_unparsed == 2
