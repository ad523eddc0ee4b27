"""Davidson's model against hand arithmetic, and its derivatives against differences."""

import math

import numpy as np
import pytest

from farm.stats.noise.choice_model import choice_probabilities, choice_terms


def test_probabilities_by_hand() -> None:
    # u = 2 ln 2: exp(u/2) = 2, exp(-u/2) = 1/2; with v = 3/2, S = 4.
    chance = choice_probabilities(2 * math.log(2), tie_weight=1.5, lapse_rate=0.0)
    assert chance == pytest.approx((2 / 4, 1.5 / 4, 0.5 / 4))
    # A fifth of the answers is a third each: .8 * 1/2 + .2 / 3 = 7/15, .8 * 3/8 + .2 / 3 = 11/30, the rest 1/6.
    lapsing = choice_probabilities(2 * math.log(2), tie_weight=1.5, lapse_rate=0.2)
    assert lapsing == pytest.approx((7 / 15, 11 / 30, 1 / 6))
    # Without ties it is Bradley-Terry: odds 3 to 1; a lapse is then one of two answers.
    assert choice_probabilities(math.log(3), tie_weight=0.0, lapse_rate=0.0) == pytest.approx((0.75, 0.0, 0.25))
    assert choice_probabilities(math.log(3), tie_weight=0.0, lapse_rate=0.4) == pytest.approx((0.65, 0.0, 0.35))


def test_turning_the_odds_turns_the_answer_exactly() -> None:
    for logit in (0.0, 0.3, 5.0, 800.0, math.inf):
        there = choice_probabilities(logit, tie_weight=0.7, lapse_rate=0.1)
        back = choice_probabilities(-logit, tie_weight=0.7, lapse_rate=0.1)
        assert (there.first, there.tie, there.second) == (back.second, back.tie, back.first)
        assert sum(there) == pytest.approx(1.0)


@pytest.mark.parametrize("lapse_rate", [0.0, 0.15])
@pytest.mark.parametrize("tie_weight", [0.4, 30.0])
def test_terms_are_the_logarithms_with_their_slopes(lapse_rate: float, tie_weight: float) -> None:
    logits = np.array([-700.0, -3.0, -0.2, 0.0, 1.0, 700.0])
    for side, name in ((0.5, "first"), (0.0, "tie"), (-0.5, "second")):

        def logp(u: np.ndarray, v: float, q: float, side: float = side) -> np.ndarray:
            return choice_terms(u, np.full(len(u), side), tie_weight=v, lapse_rate=q).logp

        terms = choice_terms(logits, np.full(len(logits), side), tie_weight=tie_weight, lapse_rate=lapse_rate)
        assert np.isfinite(terms.logp).all()
        for k in range(1, 5):
            chance = choice_probabilities(float(logits[k]), tie_weight=tie_weight, lapse_rate=lapse_rate)
            assert terms.logp[k] == pytest.approx(math.log(vars_of(chance)[name]))
        step = 1e-6
        by_u = (logp(logits + step, tie_weight, lapse_rate) - logp(logits - step, tie_weight, lapse_rate)) / (2 * step)
        assert terms.by_logit[1:5] == pytest.approx(by_u[1:5], abs=1e-7)
        up, down = tie_weight * math.exp(step), tie_weight * math.exp(-step)
        by_v = (logp(logits, up, lapse_rate) - logp(logits, down, lapse_rate)) / (2 * step)
        assert terms.by_log_tie_weight[1:5] == pytest.approx(by_v[1:5], abs=1e-7)
        by_q = (logp(logits, tie_weight, lapse_rate + step) - terms.logp) / step
        assert terms.by_lapse_rate[1:5] == pytest.approx(by_q[1:5], rel=1e-3)


def vars_of(chance: object) -> dict[str, float]:
    return chance._asdict()  # type: ignore[attr-defined,no-any-return]
