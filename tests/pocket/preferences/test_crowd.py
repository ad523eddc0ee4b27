"""The crowd: its laws, and that its parameters do what their names say."""

import random
from dataclasses import replace

import numpy as np
import pytest

from farm.calls.request import NO_CALLS
from farm.pocket.language.drafts import draw_text, draw_training_request
from farm.pocket.preferences.crowd import Crowd
from farm.pocket.preferences.utility import utility_of
from farm.records import Comparison, Preference, Verdict

CROWD = Crowd(
    n_workers=16, temperature=0.7, temperature_spread=0.25, taste_sd=0.35, diligence_low=0.6, diligence_high=0.95,
    length_bias=0.45, length_bias_sd=0.25, lapse_rate=0.05, seed=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def comparisons() -> list[Comparison]:
    rng = random.Random(0)
    pairs = []
    for _ in range(700):
        request = draw_training_request(rng)
        first, second = draw_text(request.task, rng), draw_text(request.task, rng)
        pairs.append(Comparison(instruction=request.instruction, input=request.input, output_1=first, output_2=second))
    return pairs


def swapped(comparison: Comparison) -> Comparison:
    return replace(comparison, output_1=comparison.output_2, output_2=comparison.output_1)


def preferences(verdicts: list[Verdict]) -> list[Preference]:
    assert all(verdict.preference is not None for verdict in verdicts)
    return [verdict.preference for verdict in verdicts if verdict.preference is not None]


def test_swapping_the_outputs_swaps_every_verdict(comparisons: list[Comparison]) -> None:
    for worker in CROWD.members()[:4]:
        plain = preferences(worker.verdicts(comparisons, [1] * len(comparisons), 0, calls=NO_CALLS))
        turned = preferences(
            worker.verdicts([swapped(c) for c in comparisons], [2] * len(comparisons), 0, calls=NO_CALLS)
        )
        assert turned == [preference.swapped for preference in plain]


def test_a_verdict_depends_on_no_other_comparison(comparisons: list[Comparison]) -> None:
    worker = CROWD.members()[0]
    whole = worker.verdicts(comparisons, [1] * len(comparisons), 0, calls=NO_CALLS)
    backwards = worker.verdicts(comparisons[::-1], [1] * len(comparisons), 0, calls=NO_CALLS)[::-1]
    alone = [worker.verdicts([comparison], [1], 0, calls=NO_CALLS)[0] for comparison in comparisons[:50]]
    assert whole == backwards and whole[:50] == alone


def test_what_is_shown_first_does_not_matter_and_the_seed_does(comparisons: list[Comparison]) -> None:
    worker = CROWD.members()[0]
    first = worker.verdicts(comparisons, [1] * len(comparisons), 0, calls=NO_CALLS)
    assert first == worker.verdicts(comparisons, [2] * len(comparisons), 0, calls=NO_CALLS)
    assert first != worker.verdicts(comparisons, [1] * len(comparisons), 1, calls=NO_CALLS)


def test_the_same_text_twice_is_a_tie() -> None:
    same = Comparison(instruction="Describe the fox.", output_1="The fox is small.", output_2="The fox is small.")
    assert preferences(CROWD.members()[0].verdicts([same], [1], 0, calls=NO_CALLS)) == [Preference.TIE]


def test_members_are_the_same_every_time_and_differ_from_each_other() -> None:
    assert CROWD.members() == CROWD.members()
    assert len({worker.name for worker in CROWD.members()}) == 16
    assert len({worker.weights for worker in CROWD.members()}) == 16
    assert replace(CROWD, seed=1).members() != CROWD.members()


def test_agreement_with_each_other_and_with_utility_is_that_of_a_crowd(comparisons: list[Comparison]) -> None:
    # AlpacaFarm's human annotators agree with each other on .66 of the comparisons.
    votes = np.array(
        [_firsts(worker.verdicts(comparisons, [1] * 700, 0, calls=NO_CALLS)) for worker in CROWD.members()]
    )
    between = [(votes[i] == votes[j]).mean() for i in range(16) for j in range(i)]
    better = np.array([_utility_difference(c) > 0 for c in comparisons])
    assert 0.6 < np.mean(between) < 0.78
    assert 0.68 < np.mean([(vote == better).mean() for vote in votes]) < 0.88
    assert np.mean(between) < np.mean([(vote == better).mean() for vote in votes])


def test_a_careful_crowd_without_noise_recovers_the_utility(comparisons: list[Comparison]) -> None:
    exact = replace(
        CROWD, temperature=1e-6, taste_sd=0.0, diligence_low=1.0, diligence_high=1.0, length_bias=0.0,
        length_bias_sd=0.0, lapse_rate=0.0,
    )  # fmt: skip
    differences = [_utility_difference(c) for c in comparisons]
    vote = _firsts(exact.members()[0].verdicts(comparisons, [1] * 700, 0, calls=NO_CALLS))
    assert all(v == (d > 0) for v, d in zip(vote, differences, strict=True) if abs(d) > 1e-4)


def test_all_lapses_are_coin_flips_and_length_bias_favours_the_longer(comparisons: list[Comparison]) -> None:
    lapsing = _firsts(replace(CROWD, lapse_rate=1.0).members()[0].verdicts(comparisons, [1] * 700, 0, calls=NO_CALLS))
    assert lapsing.mean() == pytest.approx(0.5, abs=0.06)
    longer = np.array([len(c.output_1) > len(c.output_2) for c in comparisons])
    shares = [
        (
            _firsts(replace(CROWD, length_bias=bias).members()[0].verdicts(comparisons, [1] * 700, 0, calls=NO_CALLS))
            == longer
        ).mean()
        for bias in (0.0, 2.0, 20.0)
    ]
    assert shares == sorted(shares) and shares[-1] > 0.85


def _firsts(verdicts: list[Verdict]) -> np.ndarray:
    return np.array([preference is Preference.FIRST for preference in preferences(verdicts)])


def _utility_difference(c: Comparison) -> float:
    return utility_of(c.instruction, c.input, c.output_1) - utility_of(c.instruction, c.input, c.output_2)
