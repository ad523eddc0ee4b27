import evalica
import numpy as np
import pytest
from scipy import optimize, special

from farm.errors import UserError
from farm.stats.ranking.bradley_terry import bradley_terry


def random_comparisons(n_models: int, n: int, *, seed: int) -> tuple[list[str], list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n_models, n)
    second = (first + rng.integers(1, n_models, n)) % n_models
    return [f"m{k}" for k in first], [f"m{k}" for k in second], rng.integers(0, 3, n) / 2


def test_two_models_by_hand() -> None:
    # Three wins to one: the strengths differ by log 3.
    result = bradley_terry(["a"] * 4, ["b"] * 4, [1, 1, 1, 0])
    assert result.strengths == pytest.approx((np.log(3) / 2, -np.log(3) / 2))


def test_a_tie_is_half_a_win_for_each() -> None:
    # 2.5 to 1.5 points: the odds are 5/3.
    result = bradley_terry(["a", "a", "b", "a"], ["b", "b", "a", "b"], [1, 0.5, 0, 0])
    assert result.strengths == pytest.approx((np.log(5 / 3) / 2, -np.log(5 / 3) / 2))


def test_agrees_with_a_general_optimiser() -> None:
    rng = np.random.default_rng(0)
    wins = rng.poisson(4, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(strengths: np.ndarray) -> float:
        return -float((wins * special.log_expit(strengths[:, None] - strengths[None, :])).sum())

    options = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999}
    expected = optimize.minimize(loss, np.zeros(5), method="Nelder-Mead", options=options).x
    winner, loser = (np.repeat(index, wins.ravel().astype(int)) for index in np.indices(wins.shape).reshape(2, -1))
    found = bradley_terry([f"m{k}" for k in winner], [f"m{k}" for k in loser], np.ones(len(winner)))
    assert found.strengths == pytest.approx(expected - expected.mean(), abs=1e-5)


def test_agrees_with_evalica_also_with_ties() -> None:
    first, second, score = random_comparisons(6, 400, seed=3)
    winners = [{1.0: evalica.Winner.X, 0.5: evalica.Winner.Draw, 0.0: evalica.Winner.Y}[s] for s in score]
    expected = np.log(evalica.bradley_terry(first, second, winners, tolerance=1e-12, limit=10_000).scores.sort_index())
    found = bradley_terry(first, second, score)
    assert found.models == tuple(expected.index)
    assert found.strengths == pytest.approx(list(expected - expected.mean()), abs=1e-5)


def test_davidson_agrees_with_a_general_optimiser() -> None:
    first, second, score = random_comparisons(4, 300, seed=4)
    a, b = (np.array([int(name[1:]) for name in names]) for names in (first, second))

    def loss(at: np.ndarray) -> float:
        strengths, log_tie = np.exp(at[:4]), np.exp(at[4])
        win, lose, tie = strengths[a], strengths[b], log_tie * np.sqrt(strengths[a] * strengths[b])
        chosen = np.where(score == 1, win, np.where(score == 0, lose, tie))
        return -float(np.log(chosen / (win + lose + tie)).sum()) + at[:4].sum() ** 2

    expected = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
    found = bradley_terry(first, second, score, tie_model="davidson")
    assert found.strengths == pytest.approx(expected[:4] - expected[:4].mean(), abs=1e-4)
    assert found.tie_strength == pytest.approx(np.exp(expected[4]), rel=1e-4)


def test_davidson_by_hand() -> None:
    # Two models, 4 wins, 1 loss, 2 ties. The likelihood is that of the three shares themselves, so
    # p_win / p_loss = 4 = exp(gap) and p_tie / sqrt(p_win p_loss) = 2 / sqrt(4 * 1) = 1.
    found = bradley_terry(["a"] * 7, ["b"] * 7, [1, 1, 1, 1, 0, 0.5, 0.5], tie_model="davidson")
    assert found.strengths == pytest.approx((np.log(2), -np.log(2)))
    assert found.tie_strength == pytest.approx(1)


def test_davidson_without_ties_says_to_use_half_wins() -> None:
    found = bradley_terry(["a", "a"], ["b", "b"], [1, 0], tie_model="davidson")
    assert found.strengths is None and "no tie; use half wins" in found.reason
    found = bradley_terry(["a", "a"], ["b", "b"], [0.5, 0.5], tie_model="davidson")
    assert found.strengths is None and "nothing but ties" in found.reason


