from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.stats.agreement.acceptability import acceptability, acceptability_agreement
from farm.stats.agreement.by_annotator import CLASSES, leave_one_out, majority, three_classes
from farm.stats.agreement.label_counts import FIVE_CLASSES, counts_of, labels_by_item, table_counts
from farm.stats.agreement.pair_agreement import (
    agreement_between,
    agreement_within,
    exact_agreement,
    leave_one_out_pooled,
    mean_agreement_with_each,
)
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=100)

NAN = float("nan")


def counts(labels: list[list[float]]) -> np.ndarray:
    return table_counts(np.array(labels), CLASSES)


def test_within_a_group_by_hand() -> None:
    # Item 1: 1, 1, 2 has pairs 1=1, 1-2, 1-2. Item 2: tie, 1, nobody. Item 3: tie, tie. Five pairs; equal: two.
    found = agreement_within(
        counts([[1, 1, 2], [1.5, 1, NAN], [1.5, 1.5, NAN]]),
        name="humans",
        resampling=RESAMPLING,
    )
    assert (found.s1.value, found.s1.n_total) == (2 / 5, 5)
    assert (found.s2.value, found.s2.n_total) == (1 / 3, 3)
    assert found.relaxed.value == pytest.approx((2 + 1 / 2) / 5)


def test_between_groups_by_hand() -> None:
    # Item 1: the judge's 1 meets 1, 2, tie. Item 2: the judge's tie meets tie and 2.
    found = agreement_between(
        counts([[1], [1.5]]),
        counts([[1, 2, 1.5], [1.5, 2, NAN]]),
        name="judge",
        resampling=RESAMPLING,
    )
    assert (found.s1.value, found.s1.n_total) == (2 / 5, 5)
    assert (found.s2.value, found.s2.n_total) == (1 / 2, 2)
    assert found.relaxed.value == pytest.approx((2 + 1 / 2 + 1 / 2) / 5)


def test_random_labels_agree_on_a_third_and_on_half() -> None:
    rng = np.random.default_rng(1)
    found = agreement_within(
        table_counts(rng.choice(CLASSES, (30000, 2)), CLASSES), name="x", resampling=Resampling(seed=0, n_resamples=20)
    )
    assert found.s1.value == pytest.approx(1 / 3, abs=0.01)
    assert found.s2.value == pytest.approx(1 / 2, abs=0.01)


def test_all_ties_have_no_s2_and_say_so() -> None:
    found = agreement_within(counts([[1.5, 1.5], [1.5, 1]]), name="x", resampling=Resampling(seed=0, n_resamples=10))
    assert found.s1.value == 0.5
    assert found.s2.value is None and found.s2.reason == "every pair of labels has a tie in it"


def test_nothing_in_common_says_so() -> None:
    found = agreement_between(
        counts([[1], [NAN]]), counts([[NAN], [1]]), name="x", resampling=Resampling(seed=0, n_resamples=10)
    )
    assert {f.reason for f in found} == {"no item has a label of both"}
    assert (
        agreement_within(counts([[1], [2]]), name="x", resampling=Resampling(seed=0, n_resamples=10)).s1.reason
        == "no item has two labels"
    )


def test_pooled_leave_one_out_is_the_usual_one_if_everybody_labels_everything() -> None:
    labels = np.random.default_rng(2).choice([1.0, 1.5, 2.0], (200, 5), p=[0.5, 0.1, 0.4])
    pooled = leave_one_out_pooled(
        table_counts(labels, CLASSES), name="x", resampling=Resampling(seed=0, n_resamples=10)
    )
    each = leave_one_out(labels, is_strict=False, resampling=Resampling(seed=0, n_resamples=10))
    assert pooled.value == pytest.approx(each.value)


def test_pooled_leave_one_out_asks_only_how_often_each_label_was_given() -> None:
    # Four labels an item by ever other annotators: 1, 1, 2, 2 -> each label faces two of the other kind: 0.
    # 1, 1, 1, 2: the 1s face 1, 1, 2 and agree, the 2 does not: 3/4. A single label does not count.
    item, label = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2]), np.array([1.0, 1, 2, 2, 1, 1, 1, 2, 1])
    found = leave_one_out_pooled(
        counts_of(item, label, CLASSES, 3), name="x", resampling=Resampling(seed=0, n_resamples=10)
    )
    assert (found.value, found.n_total) == (3 / 8, 8)


