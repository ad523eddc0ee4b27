import numpy as np
import pytest

from farm.errors import UserError
from farm.stats.ranking.pair_counts import ClusterCounts, comparisons_of, components, drawn_weights, pairs_of


def test_counts_by_hand() -> None:
    # a-b: a wins, b wins, tie; c-a: c wins. Clusters: the first two comparisons together.
    comparisons = comparisons_of(
        ["a", "b", "a", "c"], ["b", "a", "b", "a"], [1, 1, 0.5, 1], ["one", "one", "two", "two"]
    )
    counts = ClusterCounts(comparisons)
    observed = counts.observed()
    assert [(int(i), int(j)) for i, j in zip(counts.pairs.first, counts.pairs.second, strict=True)] == [(0, 1), (0, 2)]
    assert observed.wins.tolist() == [[1.5, 0.0]]
    assert observed.losses.tolist() == [[1.5, 1.0]]
    assert observed.ties.tolist() == [[1.0, 0.0]]
    # Cluster "one" twice and "two" never: two wins and two losses of a against b.
    doubled = counts.under(np.array([[2.0, 0.0]]))
    assert doubled.wins.tolist() == [[2.0, 0.0]] and doubled.ties.tolist() == [[0.0, 0.0]]


def test_a_graded_verdict_is_shared_out() -> None:
    observed = ClusterCounts(comparisons_of(["a"], ["b"], [0.75], ["x"])).observed()
    assert (observed.wins[0, 0], observed.losses[0, 0], observed.ties[0, 0]) == (0.75, 0.25, 0)
    assert (observed.whole_wins[0, 0], observed.whole_losses[0, 0]) == (1, 0)


def test_unparsed_comparisons_make_no_pair() -> None:
    assert pairs_of(comparisons_of(["a", "a"], ["b", "c"], [1, np.nan], ["x", "y"])).n_pairs == 1


def test_components_largest_first() -> None:
    groups = components(pairs_of(comparisons_of(list("dabe"), list("cbce"[:3] + "f"), [1] * 4, list("wxyz"))))
    assert [g.tolist() for g in groups] == [[0, 1, 2, 3], [4, 5]]


def test_as_many_clusters_are_drawn_as_asked() -> None:
    weights = drawn_weights(7, 5, 100, np.random.default_rng(0))
    assert weights.shape == (100, 7) and (weights.sum(axis=1) == 5).all()


def test_a_score_outside_the_scale_is_refused() -> None:
    with pytest.raises(UserError, match=r"scores must lie in \[0, 1\].*1 do not, e\.g\. 2"):
        comparisons_of(["a"], ["b"], [2], ["x"])
