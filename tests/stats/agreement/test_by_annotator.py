import numpy as np
import pytest

from farm.stats.agreement.by_annotator import (
    accuracy,
    cohen_kappa,
    leave_one_out,
    majority,
    raw_agreement,
    three_classes,
)
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=1000)

NAN = float("nan")


def test_raw_agreement_leaves_unparsed_items_out_and_counts_them() -> None:
    result = raw_agreement(np.array([1, 2, 1.5, 1, NAN]), np.array([1, 1, 1.5, NAN, 2]), resampling=RESAMPLING)
    assert result.value == pytest.approx(2 / 3)
    assert (result.n_total, result.n_unparsed) == (3, 2)
    assert result.low is not None and result.low <= 2 / 3


def test_no_common_item_is_no_agreement() -> None:
    result = raw_agreement(np.array([1, NAN]), np.array([NAN, 1]), resampling=RESAMPLING)
    assert result.value is None and result.reason


def test_kappa_by_hand() -> None:
    # 50 items: both first 20, first/second 5, second/first 10, both second 15.
    # Observed 35/50 = .7; chance .5 * .6 + .5 * .4 = .5; kappa (.7 - .5) / (1 - .5) = .4
    first = np.repeat([1.0, 1.0, 2.0, 2.0], [20, 5, 10, 15])
    second = np.repeat([1.0, 2.0, 1.0, 2.0], [20, 5, 10, 15])
    assert cohen_kappa(first, second, resampling=RESAMPLING).value == pytest.approx(0.4)


def test_kappa_of_constant_labels_is_undefined_with_a_reason() -> None:
    result = cohen_kappa(np.ones(5), np.ones(5), resampling=RESAMPLING)
    assert result.value is None
    assert "one and the same label" in result.reason


def test_independent_labels_have_kappa_zero() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.choice([1, 1.5, 2], (2, 5000), p=[0.6, 0.1, 0.3])
    assert cohen_kappa(first, second, resampling=RESAMPLING).value == pytest.approx(0, abs=0.05)


def test_majority_takes_the_mode_and_calls_a_split_a_tie() -> None:
    labels = np.array([[1, 1, 2], [1, 2, 1.5], [2, 1, NAN], [2, NAN, NAN], [NAN, NAN, NAN]])
    assert majority(labels)[:4].tolist() == [1, 1.5, 1.5, 2]
    assert np.isnan(majority(labels)[4])


def test_leave_one_out_by_hand() -> None:
    labels = np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    # Item 1: the first two face one 1 and one 2 (share 1/2 each), the third faces two 1s and says 2 (0). Item 2: all 1.
    # Annotators: 3/4, 3/4, 1/2; mean 2/3.
    assert leave_one_out(labels, is_strict=False, resampling=RESAMPLING).value == pytest.approx(2 / 3)
    # Unanimous others only: item 1 counts for the third alone. 1, 1, 1/2; mean 5/6.
    assert leave_one_out(labels, is_strict=True, resampling=RESAMPLING).value == pytest.approx(5 / 6)


def test_flipped_labels_agree_less_by_the_known_amount() -> None:
    rng = np.random.default_rng(3)
    truth = rng.choice([1.0, 2.0], 20000)
    flipped = np.where(rng.random(20000) < 0.25, 3 - truth, truth)
    assert raw_agreement(truth, flipped, resampling=RESAMPLING).value == pytest.approx(0.75, abs=0.01)
    assert cohen_kappa(truth, flipped, resampling=RESAMPLING).value == pytest.approx(0.5, abs=0.02)


def test_graded_labels_fall_on_their_side_of_the_tie() -> None:
    assert three_classes(np.array([1.25, 1.5, 1.51, 2.0])).tolist() == [1, 1.5, 2, 2]


def test_accuracy_with_unparsed_verdicts_dropped_as_ties_and_wrong() -> None:
    truth, judge = np.array([1, 2, 1.5, 1]), np.array([1, 1, NAN, NAN])
    # Dropped: 1 of 2. As ties: the third item becomes right, 2 of 4. Wrong: 1 of 4.
    assert accuracy(truth, judge, unparsed="dropped").accuracy == 0.5
    assert accuracy(truth, judge, unparsed="tie").accuracy == 0.5
    assert accuracy(truth, judge, unparsed="wrong").accuracy == 0.25
    # As ties: tie 1 hit of 2 guessed and 1 true; first 1 of 2 and 2; second 0 of 0 and 1.
    # Precision (1/2 + 1/2 + 0) / 3; recall (1 + 1/2 + 0) / 3; F1 (2/3 + 1/2 + 0) / 3.
    as_tie = accuracy(truth, judge, unparsed="tie")
    assert as_tie.macro_precision == pytest.approx(1 / 3)
    assert as_tie.macro_recall == pytest.approx(1 / 2)
    assert as_tie.macro_f1 == pytest.approx(7 / 18)
    assert (as_tie.n_total, as_tie.n_unparsed) == (4, 2)


def test_the_interval_is_wider_with_fewer_items_and_the_same_for_the_same_seed() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.choice([1.0, 2.0], (2, 1000))
    many, few = (
        raw_agreement(first, second, resampling=RESAMPLING),
        raw_agreement(first[:50], second[:50], resampling=RESAMPLING),
    )
    assert many.low and many.high and few.low and few.high
    assert many.high - many.low < few.high - few.low
    assert many == raw_agreement(first, second, resampling=RESAMPLING)


def test_annotators_may_label_different_items() -> None:
    # The first two share item 1 and agree; the third shares item 2 with the first and does not; the fourth is alone.
    labels = np.array([[1, 1, NAN, NAN], [2, NAN, 1, NAN], [NAN, NAN, NAN, 1]])
    # Annotators: 1/2, 1, 0; the fourth is left out.
    result = leave_one_out(labels, is_strict=False, resampling=RESAMPLING)
    assert result.value == pytest.approx(0.5)
    assert (result.n_total, result.n_unparsed) == (2, 1)


def test_a_crowd_of_hundreds_has_the_interval_of_the_same_labels_by_few() -> None:
    # 3 labels on each of 600 items, right with probability .8; agreement with the others' mode .8^3 + ... by simulation
    # of the same table: who gave the labels changes the average over annotators only a little.
    rng = np.random.default_rng(7)
    truth = rng.choice([1.0, 2.0], (600, 1))
    three = np.where(rng.random((600, 3)) < 0.2, 3 - truth, truth)
    crowd = np.full((600, 300), NAN)
    np.put_along_axis(crowd, rng.permuted(np.tile(np.arange(300), (600, 1)), axis=1)[:, :3], three, axis=1)
    few, many = (leave_one_out(t, is_strict=False, resampling=RESAMPLING) for t in (three, crowd))
    assert few.low and few.high and many.low and many.high and few.value and many.value
    assert many.value == pytest.approx(few.value, abs=0.03)
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.35)
