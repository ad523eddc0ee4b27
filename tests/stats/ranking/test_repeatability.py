import math

import numpy as np
import pandas as pd
import pytest

from farm.stats.bootstrap import Resampling
from farm.stats.ranking.repeatability import LabelCounts, gaps_within_repeats, repeat_variance, repeatability
from tests.paths import HUMANDATA

RESAMPLING = Resampling(seed=0, n_resamples=1000)

SEEDS = HUMANDATA / "alpacafarm_gpt4_seeds_b1.parquet"


def test_two_items_by_hand() -> None:
    # Labels 1, 0 (variance 1/2) and 1, 1 (0): mean variance 1/4, label sd 1/2; over two items .5 / sqrt(2).
    found = repeatability(np.array([[1.0, 0.0], [1.0, 1.0]]), resampling=RESAMPLING)
    assert found.label_sd.value == pytest.approx(0.5) and found.share_changed.value == pytest.approx(0.5)
    assert found.win_rate_sd.value == pytest.approx(0.5 / math.sqrt(2))
    assert found.win_rates == (1.0, 0.5)
    # Rates 1 and 1/2: mean 3/4, variance 2 / 16.
    assert found.observed_win_rate_sd == pytest.approx(math.sqrt(0.125))


def test_the_expected_spread_of_a_win_rate_is_the_one_that_comes_out() -> None:
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 0.5, 400)
    scores = (rng.random((400, 300)) < p[:, None]).astype(float)
    found = repeatability(scores, resampling=Resampling(seed=0, n_resamples=100))
    assert found.win_rate_sd.value is not None and found.observed_win_rate_sd is not None
    assert found.observed_win_rate_sd == pytest.approx(found.win_rate_sd.value, rel=0.12)  # 300 repeats: error 4%


def test_missing_labels_are_left_out_and_counted() -> None:
    found = repeatability(np.array([[1.0, np.nan], [1.0, 0.0], [np.nan, np.nan]]), resampling=RESAMPLING)
    assert (found.n_items, found.label_sd.n_unparsed) == (1, 3)
    nothing = repeatability(np.array([[1.0], [0.0]]), resampling=RESAMPLING)
    assert nothing.label_sd.value is None and nothing.label_sd.reason == "no item was judged twice"


def test_counts_say_the_same_as_labels() -> None:
    # Labels 1, 1/2, 0: mean 1/2, squares 1/4 + 0 + 1/4 over 2 = 1/4; labels 1, 1, 0: 1/3. Mean 7/24; three labels each
    # on two items: 7/24 / 6.
    counts = [LabelCounts(n_wins=1, n_ties=1, n_losses=1), LabelCounts(n_wins=2, n_ties=0, n_losses=1)]
    assert repeat_variance(counts) == pytest.approx(7 / 24 / 6)
    assert repeat_variance([*counts, LabelCounts(n_wins=0, n_ties=0, n_losses=0)]) == pytest.approx(7 / 24 / 6)
    assert repeat_variance([LabelCounts(n_wins=1, n_ties=0, n_losses=0)]) is None


def test_only_gaps_below_their_own_deviation_are_marked() -> None:
    # Deviation of a gap between two rates of variance .0002: .02.
    rates = [0.50, 0.485, 0.46, None, 0.45]
    assert gaps_within_repeats(rates, [0.0002] * 5) == [True, False, False, False, False]
    assert gaps_within_repeats([0.5, 0.49], [0.0002, None]) == [False, False]
    assert gaps_within_repeats([], []) == []


def test_gpt4s_four_seeds() -> None:
    if not SEEDS.is_file():
        pytest.skip(f"{SEEDS} is not here")
    rows = pd.read_parquet(SEEDS)
    judged = rows[rows["annotator_kind"] == "llm"].pivot(index="item_id", columns="annotator", values="preference")
    found = repeatability(judged.to_numpy() - 1, resampling=RESAMPLING)
    # The four win rates are the recorded ones; the spread expected from single labels covers theirs.
    assert found.win_rates == pytest.approx((0.456790, 0.475309, 0.459877, 0.452160), abs=1e-6)
    assert found.observed_win_rate_sd == pytest.approx(np.std(found.win_rates, ddof=1))
    assert found.win_rate_sd.value is not None
    # Four repeats: the observed deviation over the expected one lies between .27 and 1.76 in 95% of the cases.
    assert 0.27 < found.observed_win_rate_sd / found.win_rate_sd.value < 1.76
