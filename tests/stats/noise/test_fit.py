"""The fit finds known crowds again, follows a closed form, and leaves out what the data cannot tell."""

import dataclasses
import math

import numpy as np
import pytest

from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.noise import Label
from farm.records import Comparison, Preference
from farm.stats.noise.fit import fit_at, fit_crowd
from farm.stats.noise.identified import identified
from farm.stats.noise.intervals import Interval, intervals
from farm.stats.noise.labels import CrowdLabels
from farm.stats.noise.likelihood import Coefficients, evaluate, held_out
from tests.stats.crowd_maker import KNOWN, crowd_labels, without


def mean_reliability(stage: CrowdNoise) -> float:
    """Of these very workers, geometric: the fit measures slopes for their median."""
    return math.exp(float(np.log(stage.reliabilities).mean()))


def assert_found(found: Interval, truth: float, *, at_most: float) -> None:
    """Within three standard errors, which must themselves be small."""
    standard_error = (found.high - found.low) / 3.92
    assert standard_error < at_most
    assert abs(found.value - truth) < 3 * standard_error
    assert found.low <= found.value <= found.high


def test_a_known_crowd_is_found_again() -> None:
    labels = crowd_labels(KNOWN, n_items=700, n_labels=3, seed=0)
    known = identified(labels, with_lapses=False)
    found = fit_crowd(labels, known.free)
    ends = intervals(labels, known.free, found)
    scale = mean_reliability(KNOWN)
    assert_found(ends["hard_slope"], 1.5 * scale, at_most=0.12)
    assert_found(ends["opinion_sd"], 1.2 * scale, at_most=0.15)
    assert_found(ends["length_bias"], 0.8, at_most=0.1)
    assert_found(ends["list_bias"], 0.6, at_most=0.15)
    assert_found(ends["position_bias"], 0.4, at_most=0.1)
    assert_found(ends["tie_weight"], 0.7, at_most=0.08)
    assert_found(ends["reliability_spread"], 0.5, at_most=0.2)
    assert np.corrcoef(found.fit.rho, np.log(KNOWN.reliabilities))[0, 1] > 0.85
    assert known.reasons.keys() == {"temperature", "lapse_rate"}


def test_a_temperature_and_lapses_are_found_again() -> None:
    stage = without(
        KNOWN, n_workers=1, temperature=0.5, verdict_log_odds=None, opinion_sd=0.0, lapse_rate=0.15,
        position_bias=0.0, list_bias=0.0,
    )  # fmt: skip
    labels = crowd_labels(stage, n_items=3000, n_labels=1, seed=1)
    known = identified(labels, with_lapses=True)
    assert known.reasons.keys() == {"verdict_log_odds", "opinion_sd", "reliability_spread"}
    found = fit_crowd(labels, known.free)
    ends = intervals(labels, known.free, found)
    assert_found(ends["soft_slope"], 2.0 * mean_reliability(stage), at_most=0.3)
    assert_found(ends["lapse_rate"], 0.15, at_most=0.05)
    assert_found(ends["length_bias"], 0.8, at_most=0.15)
    assert_found(ends["position_bias"], 0.0, at_most=0.1)
    assert found.curve is None


def test_without_a_crowd_the_fit_is_counting() -> None:
    # 60 labels follow the judge, 20 oppose it, 20 tie: odds of 3 to 1, so the log odds are ln 3. Davidson's model has
    # P(tie) / sqrt(P(first) P(second)) = v = .2 / sqrt(.6 * .2).
    side = np.repeat([0.5, -0.5, 0.0], [60, 20, 20])
    zeros = np.zeros(100)
    labels = CrowdLabels(
        item=np.arange(100), worker=np.zeros(100, dtype=np.int64), n_workers=1, side=side, soft_margin=zeros,
        hard_margin=np.ones(100), length_ratio=zeros, list_gap=zeros, order=zeros,
    )  # fmt: skip
    known = identified(labels, with_lapses=False)
    assert known.free == {"hard_slope", "tie_weight"}
    fit = fit_at(labels, known.free, spread=0.0)
    assert fit.coefficients.hard_slope == pytest.approx(math.log(3), abs=1e-4)
    assert fit.coefficients.tie_weight == pytest.approx(0.2 / math.sqrt(0.12), rel=1e-4)
    assert fit.penalised == pytest.approx(60 * math.log(0.6) + 40 * math.log(0.2), abs=1e-6)


def test_the_profile_interval_of_a_slope_by_hand() -> None:
    # 75 follow the judge and 25 oppose it. The interval of the log odds ends where the binomial log-likelihood is 1.92
    # below its maximum: share .660 and .828 (solved by hand with a table of logarithms to three digits).
    labels = CrowdLabels(
        item=np.arange(100), worker=np.zeros(100, dtype=np.int64), n_workers=1, side=np.repeat([0.5, -0.5], [75, 25]),
        soft_margin=np.zeros(100), hard_margin=np.ones(100), length_ratio=np.zeros(100), list_gap=np.zeros(100),
        order=np.zeros(100),
    )  # fmt: skip
    free = identified(labels, with_lapses=False).free
    found = intervals(labels, free, fit_crowd(labels, free))["hard_slope"]
    for end in (found.low, found.high):
        share = 1 / (1 + math.exp(-end))
        drop = 75 * math.log(0.75 / share) + 25 * math.log(0.25 / (1 - share))
        assert drop == pytest.approx(1.92, abs=0.07)
    assert found.low < math.log(3) < found.high