def test_slots_keep_the_order_of_labels() -> None:
    table = labels_by_item(np.array([1, 0, 1, 1]), np.array([1.0, 2.0, NAN, 1.5]), 3)
    np.testing.assert_array_equal(table, [[2, NAN, NAN], [1, NAN, 1.5], [NAN, NAN, NAN]])


def test_a_label_outside_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected the labels 1\.5, 1, 2, got 3 \(1 such"):
        counts_of(np.array([0, 0]), np.array([1.0, 3.0]), CLASSES, 1)


@pytest.mark.parametrize("judge", ["gpt-3.5-turbo", "pandalm-7b"])
def test_pandalm_mean_agreement_with_single_humans(
    humandata: Path, pandalm_answers: dict[str, dict[str, object]], judge: str
) -> None:
    table = pd.read_parquet(humandata / "pandalm.parquet").pivot(
        index="item_id", columns="annotator", values="preference"
    )
    humans = table[[name for name in table if "human" in name]].to_numpy()
    each = mean_agreement_with_each(
        humans, table[judge].to_numpy(), name=judge, resampling=Resampling(seed=0, n_resamples=50)
    )
    # The known answer counts an unparsed verdict as a disagreement, our figure leaves it out.
    expected = pandalm_answers[f"{judge}__mean_agreement_with_single_human"]["value"]
    n_parsed = int(table[judge].notna().sum())
    assert each.value is not None
    assert round(each.value * n_parsed / 999, 4) == expected
    within = agreement_within(
        table_counts(humans, CLASSES), name="humans", resampling=Resampling(seed=0, n_resamples=50)
    )
    assert round(within.s1.value or 0, 4) == pandalm_answers["human_pairwise_raw_agreement_3class_mean"]["value"]
    assert np.isfinite(majority(humans)).all()


def test_tulu_agreement_and_acceptability(
    humandata: Path, known_answers: dict[str, dict[str, dict[str, dict]]]
) -> None:
    expected = known_answers["tulu"]["chatgpt|tulu_65B"]["value"]
    frame = pd.read_parquet(humandata / "tulu_chatgpt_vs_65B.parquet").sort_values("timestamp", kind="stable")
    two = frame[frame.groupby("item_id").cumcount() < 2]
    names, item = np.unique(two["item_id"].to_numpy(dtype=str), return_inverse=True)
    graded = two["preference"].to_numpy()
    three = agreement_within(
        counts_of(item, three_classes(graded), CLASSES, len(names)),
        name="tulu",
        resampling=RESAMPLING,
    )
    assert three.s1.n_total == expected["agreement"]["n_items_with_2plus"]
    assert round(three.s1.value or 0, 4) == expected["agreement"]["comparison_agreement"]
    assert round(three.relaxed.value or 0, 4) == expected["agreement"]["relaxed_comparison_agreement"]
    five = exact_agreement(counts_of(item, graded, FIVE_CLASSES, len(names)), name="tulu", resampling=RESAMPLING)
    assert five.value is not None and three.s1.value is not None and five.value < three.s1.value

    one = frame.groupby("item_id").head(1)
    by_model = acceptability(
        [*one["model_1"], *one["model_2"]],
        [*one["item_id"]] * 2,
        np.array([*one["acceptable_1"], *one["acceptable_2"]]),
        resampling=RESAMPLING,
    )
    assert {model: round(share.value or 0, 4) for model, share in by_model.items()} == expected["acceptability"]
    same = acceptability_agreement(
        [*(two["item_id"] + "/1"), *(two["item_id"] + "/2")],
        [*two["item_id"]] * 2,
        np.array([*two["acceptable_1"], *two["acceptable_2"]]),
        resampling=RESAMPLING,
    )
    assert round(same.value or 0, 4) == expected["agreement"]["acceptance_agreement"]
