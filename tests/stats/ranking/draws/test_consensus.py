import numpy as np
import pytest

from farm.stats.agreement.by_annotator import majority
from farm.stats.bootstrap import Resampling
from farm.stats.ranking.draws.consensus import Votes, consensus, label_resamples
from farm.stats.ranking.model_ranking import rank_models
from farm.stats.ranking.pair_counts import ClusterCounts, comparisons_of, drawn_weights

RESAMPLING = Resampling(seed=0, n_resamples=300)


def votes(n_items: int, n_annotators: int, *, p_wrong: float, seed: int = 0) -> tuple[list[str], list[str], np.ndarray]:
    """Three models of equal pairs; better ones win on two items of three, and annotators err independently."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, n_items)
    second = (first + rng.integers(1, 3, n_items)) % 3
    truth = np.where((first > second) == (rng.random(n_items) < 2 / 3), 1.0, 2.0)
    is_wrong = rng.random((n_items, n_annotators)) < p_wrong
    return [f"m{k}" for k in first], [f"m{k}" for k in second], np.where(is_wrong, 3 - truth[:, None], truth[:, None])


def test_every_resample_has_one_consensus_a_drawn_item() -> None:
    first, second, labels = votes(50, 4, p_wrong=0.3)
    comparisons = comparisons_of(first, second, 2 - majority(labels), [str(k) for k in range(50)])
    for counts in label_resamples(
        comparisons, Votes(labels=labels), is_pooled=False, name="humans", resampling=Resampling(seed=0, n_resamples=20)
    ).counts:
        assert (counts.wins + counts.losses).sum(axis=1) == pytest.approx(50)


def test_an_item_counts_as_often_as_its_annotators_were_drawn() -> None:
    # Each item has one annotator of its own: three are drawn, some twice, and the items of the others are missing.
    labels = np.full((3, 3), np.nan)
    labels[np.arange(3), np.arange(3)] = 1.0
    comparisons = comparisons_of(["a", "b", "c"], ["b", "c", "a"], [1.0] * 3, ["x"] * 3)
    (counts,) = label_resamples(
        comparisons,
        Votes(labels=labels),
        is_pooled=False,
        name="humans",
        resampling=Resampling(seed=0, n_resamples=200),
    ).counts
    n_played = counts.wins + counts.losses
    assert n_played.sum(axis=1) == pytest.approx(3)
    # A draw of one annotator three times would lose the third model, and is made again.
    assert set(n_played.ravel()) == {0.0, 1.0, 2.0}


def test_annotators_who_agree_add_no_noise_and_lenient_ones_do() -> None:
    first, second, labels = votes(400, 3, p_wrong=0.0)
    # The third annotator prefers the model m2 throughout.
    partial = labels.copy()
    partial[np.array(first) == "m2", 2] = 1.0
    partial[np.array(second) == "m2", 2] = 2.0
    for given, adds_noise in ((labels, False), (partial, True)):
        comparisons = comparisons_of(first, second, 2 - majority(given), [str(k) for k in range(400)])
        plain = rank_models(comparisons, tie_model="half_wins", resampling=RESAMPLING)
        resampled = label_resamples(
            comparisons, Votes(labels=given), is_pooled=False, name="humans", resampling=RESAMPLING
        ).counts
        both = rank_models(comparisons, tie_model="half_wins", resampling=RESAMPLING, resampled=resampled)
        ratio = both.draws.win_rate_draws.std(axis=0) / plain.draws.win_rate_draws.std(axis=0)
        assert (ratio[2] > 1.5) == adds_noise
        assert adds_noise or ratio == pytest.approx(1.0)


def test_the_same_clusters_are_drawn_with_and_without_annotators() -> None:
    first, second, labels = votes(60, 1, p_wrong=0.2)
    comparisons = comparisons_of(first, second, 2 - labels[:, 0], [str(k // 2) for k in range(60)])
    plain = rank_models(comparisons, tie_model="half_wins", resampling=Resampling(seed=3, n_resamples=50))
    (counts,) = label_resamples(
        comparisons, Votes(labels=labels), is_pooled=False, name="humans", resampling=Resampling(seed=3, n_resamples=50)
    ).counts
    again = rank_models(
        comparisons, tie_model="half_wins", resampling=Resampling(seed=3, n_resamples=50), resampled=[counts]
    )
    assert again.draws.win_rate_draws == pytest.approx(plain.draws.win_rate_draws)
    assert ClusterCounts(comparisons).n_clusters == 30


def test_the_consensus_is_the_most_frequent_label_and_of_grades_the_mean() -> None:
    nan = np.nan
    plain = np.array([[1, 1, 2], [1, 2, nan], [1.5, 2, 2], [nan, nan, nan]])
    assert consensus(plain) == pytest.approx([1, 1.5, 2, nan], nan_ok=True)
    graded = np.array([[1, 1, 2], [1.4, 1.6, nan], [1.15, 1.85, nan], [1.25, nan, nan], [nan, nan, nan]])
    assert consensus(graded) == pytest.approx([4 / 3, 1.5, 1.5, 1.25, nan], nan_ok=True)
    assert (consensus(graded)[1:3] == 1.5).all()  # to the last bit: a tie is counted as one


def test_resampled_grades_are_the_mean_of_the_drawn_annotators() -> None:
    labels = np.array([[1.2, 1.9], [np.nan, 1.4], [1.7, 1.5]])
    first, second = ["a", "b", "a"], ["b", "a", "b"]
    comparisons = comparisons_of(first, second, 2 - consensus(labels), ["x", "y", "z"])
    resampling = Resampling(seed=5, n_resamples=40)
    (counts,) = label_resamples(
        comparisons, Votes(labels=labels), is_pooled=False, name="humans", resampling=resampling
    ).counts
    clusters = drawn_weights(3, 3, 40, resampling.rng("ranking bootstrap", "clusters"))
    annotators = drawn_weights(2, 2, 40, resampling.rng("ranking bootstrap", "humans annotators"))
    for row in range(40):
        wins = whole = ties = 0.0
        for item in range(3):
            given = [(labels[item, k], annotators[row, k]) for k in range(2) if np.isfinite(labels[item, k])]
            n_drawn = sum(n for _, n in given)
            if n_drawn == 0:
                continue
            score = sum((2 - label) * n for label, n in given) / n_drawn
            score = score if first[item] == "a" else 1 - score
            weight = clusters[row, item] * n_drawn / len(given)
            wins, whole, ties = wins + weight * score, whole + weight * (score > 0.5), ties + weight * (score == 0.5)
        assert counts.wins[row, 0] == pytest.approx(wins)
        assert counts.whole_wins[row, 0] == pytest.approx(whole) and counts.ties[row, 0] == pytest.approx(ties)
