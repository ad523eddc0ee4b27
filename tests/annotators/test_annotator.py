"""Laws of simulated annotators: swapping, batches, noise, ties."""

from dataclasses import replace

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.noise import LabelFlip, Noise
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.records import Comparison, Preference

COMPARISONS = [
    Comparison(
        instruction=f"question {i}", output_1=f"answer {i}" + "x" * (i % 7), output_2=f"reply {i}" + "y" * (i % 5)
    )
    for i in range(4000)
]


def annotator(*noise: Noise, rule: str = "longest") -> SimulatedAnnotator:
    judges = tuple(BaselineJudge(name=f"{rule} {k}", rule=rule) for k in range(3))  # type: ignore[arg-type]
    return SimulatedAnnotator(name="test", arm="test", panel=FixedPanel(judges=judges), noise=noise)


def swapped(comparison: Comparison) -> Comparison:
    return replace(comparison, output_1=comparison.output_2, output_2=comparison.output_1)


@pytest.mark.parametrize("rule", ["longest", "shortest", "first_shown", "random"])
def test_swapping_the_outputs_swaps_the_verdict(rule: str) -> None:
    noisy = annotator(LabelFlip(flip_prob=0.3), rule=rule)
    there = noisy.annotate(COMPARISONS, (), 5, with_noise=True, calls=NO_CALLS)
    back = noisy.annotate([swapped(c) for c in COMPARISONS], (), 5, with_noise=True, calls=NO_CALLS)
    for a, b in zip(there, back, strict=True):
        assert a.preference is not None and b.preference == a.preference.swapped
        assert a.first_shown == 3 - b.first_shown
        assert a.judge == b.judge


def test_a_verdict_does_not_depend_on_the_batch() -> None:
    noisy = annotator(LabelFlip(flip_prob=0.3), rule="random")
    whole = noisy.annotate(COMPARISONS, (), 5, with_noise=True, calls=NO_CALLS)
    assert noisy.annotate(COMPARISONS[::-3], (), 5, with_noise=True, calls=NO_CALLS) == whole[::-3]


def test_no_flips_change_nothing_and_a_half_leaves_nothing() -> None:
    clean = [a.preference for a in annotator().annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS)]
    assert [
        a.preference
        for a in annotator(LabelFlip(flip_prob=0.0)).annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS)
    ] == clean
    hard = [i for i, p in enumerate(clean) if p is not Preference.TIE]
    for flip_prob, expected in ((0.25, 0.75), (0.5, 0.5)):
        noised = annotator(LabelFlip(flip_prob=flip_prob)).annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS)
        kept = sum(noised[i].preference is clean[i] for i in hard) / len(hard)
        # Four standard errors of a share of about 3,000: 4 * sqrt(.25 * .75 / 3000) = .032 (.037 at one half).
        assert kept == pytest.approx(expected, abs=0.037)
        assert [a.is_noised for a in noised] == [a.preference is not a.clean_preference for a in noised]


def test_evaluation_leaves_the_noise_out() -> None:
    noisy = annotator(LabelFlip(flip_prob=0.5)).annotate(COMPARISONS, (), 1, with_noise=False, calls=NO_CALLS)
    assert noisy == annotator().annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS)


def test_equal_outputs_tie_and_all_judges_take_part() -> None:
    same = [replace(c, output_2=c.output_1) for c in COMPARISONS]
    annotations = annotator(rule="constant").annotate(same, (), 1, with_noise=True, calls=NO_CALLS)
    assert {a.preference for a in annotations} == {Preference.TIE}
    assert {a.judge for a in annotations} == {"constant 0", "constant 1", "constant 2"}
    assert (
        0.45
        < sum(a.first_shown == 1 for a in annotator().annotate(COMPARISONS, (), 1, with_noise=True, calls=NO_CALLS))
        / 4000
        < 0.55
    )


def test_flip_prob_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 0.5\], got 0.75"):
        LabelFlip(flip_prob=0.75)


def test_recorded_verdicts_are_replayed_and_the_missing_stay_missing() -> None:
    recorded = annotator().annotate(COMPARISONS[:2], (), 1, with_noise=True, calls=NO_CALLS)
    replay = RecordedAnnotator(name="recorded", arm="recorded")
    annotations = replay.annotate([COMPARISONS[1], COMPARISONS[2]], recorded, 9, with_noise=True, calls=NO_CALLS)
    assert annotations[0] == recorded[1]
    assert annotations[1].preference is None
    assert annotations[1].unparsed_reason == "no recorded verdict for this comparison"
