import numpy as np
import pytest

from farm.stats.bootstrap import Resampling
from farm.stats.one_reference.ratings import rate_models
from farm.stats.ranking.model_ranking import rank_models
from farm.stats.ranking.pair_counts import ComparisonTable

NAN = float("nan")
SETTINGS = Resampling(seed=0, n_resamples=1000)


def verdicts(n_won: float, n: int) -> np.ndarray:
    return (np.arange(n) < n_won).astype(np.float64)


def test_ratings_on_the_elo_scale_by_hand() -> None:
    # Odds of 10 : 1 are 400 points, 1 : 1 are 0, and the odds of the first turned round are the negative.
    rated = rate_models([verdicts(100, 110), verdicts(50, 100), verdicts(10, 110)][:1], SETTINGS)
    assert rated[0].rating.value == pytest.approx(400)
    assert rate_models([verdicts(50, 100)], SETTINGS)[0].rating.value == pytest.approx(0)
    assert rate_models([verdicts(10, 110)], None)[0].rating.value == pytest.approx(-400)


def test_the_closed_form_is_the_joint_bradley_terry_fit() -> None:
    rng = np.random.default_rng(1)
    scores = rng.choice([0.0, 0.5, 1.0], size=(3, 60), p=[0.5, 0.2, 0.3])
    table = ComparisonTable(
        models=("reference", "a", "b", "c"),
        first=np.repeat([1, 2, 3], 60),
        second=np.zeros(180, dtype=np.int64),
        scores=scores.ravel(),
        clusters=np.tile(np.arange(60), 3),
    )
    ranking = rank_models(table, tie_model="half_wins", resampling=Resampling(seed=0, n_resamples=2)).ranking
    strengths = {model.model: model.strength.value for model in ranking.models}
    a, b, c = (model.rating.value for model in rate_models(list(scores), None))
    assert [a - b, b - c] == pytest.approx(
        [(strengths[x] - strengths[y]) * 400 / np.log(10) for x, y in (("a", "b"), ("b", "c"))]
    )


def test_the_interval_is_that_of_a_binomial_share() -> None:
    # Of 200 verdicts 80 won: sd of the share sqrt(.4 * .6 / 200) = 0.0346, so 0.4 +- 0.068, and the logits of its ends
    # times 173.7 are -120.2 and -22.3.
    rated = rate_models([verdicts(80, 200)], Resampling(seed=0, n_resamples=4000))[0]
    assert (rated.win_rate.low, rated.win_rate.high) == pytest.approx((0.332, 0.468), abs=0.01)
    assert (rated.rating.low, rated.rating.high) == pytest.approx((-120.2, -22.3), abs=8)


def test_two_seeds_are_averaged_and_resampled() -> None:
    both = np.stack([verdicts(20, 100), verdicts(60, 100)])
    rated = rate_models([both], SETTINGS)[0]
    assert rated.win_rate.value == pytest.approx(0.4)
    # Either seed alone is as likely as the other: the ends lie by 0.2 and by 0.6.
    assert rated.win_rate.low is not None and rated.win_rate.high is not None
    assert rated.win_rate.low < 0.2 and rated.win_rate.high > 0.6
    assert (rated.win_rate.n_total, rated.win_rate.n_unparsed) == (200, 0)


@pytest.mark.parametrize(("n_won", "verb"), [(0, "loses"), (50, "wins")])
def test_a_model_that_wins_or_loses_everything_has_no_finite_rating(n_won: int, verb: str) -> None:
    rated = rate_models([verdicts(n_won, 50)], SETTINGS)[0]
    assert rated.win_rate.value == n_won / 50
    assert rated.rating.value is None
    assert rated.rating.reason == f"no finite rating: the model {verb} every comparison"


def test_one_win_in_many_has_a_rating_and_no_interval() -> None:
    # In (49 / 50)^50 = 36% of the resamples nothing is won.
    rated = rate_models([verdicts(1, 50)], SETTINGS)[0]
    assert rated.rating.value == pytest.approx(400 / np.log(10) * np.log(1 / 49))
    assert rated.rating.low is None and "loses every comparison" in rated.rating.reason


def test_missing_verdicts_are_left_out_and_counted() -> None:
    scores = np.r_[verdicts(30, 90), np.full(10, NAN)]
    rated = rate_models([scores, np.full(100, NAN), np.r_[1.0, np.full(99, NAN)]], SETTINGS)
    assert rated[0].win_rate.value == pytest.approx(1 / 3)
    assert (rated[0].win_rate.n_total, rated[0].win_rate.n_unparsed) == (90, 10)
    assert rated[1].win_rate.value is None and rated[1].rating.reason == "no parsed verdict"
    assert rated[2].win_rate.value == 1 and rated[2].win_rate.low is None


def test_no_model_moves_another() -> None:
    first, second = verdicts(30, 90), verdicts(50, 90)
    assert rate_models([first], SETTINGS)[0] == rate_models([second, first], SETTINGS)[1]