@pytest.mark.parametrize("opinion_sd", [0.0, 1.3])
def test_the_gradient_is_that_of_the_likelihood(opinion_sd: float) -> None:
    labels = crowd_labels(KNOWN, n_items=40, n_labels=3, seed=2)
    at = Coefficients(
        soft_slope=0.3, hard_slope=0.8, length_bias=0.1, list_bias=0.2, position_bias=0.05, opinion_sd=opinion_sd,
        tie_weight=0.7, lapse_rate=0.03,
    )  # fmt: skip
    rho = np.linspace(-0.3, 0.3, labels.n_workers)
    found = evaluate(labels, at, rho)
    step = 1e-6
    for name, value in vars(at).items():
        if name == "opinion_sd" and opinion_sd == 0.0:
            continue  # an edge
        up, down = (value * math.exp(d) if name == "tie_weight" else value + d for d in (step, -step))
        slope = (
            evaluate(labels, dataclasses.replace(at, **{name: up}), rho).value
            - evaluate(labels, dataclasses.replace(at, **{name: down}), rho).value
        ) / (2 * step)
        assert found.by_coefficient[name] == pytest.approx(slope, abs=1e-4)
    worker = 3
    moved = [evaluate(labels, at, rho + d * (np.arange(len(rho)) == worker)).value for d in (step, -step)]
    assert found.by_worker[worker] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-4)


def test_probabilities_of_all_answers_sum_to_one() -> None:
    labels = crowd_labels(KNOWN, n_items=30, n_labels=1, seed=3)
    at = Coefficients(
        soft_slope=0.0, hard_slope=1.0, length_bias=0.5, list_bias=0.0, position_bias=0.2, opinion_sd=9.0,
        tie_weight=2.0, lapse_rate=0.1,
    )  # fmt: skip
    total = sum(
        np.exp(held_out(dataclasses.replace(labels, side=np.full(30, side)), at, 0.6).of_labels)
        for side in (0.5, 0.0, -0.5)
    )
    assert total == pytest.approx(np.ones(30))


def test_predictions_are_what_the_stage_draws() -> None:
    # 30,000 simulated labels of one and the same kind of comparison against the integral over workers and opinions.
    stage = without(KNOWN, n_workers=4000, lapse_rate=0.05)
    n = 30000
    agreeing = 0
    for i in range(n):
        comparison = Comparison(instruction=f"question {i}", output_1="x" * 39, output_2="y" * 19)
        clean = Label(comparison, Preference.FIRST, None, 2, "crowd", "judge")
        agreeing += stage.apply(clean, 1).preference is Preference.FIRST
    one = crowd_labels(KNOWN, n_items=1, n_labels=1, seed=0)
    one = dataclasses.replace(
        one, side=np.array([0.5]), hard_margin=np.array([1.0]), length_ratio=np.array([math.log(2)]),
        list_gap=np.array([0.0]), order=np.array([-1.0]),
    )  # fmt: skip
    at = Coefficients(
        soft_slope=0.0, hard_slope=1.5, length_bias=0.8, list_bias=0.6, position_bias=0.4, opinion_sd=1.2,
        tie_weight=0.7, lapse_rate=0.05,
    )  # fmt: skip
    expected = float(np.exp(held_out(one, at, 0.5).of_labels[0]))
    # Four standard errors of 30,000 draws: 4 * sqrt(.25 / 30000) = .012; the 4,000 workers add about .002.
    assert agreeing / n == pytest.approx(expected, abs=0.014)


def test_what_the_data_cannot_tell_is_left_out_with_its_reason() -> None:
    labels = crowd_labels(KNOWN, n_items=60, n_labels=1, seed=4)
    alone = dataclasses.replace(
        labels, worker=np.zeros(60, dtype=np.int64), n_workers=1, side=np.where(labels.side == 0, 0.5, labels.side),
        list_gap=np.zeros(60), order=np.zeros(60), length_ratio=2 * labels.hard_margin,
    )  # fmt: skip
    known = identified(alone, with_lapses=False)
    assert known.free == {"hard_slope"}
    reasons = known.reasons
    assert reasons["temperature"] == "the judge recorded no p_first"
    assert reasons["opinion_sd"].startswith("0 items have labels of two annotators")
    assert reasons["reliability_spread"].startswith("1 annotator, at least 3")
    assert reasons["list_bias"].startswith("0 items have a list in one output only")
    assert "record no order of presentation" in reasons["position_bias"]
    one_order = identified(dataclasses.replace(labels, order=np.ones(60)), with_lapses=False).reasons
    assert one_order["position_bias"].startswith("output_1 was shown first for 60 labels and output_2 for 0")
    assert reasons["tie_weight"].startswith("none of the 60 labels is a tie")
    assert reasons["length_bias"] == "in these data it cannot be told apart from the parameters above it"


def test_many_blocks_are_one_likelihood() -> None:
    labels = crowd_labels(KNOWN, n_items=300, n_labels=2, seed=5)
    assert len(labels.blocks) > 2
    at = Coefficients(
        soft_slope=0.0, hard_slope=1.0, length_bias=0.5, list_bias=0.1, position_bias=0.2, opinion_sd=1.0,
        tie_weight=0.5, lapse_rate=0.0,
    )  # fmt: skip
    rho = np.zeros(labels.n_workers)
    halves = [labels.of_items(np.arange(300) % 2 == k) for k in (0, 1)]
    assert evaluate(labels, at, rho).value == pytest.approx(sum(evaluate(half, at, rho).value for half in halves))
    assert [half.n_items for half in halves] == [150, 150]
