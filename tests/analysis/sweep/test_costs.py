from pathlib import Path

import pytest

from farm.analysis.sweep.costs import cost_rows, cost_section, cost_table, draw_costs
from farm.pipeline.results import RunCost
from farm.reports.page import Page, markdown
from farm.store.cost import Cost
from tests.analysis.sweep.verdict_maker import two_arms

RATES = {"sft": 0.2, "best_of_n": 0.8, "longest": 0.4}
TRAINING = {
    "sft": Cost(gradient_steps=100, flops=2e12, seconds=10, peak_memory_mb=500),
    "best_of_n": Cost(gradient_steps=150, flops=3e12, seconds=15, labels=2000, generated_tokens=90_000),
    "longest": Cost(flops=2e12),
}


def costs(n_seeds: int = 2) -> list[RunCost]:
    return [
        RunCost(
            method=method,
            annotator_train=arm,
            seed=seed,
            training=training + Cost(seconds=2.0 * seed),
            answering=Cost(generated_tokens=4_000 * (16 if method == "best_of_n" else 1)),
            n_answers=200,
        )
        for method, training in TRAINING.items()
        for arm in ("crowd", "pool")
        for seed in range(n_seeds)
    ]


def test_costs_are_means_over_seeds_beside_the_win_rate_of_the_arms_own_judge() -> None:
    rows = {
        (row.method, row.labels): row
        for row in cost_rows(two_arms(RATES, {m: r / 2 for m, r in RATES.items()}), costs())
    }
    best = rows["best_of_n", "pool"]
    assert best.win_rate.win_rate == pytest.approx(0.4, abs=0.05) and best.judge == "pool"
    assert (best.n_labels, best.generated_tokens, best.gradient_steps, best.flops) == (2000, 90_000, 150, 3e12)
    assert best.seconds == 16  # 15 and 17
    assert best.tokens_per_answer == 16 * rows["sft", "pool"].tokens_per_answer == 320
    assert rows["sft", "crowd"].peak_memory_mb == 500


def test_labels_whose_annotator_judges_nobody_are_judged_by_the_first_one() -> None:
    verdicts = two_arms(RATES, RATES)
    renamed = verdicts[verdicts["annotator_train"] == "crowd"].assign(annotator_train="single")
    single = [
        RunCost(**{**vars(cost), "annotator_train": "single"}) for cost in costs() if cost.annotator_train == "crowd"
    ]
    assert {row.judge for row in cost_rows(renamed, single)} == {"crowd"}


def test_table_and_picture_name_every_method(tmp_path: Path) -> None:
    rows = cost_rows(two_arms(RATES, RATES), costs())
    text = markdown(Page(title="t", sections=(cost_section(rows, ()),)))
    assert text.count("| best_of_n |") == 2 and "2,000" in text and "90,000" in text
    assert cost_table(rows).notna().all(axis=None)
    draw_costs(rows, ["longest"], {"crowd": "crowd labels", "pool": "pool labels"}, tmp_path / "costs.png")
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")