def test_swapping_outputs_and_renaming_models_change_nothing() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.choice(["x", "y", "z"], 60), rng.choice(["u", "v"], 60)
    score = rng.integers(0, 3, 60) / 2
    one = bradley_terry(list(first), list(second), score)
    swapped = bradley_terry(list(second), list(first), 1 - score)
    assert one.strengths == pytest.approx(swapped.strengths)


def test_finds_the_strengths_that_made_the_verdicts() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([-1.0, -0.3, 0.2, 1.1])
    pairs = rng.integers(0, 4, (8000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    score = (rng.random(len(pairs)) < special.expit(truth[pairs[:, 0]] - truth[pairs[:, 1]])).astype(float)
    names = np.array(["a", "b", "c", "d"])
    found = bradley_terry(list(names[pairs[:, 0]]), list(names[pairs[:, 1]]), score).strengths
    assert found == pytest.approx(truth - truth.mean(), abs=0.1)


def test_a_model_that_always_wins_has_no_strength() -> None:
    result = bradley_terry(["a", "a", "b", "c"], ["b", "c", "c", "b"], [1, 1, 1, 1])
    assert result.strengths is None
    assert result.reason == "no finite strengths: a wins every comparison"


def test_a_model_that_always_loses_has_no_strength() -> None:
    result = bradley_terry(["a", "a", "b", "c"], ["b", "c", "c", "b"], [0, 0, 1, 1])
    assert "a loses every comparison" in result.reason


def test_a_group_that_beats_the_rest_has_no_strength_though_nobody_wins_all() -> None:
    # a and b beat each other, c and d too; every comparison across is won by a or b.
    result = bradley_terry(list("abcdac"), list("badcdb"), [1, 1, 1, 1, 1, 0])
    assert result.strengths is None
    assert "a, b win every comparison with the others" in result.reason


def test_groups_that_never_meet_are_named() -> None:
    result = bradley_terry(list("abcd"), list("badc"), [1, 1, 1, 1])
    assert result.strengths is None
    assert "2 groups of models that never meet" in result.reason and "a, b | c, d" in result.reason


def test_an_unparsed_comparison_links_nothing() -> None:
    result = bradley_terry(list("abcda"), list("badcc"), [1, 1, 1, 1, float("nan")])
    assert "never meet" in result.reason


def test_one_model_is_no_ranking() -> None:
    assert "at least two models" in bradley_terry([], [], []).reason


def test_unparsed_comparisons_are_counted() -> None:
    result = bradley_terry(["a", "a", "a"], ["b", "b", "b"], [1, float("nan"), 0])
    assert (result.n_total, result.n_unparsed) == (2, 1)
    assert result.strengths == pytest.approx((0, 0))


def test_a_model_against_itself_is_refused() -> None:
    with pytest.raises(UserError, match=r"pit a model against itself, e\.g\. 'a'"):
        bradley_terry(["a"], ["a"], [1])


@pytest.mark.parametrize("share", [0.6, 0.93, 0.999999999])
def test_a_grade_is_a_fraction_of_a_win(share: float) -> None:
    # Of two models: P(a beats b) = share, so the strengths lie log(share / (1 - share)) apart.
    fit = bradley_terry(["a", "b", "a"], ["b", "a", "b"], [share, 1 - share, share])
    assert fit.strengths is not None
    assert fit.strengths[0] - fit.strengths[1] == pytest.approx(np.log(share / (1 - share)), rel=1e-6)


@pytest.mark.parametrize("scores", [[1, 1, 0.5], [0.5, 0.5, 0], [1, 0.5]])
def test_davidson_without_a_loss_has_no_maximum_and_says_so(scores: list[float]) -> None:
    # With gap g and tie strength exp(g / 2) both outcomes tend to probability 1/2 each, and the third to 0, as g grows.
    fit = bradley_terry(["a"] * len(scores), ["b"] * len(scores), scores, tie_model="davidson")
    assert fit.strengths is None and "a growing tie parameter explains the ties; use half wins" in fit.reason
    assert bradley_terry(["a"] * len(scores), ["b"] * len(scores), scores).strengths is not None
