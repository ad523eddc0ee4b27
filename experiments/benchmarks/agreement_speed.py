"""All agreement figures with 1,000 bootstrap rounds on 100,000 annotations: seconds and peak memory.

OMP_NUM_THREADS=2 python experiments/benchmarks/agreement_speed.py [annotations]

Simulated labels of 16 workers, four of them per item, each worker with an error rate of its own, and a judge that sees
each item in both orders and repeats itself four times. The promise: under 10 s on 2 cores, under 1 GB.
"""

import resource
import sys
import time

import numpy as np

from farm.stats.agreement.acceptability import acceptability, acceptability_agreement
from farm.stats.agreement.bias_variance import bias_and_variance
from farm.stats.agreement.by_annotator import CLASSES, accuracy, cohen_kappa, leave_one_out, majority, raw_agreement
from farm.stats.agreement.kappa import fleiss_kappa, krippendorff_alpha
from farm.stats.agreement.label_counts import FIVE_CLASSES, counts_of, table_counts
from farm.stats.agreement.pair_agreement import (
    agreement_between,
    agreement_within,
    exact_agreement,
    leave_one_out_pooled,
    mean_agreement_with_each,
)
from farm.stats.bias.position import order_effect, verdict_of_both_orders
from farm.stats.bias.style import Style, style_bias
from farm.stats.bootstrap import Resampling

SETTINGS = {"resampling": Resampling(seed=0, n_resamples=1000)}
N_WORKERS, PER_ITEM = 16, 4


def main() -> None:
    n_annotations = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    done = all_figures(n_annotations)
    for name, seconds in done:
        print(f"{seconds:8.2f} s  {name}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{sum(s for _, s in done):8.2f} s  in all, {n_annotations:,} annotations; peak memory {memory:,.0f} MB")


def all_figures(n_annotations: int) -> list[tuple[str, float]]:
    """What each group of figures took, in seconds."""
    n_items = n_annotations // PER_ITEM
    rng = np.random.default_rng(0)
    truth = rng.choice([1.0, 1.5, 2.0], n_items, p=[0.45, 0.1, 0.45])
    workers = rng.permuted(np.tile(np.arange(N_WORKERS), (n_items, 1)), axis=1)[:, :PER_ITEM]
    is_wrong = rng.random((n_items, PER_ITEM)) < rng.uniform(0.05, 0.4, N_WORKERS)[workers]
    labels = np.where(is_wrong, rng.choice([1.0, 1.5, 2.0], (n_items, PER_ITEM)), truth[:, None])
    table = np.full((n_items, N_WORKERS), np.nan)
    np.put_along_axis(table, workers, labels, axis=1)
    item = np.repeat(np.arange(n_items), PER_ITEM)
    judge = np.where(rng.random((n_items, PER_ITEM)) < 0.25, 3.0 - truth[:, None], truth[:, None])
    style = Style(*(rng.integers(0, 3, n_items) for _ in range(4)))
    shown = rng.integers(1, 3, len(item))
    is_acceptable = rng.random(2 * len(item)) < 0.8

    start, done = time.perf_counter(), []

    def lap(name: str) -> None:
        done.append((name, time.perf_counter() - start - sum(seconds for _, seconds in done)))

    counts, of_judge = table_counts(table, CLASSES), table_counts(judge, CLASSES)
    vote = majority(table)
    raw_agreement(vote, judge[:, 0], **SETTINGS)
    cohen_kappa(vote, judge[:, 0], **SETTINGS)
    accuracy(vote, judge[:, 0], unparsed="dropped")
    lap("raw agreement, Cohen's kappa, accuracy")
    leave_one_out(table, is_strict=False, **SETTINGS)
    leave_one_out(table, is_strict=True, **SETTINGS)
    lap("leave-one-out per annotator, loose and strict")
    leave_one_out_pooled(counts, name="workers", **SETTINGS)
    mean_agreement_with_each(table, judge[:, 0], name="judge", **SETTINGS)
    lap("leave-one-out pooled, agreement with each annotator")
    fleiss_kappa(counts, name="workers", **SETTINGS)
    krippendorff_alpha(counts, name="workers", **SETTINGS)
    lap("Fleiss' kappa, Krippendorff's alpha")
    agreement_within(counts, name="workers", **SETTINGS)
    agreement_between(of_judge, counts, name="judge", **SETTINGS)
    exact_agreement(counts_of(item, labels.ravel(), FIVE_CLASSES, n_items), name="workers", **SETTINGS)
    lap("S1, S2, relaxed, 5-way; within and between")
    for ties in ("alpaca_eval", "expected"):
        bias_and_variance(judge, table, ties=ties, name="judge", **SETTINGS)
    lap("bias and variance, both ways")
    order_effect(judge[:, 0], judge[:, 1], name="judge", **SETTINGS)
    raw_agreement(verdict_of_both_orders(judge[:, 0], judge[:, 1], "average"), vote, **SETTINGS)
    lap("order consistency and conflict")
    style_bias(item, labels.ravel(), style, shown, name="workers", **SETTINGS)
    lap("prefer longer, lists, first shown")
    models = np.where(np.arange(2 * len(item)) % 2 == 0, "a", "b")
    outputs = np.char.add(np.repeat(item, 2).astype(str), models)
    acceptability(models, np.repeat(item, 2), is_acceptable, **SETTINGS)
    acceptability_agreement(outputs, np.repeat(item, 2), is_acceptable, **SETTINGS)
    lap("acceptability")
    return done


if __name__ == "__main__":
    main()
