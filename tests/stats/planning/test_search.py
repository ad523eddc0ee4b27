import dataclasses

import pytest

from farm.stats.planning.designs import Search
from farm.stats.planning.search import not_more_for_more, smallest_design
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
    assert found.design.n_items == 82
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


def test_more_annotators_never_need_more_instructions() -> None:
    question = dataclasses.replace(QUESTION, difference=0.05, seed_sd=0.013, item_correlation=0.3)
    crowd = dataclasses.replace(NOISY, annotator_sd=0.012)
    for seed in range(3):
        search = dataclasses.replace(SEARCH, n_simulations=400, seed=seed)
        rows = [smallest_design(question, "humans", crowd, 3, n, search) for n in (2, 4, 16)]
        items = [row.design.n_items for row in not_more_for_more(question, crowd, rows, search) if row.design]
        assert items == sorted(items, reverse=True) and len(items) == 3


def test_scatter_of_simulations_is_taken_out() -> None:
    rows = [smallest_design(QUESTION, "humans", PERFECT, 1, n, SEARCH) for n in (4, 1)]
    design = rows[0].design
    assert design is not None
    rows[0] = dataclasses.replace(rows[0], design=dataclasses.replace(design, n_items=design.n_items + 30))
    many, few = not_more_for_more(QUESTION, PERFECT, rows, SEARCH)
    assert (many.n_annotators, few.n_annotators) == (4, 1)
    assert many.design is not None and few.design is not None and many.design.n_items == few.design.n_items
    assert many.cost is not None and many.cost.n_labels == 2 * few.design.n_items


def test_where_the_closed_form_is_off_simulations_count() -> None:
    # One label each: .95 .95 + (.95 .05 + .05 .95) / 2 = .95 from the first instruction on; the closed form says
    # Phi(.9 / sqrt(2 .0475)) = .998.
    question = dataclasses.replace(QUESTION, difference=0.9)
    found = smallest_design(question, "humans", PERFECT, 1, 1, dataclasses.replace(SEARCH, confidence=0.97))
    assert found.design is not None and found.reached is not None
    assert found.design.n_items > 1 and found.reached.confidence >= 0.97
