import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels

from farm.stats.agreement.by_annotator import CLASSES
from farm.stats.agreement.kappa import fleiss_kappa, krippendorff_alpha
from farm.stats.agreement.label_counts import table_counts
from farm.stats.bootstrap import Resampling

RESAMPLING = Resampling(seed=0, n_resamples=10)


def test_fleiss_is_what_statsmodels_says() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice([1, 1.5, 2], (60, 5))
    labels[:, 1:3] = labels[:, :1]
    counts = table_counts(labels, CLASSES)
    found = fleiss_kappa(counts, name="all", resampling=Resampling(seed=0, n_resamples=200))
    assert found.value == pytest.approx(fleiss_of_statsmodels(counts))
    assert found.low is not None and found.high is not None and found.value is not None
    assert found.low < found.value < found.high
    assert found.n_total == 60


def test_krippendorffs_own_example() -> None:
    # Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section C: 12 units, 4 observers, 5 categories,
    # some labels missing, one unit with a single label. Nominal alpha .743.
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    table = np.array([[float(v) if v != "." else np.nan for v in row.split()] for row in observers]).T
    found = krippendorff_alpha(
        table_counts(table, (1, 2, 3, 4, 5)), name="all", resampling=Resampling(seed=0, n_resamples=100)
    )
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.n_total == 11


def test_two_annotators_with_all_labels_agree_on_alpha_by_hand() -> None:
    # Units (1,1) (1,2) (2,2) (2,2): observed 2 different ordered pairs of 8; expected 2 * 3 * 5 / 56 of ordered pairs.
    counts = np.array([[2.0, 0], [1, 1], [0, 2], [0, 2]])
    found = krippendorff_alpha(counts, name="all", resampling=RESAMPLING)
    assert found.value == pytest.approx(1 - (2 / 8) / (30 / 56))


@pytest.mark.parametrize("statistic", [fleiss_kappa, krippendorff_alpha])
def test_one_class_and_one_annotator_have_a_reason_and_no_number(statistic) -> None:  # type: ignore[no-untyped-def]
    same = statistic(np.array([[0.0, 3.0, 0.0]] * 5), name="all", resampling=RESAMPLING)
    assert same.value is None and "one and the same" in same.reason
    alone = statistic(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), name="all", resampling=RESAMPLING)
    assert alone.value is None and alone.reason == "no item has two labels"
