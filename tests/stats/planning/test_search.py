import dataclasses
import math

import pytest

from farm.stats.planning.model import Design
from farm.stats.planning.search import Search, budget_points, cost_of, smallest_design
from tests.stats.planning.test_model import NOISY, PERFECT, QUESTION

SEARCH = Search(
    confidence=0.9,
    labels_per_comparison=(1,),
    max_items=5000,
    usd_per_training_run=0.0,
    n_simulations=4000,
    seed=1,
)


def test_the_smallest_design_is_the_textbooks() -> None:
    # z(.9) = 1.2816; n per group = z^2 (.55 .45 + .45 .55) / .1^2 = 1.6424 * .495 / .01 = 81.3.
    found = smallest_design(QUESTION, "humans", PERFECT, 1, 1, SEARCH)
    assert found.design is not None and found.n_items_low is not None and found.n_items_high is not None
    assert found.n_items_low <= 82 <= found.n_items_high
    assert found.design.n_items == pytest.approx(81.3, rel=0.15)
    assert found.reached is not None and found.reached.confidence == pytest.approx(0.9, abs=0.02)


def test_it_says_when_no_number_of_items_is_enough() -> None:
    question = dataclasses.replace(QUESTION, difference=0.02, seed_sd=0.02)
    found = smallest_design(question, "humans", PERFECT, 3, 1, SEARCH)
    # .02 / (.02 sqrt(2/3)) = 1.2247; Phi = .8897.
    assert found.design is None and found.ceiling == pytest.approx(0.8897, abs=1e-4)
    assert found.reason == "never: with 3 seeds and 1 annotator confidence cannot exceed 0.889"


def test_it_says_when_there_are_too_few_items_or_annotators() -> None:
    few = smallest_design(QUESTION, "humans", PERFECT, 1, 1, dataclasses.replace(SEARCH, max_items=50))
    assert few.design is None and few.reason == "needs about 82 instructions, more than max_items = 50"
    alone = smallest_design(QUESTION, "humans", PERFECT, 1, 1, dataclasses.replace(SEARCH, labels_per_comparison=(3,)))
    assert alone.design is None and alone.reason == "3 labels per comparison need as many annotators, there are 1"


def test_several_labels_are_taken_only_where_items_are_short() -> None:
    search = dataclasses.replace(SEARCH, labels_per_comparison=(1, 4))
    question = dataclasses.replace(QUESTION, difference=0.2)
    many = smallest_design(question, "humans", NOISY, 1, 4, search)
    assert many.design is not None and many.design.labels_per_comparison == 1
    short = smallest_design(question, "humans", NOISY, 1, 4, dataclasses.replace(search, max_items=55))
    assert short.design is not None and short.design.labels_per_comparison == 4


def test_costs_by_hand() -> None:
    # 2 methods x 3 seeds x 100 instructions x 2 labels = 1200 labels: $360 and 12 h; 600 comparisons; 6 runs at $5.
    design = Design(n_seeds=3, n_annotators=2, n_items=100, labels_per_comparison=2)
    cost = cost_of(QUESTION, PERFECT, design, usd_per_training_run=5.0)
    assert (cost.n_labels, cost.n_comparisons, cost.usd, cost.usd_training) == (1200, 600, 390.0, 30.0)
    assert cost.hours == pytest.approx(12.0)
    against_each_other = dataclasses.replace(QUESTION, design="head_to_head")
    assert cost_of(against_each_other, PERFECT, design, usd_per_training_run=0.0).n_labels == 600


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
