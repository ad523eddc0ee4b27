import numpy as np
import pandas as pd
import pytest

from farm.errors import UserError
from farm.labels.read import read_annotations
from farm.stats.bootstrap import Resampling
from farm.stats.planning.estimates import estimate_humans, estimate_judges
from tests.paths import HUMANDATA

RESAMPLING = Resampling(seed=0, n_resamples=1000)

PANDALM = HUMANDATA / "pandalm.parquet"


def labels(
    truth: np.ndarray,
    *,
    n_annotators: int,
    flip: float,
    tie: float,
    rng: np.random.Generator,
    kind: str,
    leans: np.ndarray | None = None,
) -> pd.DataFrame:
    """Every annotator labels every item; `truth` (I,) says whether output_1 is better; leans (annotators, models)."""
    rows = []
    models = np.array(["m0", "m1", "m2", "m3"])
    pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    for annotator in range(n_annotators):
        pair = pairs[np.arange(len(truth)) % len(pairs)]
        wins = truth.copy()
        if leans is not None:
            shift = leans[annotator][pair[:, 0]] - leans[annotator][pair[:, 1]]
            draw = rng.random(len(truth))
            # A share |shift| of the verdicts is turned in favour of the liked model; half of them were so already.
            wins = np.where(draw < 2 * np.abs(shift), shift > 0, wins)
        wins = wins ^ (rng.random(len(truth)) < flip)
        preference = np.where(rng.random(len(truth)) < tie, 1.5, np.where(wins, 1.0, 2.0))
        rows.append(
            pd.DataFrame(
                {
                    "item_id": [f"item{i}" for i in range(len(truth))],
                    "annotator": f"{kind}{annotator}",
                    "preference": preference,
                    "model_1": models[pair[:, 0]],
                    "model_2": models[pair[:, 1]],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_flips_and_ties_of_humans_are_found_again() -> None:
    rng = np.random.default_rng(0)
    rows = labels(rng.random(4000) < 0.5, n_annotators=4, flip=0.26, tie=0.1, rng=rng, kind="human")
    found = estimate_humans(rows, resampling=RESAMPLING)
    for estimate, truth in ((found.flip_prob, 0.26), (found.tie_prob, 0.1)):
        assert estimate.value is not None and estimate.low is not None and estimate.high is not None
        assert estimate.value == pytest.approx(truth, abs=0.02) and estimate.low < truth < estimate.high
    assert found.shared_flip_prob.value == 0 and found.bias_sd.value == 0


def test_shared_and_own_mistakes_of_judges_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(6000) < 0.5
    humans = labels(truth, n_annotators=3, flip=0.2, tie=0.0, rng=rng, kind="human")
    mistaken = truth ^ (rng.random(6000) < 0.12)
    judges = labels(mistaken, n_annotators=3, flip=0.15, tie=0.0, rng=rng, kind="llm")
    found = estimate_judges(judges, humans, resampling=RESAMPLING)
    assert found.flip_prob.value == pytest.approx(0.15, abs=0.015)
    assert found.shared_flip_prob.value == pytest.approx(0.12, abs=0.02)


def test_one_judges_mistakes_all_count_as_shared() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(6000) < 0.5
    humans = labels(truth, n_annotators=2, flip=0.2, tie=0.0, rng=rng, kind="human")
    judge = labels(truth, n_annotators=1, flip=0.3, tie=0.0, rng=rng, kind="llm")
    found = estimate_judges(judge, humans, resampling=RESAMPLING)
    assert found.flip_prob.value == 0 and "one judge" in found.flip_prob.reason
    assert found.shared_flip_prob.value == pytest.approx(0.3, abs=0.02)
    assert found.annotator_sd.value is None and found.annotator_sd.reason


def test_the_spread_between_annotators_is_found_again_and_none_is_not_invented() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(6000) < 0.5
    leans = rng.normal(0, 0.05, (12, 4))
    spread = estimate_humans(
        labels(truth, n_annotators=12, flip=0.1, tie=0.0, rng=rng, kind="human", leans=leans),
        resampling=Resampling(seed=0, n_resamples=50),
    )
    # A score of two models holds both leans. What leans do to agreement counts as flips, which raises the estimate.
    drawn = np.sqrt(np.mean([np.var(leans[:, a] - leans[:, b], ddof=1) / 2 for a in range(4) for b in range(a)]))
    assert spread.annotator_sd.value == pytest.approx(drawn, rel=0.25)
    alike = estimate_humans(
        labels(truth, n_annotators=12, flip=0.1, tie=0.0, rng=rng, kind="human"),
        resampling=Resampling(seed=0, n_resamples=50),
    )
    assert alike.annotator_sd.value is not None and alike.annotator_sd.value < 0.01


def test_what_says_nothing_is_refused_in_a_sentence() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(400) < 0.5
    alone = labels(truth, n_annotators=1, flip=0.1, tie=0.0, rng=rng, kind="human")
    with pytest.raises(UserError, match="no item has two labels"):
        estimate_humans(alone, resampling=RESAMPLING)
    contrary = labels(truth, n_annotators=2, flip=0.1, tie=0.0, rng=rng, kind="human")
    contrary.loc[contrary["annotator"] == "human1", "preference"] = (
        3 - contrary.loc[contrary["annotator"] == "human1", "preference"]
    )
    with pytest.raises(UserError, match="no more than chance"):
        estimate_humans(contrary, resampling=RESAMPLING)
    with pytest.raises(UserError, match="humans: expected rows with a preference, found none among 0"):
        estimate_humans(alone.iloc[:0], resampling=RESAMPLING)


def test_pandalms_humans_by_hand() -> None:
    if not PANDALM.is_file():
        pytest.skip(f"{PANDALM} is not here")
    rows = read_annotations(PANDALM)
    humans = rows[rows["annotator_kind"] == "human"]
    found = estimate_humans(humans, resampling=Resampling(seed=0, n_resamples=200))
    # Of the pairs of labels that are no ties, counted here without the function's merge:
    wide = humans.pivot(index="item_id", columns="annotator", values="preference").to_numpy()
    equal = total = 0
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = (wide[:, i] != 1.5) & (wide[:, j] != 1.5)
        equal, total = equal + int((wide[both, i] == wide[both, j]).sum()), total + int(both.sum())
    assert found.flip_prob.value is not None and found.tie_prob.value == pytest.approx((wide == 1.5).mean())
    assert (1 - 2 * found.flip_prob.value) ** 2 == pytest.approx(2 * equal / total - 1)
    judges = estimate_judges(
        rows[rows["annotator_kind"] == "llm"], humans, resampling=Resampling(seed=0, n_resamples=200)
    )
    assert judges.shared_flip_prob.value is not None and judges.bias_sd.value is not None
    assert 0.05 < judges.shared_flip_prob.value < 0.15 and 0.01 < judges.bias_sd.value < 0.03
