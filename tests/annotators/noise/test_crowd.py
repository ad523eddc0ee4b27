"""The crowd's choice by hand, and what its members share."""

import math
from dataclasses import replace

import pytest

from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.noise import Label
from farm.errors import UserError
from farm.records import Comparison, Preference

PLAIN = CrowdNoise(
    n_workers=1, reliability_spread=0.0, temperature=None, verdict_log_odds=2.0, p_limit=0.99, opinion_sd=0.0,
    length_bias=0.5, list_bias=0.25, position_bias=0.125, tie_weight=0.0, lapse_rate=0.0, seed=0,
)  # fmt: skip


def label(number: int = 0, preference: Preference = Preference.FIRST, p_first: float | None = None) -> Label:
    comparison = Comparison(instruction=f"question {number}", output_1="- x\n- y" + "x" * 8, output_2="plain..")
    return Label(comparison, preference, p_first, 2, "pool", "judge")


def test_log_odds_by_hand() -> None:
    # Lengths 15 and 7: log ratio ln 2. Only output_1 has a list; output_2 was shown first.
    assert PLAIN.log_odds(label(), 3.0) == pytest.approx(3 * 2 + 0.5 * math.log(2) + 0.25 - 0.125)
    assert PLAIN.log_odds(label(preference=Preference.TIE), 3.0) == pytest.approx(0.5 * math.log(2) + 0.125)
    soft = replace(PLAIN, temperature=4.0)
    assert soft.log_odds(label(p_first=0.2), 1.0) == pytest.approx(-math.log(4) / 4 + 0.5 * math.log(2) + 0.125)
    # Cut at .99: ln 99.
    assert soft.log_odds(label(p_first=1.0), 1.0) == pytest.approx(math.log(99) / 4 + 0.5 * math.log(2) + 0.125)
    assert soft.log_odds(label(), 1.0) == PLAIN.log_odds(label(), 1.0)


def test_workers_of_one_crowd_share_their_opinion_of_an_item() -> None:
    opinionated = replace(PLAIN, opinion_sd=50.0, n_workers=6)
    answers = [{opinionated.apply(label(i), seed).preference for seed in range(12)} for i in range(200)]
    assert sum(len(found) == 1 for found in answers) > 180
    assert sum(found == {Preference.SECOND} for found in answers) > 60
    # Another crowd is of another opinion; the mean is where the verdict puts it.
    other = [replace(opinionated, seed=1).log_odds(label(i), 1.0) for i in range(2000)]
    mean = sum(other) / 2000
    assert mean == pytest.approx(PLAIN.log_odds(label(), 1.0), abs=4 * 50 / math.sqrt(2000))
    assert sum((u - mean) ** 2 for u in other) / 2000 == pytest.approx(50**2, rel=0.15)


def test_reliabilities_are_log_normal() -> None:
    logs = [math.log(r) for r in replace(PLAIN, n_workers=4000, reliability_spread=0.5).reliabilities]
    assert sum(logs) / 4000 == pytest.approx(0.0, abs=4 * 0.5 / math.sqrt(4000))
    assert sum(x * x for x in logs) / 4000 == pytest.approx(0.25, rel=0.1)


def test_answers_come_with_their_probabilities() -> None:
    stage = replace(PLAIN, verdict_log_odds=2 * math.log(2), length_bias=0.0, list_bias=0.0, position_bias=0.0)
    tying = replace(stage, tie_weight=1.5)  # 1/2, 3/8, 1/8: see the model's own test
    found = [tying.apply(label(i), 1).preference for i in range(4000)]
    for preference, expected in ((Preference.FIRST, 0.5), (Preference.TIE, 0.375), (Preference.SECOND, 0.125)):
        assert sum(p is preference for p in found) / 4000 == pytest.approx(expected, abs=0.032)


def test_a_verdict_that_the_crowd_was_not_fitted_to_is_refused() -> None:
    soft_only = replace(PLAIN, temperature=1.0, verdict_log_odds=None)
    assert soft_only.apply(label(p_first=0.9), 1).preference is not None
    assert soft_only.log_odds(label(preference=Preference.TIE), 1.0) == PLAIN.log_odds(
        label(preference=Preference.TIE), 1.0
    )
    with pytest.raises(UserError, match="judge 'judge' gave no p_first, and the noise has no verdict_log_odds"):
        soft_only.apply(label(), 1)
