import numpy as np

from farm.stats.ranking.draws.annotators import AnnotatorDraws, draw_annotators, judged

N_RESAMPLES = 300


def drawn(labels: list[list[float]], pairs: list[tuple[int, int]]) -> AnnotatorDraws:
    """Items (rows) with the labels of annotators (columns), 0 = none."""
    table = np.where(np.array(labels) == 0, np.nan, np.array(labels))
    first, second = np.array(pairs).T
    return draw_annotators(judged(table, first, second), n_resamples=N_RESAMPLES, rng=np.random.default_rng(0))


def test_annotators_of_the_same_models_are_drawn_with_replacement() -> None:
    draws = drawn([[1, 2, 1], [2, 1, 1]], [(0, 1), (0, 1)])
    assert not draws.is_fixed.any()
    assert (draws.weights.sum(axis=1) == 3).all() and set(np.unique(draws.weights)) == {0, 1, 2, 3}


def test_annotators_of_disjoint_models_are_all_in_every_resample() -> None:
    # Models 1 to 3 against the reference 0 by the first, model 4 by another version of it.
    draws = drawn([[1, 0], [1, 0], [2, 0], [0, 1]], [(0, 1), (0, 2), (0, 3), (0, 4)])
    assert draws.is_fixed.all() and (draws.weights == 1).all()


def test_only_who_judged_a_model_by_himself_is_in_every_resample() -> None:
    # Models 1 and 2 by three annotators, model 3 by the last of them.
    draws = drawn([[1, 1, 2], [2, 1, 1], [0, 0, 1]], [(0, 1), (0, 2), (0, 3)])
    assert draws.is_fixed.tolist() == [False, False, True]
    assert (draws.weights[:, 2] == 1).all() and set(np.unique(draws.weights[:, :2])) == {0, 1, 2}


def test_groups_are_drawn_apart() -> None:
    # Two annotators of model 1, two of model 2: each pair keeps its two draws.
    draws = drawn([[1, 1, 0, 0], [0, 0, 1, 2]], [(0, 1), (0, 2)])
    assert not draws.is_fixed.any()
    assert (draws.weights[:, :2].sum(axis=1) == 2).all() and (draws.weights[:, 2:].sum(axis=1) == 2).all()


def test_no_draw_loses_a_model() -> None:
    # A chain: model 1 by a and b, model 2 by b and c, ...: none is alone, and one draw in three would lose a model.
    n = 6
    labels = [[1.0 if k in (m, (m + 1) % n) else 0.0 for k in range(n)] for m in range(n)]
    draws = drawn(labels, [(0, m + 1) for m in range(n)])
    assert not draws.is_fixed.any()
    has_label = np.array(labels).T > 0
    assert ((draws.weights @ has_label) > 0).all()
    assert (draws.weights.sum(axis=1) == n).all() and (draws.weights == 0).any()
