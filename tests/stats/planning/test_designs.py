import dataclasses

import pytest

from farm.stats.planning.designs import cost_of
from farm.stats.planning.model import Design
from tests.stats.planning.test_model import PERFECT, QUESTION


def test_costs_by_hand() -> None:
    # 2 methods x 3 seeds x 100 instructions x 2 labels = 1200 labels: $360 and 12 h; 600 comparisons; 6 runs at $5.
    design = Design(n_seeds=3, n_annotators=2, n_items=100, labels_per_comparison=2)
    cost = cost_of(QUESTION, PERFECT, design, usd_per_training_run=5.0)
    assert (cost.n_labels, cost.n_comparisons, cost.usd, cost.usd_training) == (1200, 600, 390.0, 30.0)
    assert cost.hours == pytest.approx(12.0)
    against_each_other = dataclasses.replace(QUESTION, design="head_to_head")
    assert cost_of(against_each_other, PERFECT, design, usd_per_training_run=0.0).n_labels == 600
