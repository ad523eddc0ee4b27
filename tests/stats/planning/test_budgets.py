import math

import pytest

from farm.stats.planning.budgets import budget_points
from tests.stats.planning.test_model import PERFECT, QUESTION
from tests.stats.planning.test_search import SEARCH


def test_a_budget_buys_what_it_pays_for() -> None:
    points = budget_points(QUESTION, "humans", PERFECT, 1, [0.3, 30.0, 90.0, 1e6], SEARCH)
    assert points[0].design is None and points[0].reached is None  # one label, two are needed
    # $30 are 100 labels: 50 instructions; Phi(.1 / sqrt(.495 / 50)) = Phi(1.0050) = .8426.
    assert points[1].design is not None and points[1].design.n_items == 50
    assert points[1].reached is not None
    assert points[1].reached.closed_form == pytest.approx(0.8426, abs=1e-4)
    assert points[1].reached.confidence == pytest.approx(0.8426, abs=4 * math.sqrt(0.8426 * 0.1574 / 4000) + 0.01)
    assert points[2].reached is not None and points[2].reached.confidence > points[1].reached.confidence
    assert points[3].is_all_items and points[3].cost is not None and points[3].cost.n_labels == 10_000
