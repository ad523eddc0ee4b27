"""Noise on recorded verdicts is the noise the annotator itself would have put on them, without asking anybody."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.lapses import Abstentions
from farm.annotators.noise.noise import LabelFlip, Noise, renoise
from farm.annotators.noise.workers import WorkerFlips
from farm.annotators.noised import NoisedAnnotator, replace_noise
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS, Calls
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.records import Comparison, Preference, Verdict

COMPARISONS = [
    Comparison(instruction=f"question {i}", output_1="x" * (1 + i % 7), output_2="y" * (1 + i % 5)) for i in range(500)
]
NOISE: tuple[Noise, ...] = (
    WorkerFlips(n_workers=3, mean_flip_prob=0.2, concentration=2.0, seed=0),
    LabelFlip(flip_prob=0.2),
    Abstentions(abstain_prob=0.1),
)


@dataclass(frozen=True, kw_only=True)
class CountingJudge:
    """The longest-output rule, counting how often it is asked."""

    name: str = "longest"
    asked: list[int] = field(default_factory=list)

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Verdict]:
        self.asked.append(len(comparisons))
        return BaselineJudge(name=self.name, rule="longest").verdicts(
            comparisons, first_shown, seed, sample=sample, calls=NO_CALLS
        )


def pool(judge: CountingJudge, *noise: Noise, name: str = "pool") -> SimulatedAnnotator:
    return SimulatedAnnotator(name=name, arm=name, panel=FixedPanel(judges=(judge,)), noise=noise)


def test_renoise_is_what_the_annotator_would_have_recorded_and_asks_nobody() -> None:
    judge = CountingJudge()
    clean = pool(judge).annotate(COMPARISONS, (), 3, with_noise=True, calls=NO_CALLS)
    noisy = pool(judge, *NOISE).annotate(COMPARISONS, (), 3, with_noise=True, calls=NO_CALLS)
    n_asked = len(judge.asked)
    assert renoise(clean, COMPARISONS, NOISE, "pool", 3) == noisy
    assert renoise(noisy, COMPARISONS, NOISE, "pool", 3) == noisy  # the noise on record is forgotten
    assert renoise(noisy, COMPARISONS, (), "pool", 3) == clean
    assert len(judge.asked) == n_asked
    gone = [annotation for annotation in noisy if annotation.preference is None]
    assert gone and all(annotation.unparsed_reason.startswith("abstained") for annotation in gone)
    assert all(annotation.is_noised for annotation in gone)


def test_a_missing_verdict_keeps_its_own_reason() -> None:
    (clean,) = pool(CountingJudge()).annotate(COMPARISONS[:1], (), 3, with_noise=False, calls=NO_CALLS)
    missing = replace(clean, clean_preference=None, preference=None, unparsed_reason="refused")
    assert renoise([missing], COMPARISONS[:1], NOISE, "pool", 3)[0].unparsed_reason == "refused"


def test_rows_that_do_not_belong_together_are_refused() -> None:
    clean = pool(CountingJudge()).annotate(COMPARISONS[:2], (), 3, with_noise=False, calls=NO_CALLS)
    with pytest.raises(UserError, match="give both in the same order"):
        renoise(clean, COMPARISONS[1::-1], NOISE, "pool", 3)


def test_noise_sits_on_any_annotator() -> None:
    noised = NoisedAnnotator(
        name="crowd", arm="crowd", clean=pool(CountingJudge(), LabelFlip(flip_prob=0.5)), noise=NOISE
    )
    found = noised.annotate(COMPARISONS, (), 3, with_noise=True, calls=NO_CALLS)
    assert {annotation.annotator for annotation in found} == {"crowd"}
    longer = pool(CountingJudge()).annotate(COMPARISONS, (), 3, with_noise=True, calls=NO_CALLS)
    assert [a.clean_preference for a in found] == [a.clean_preference for a in longer]
    assert 150 < sum(annotation.first_shown == 1 for annotation in found) < 350
    quiet = noised.annotate(COMPARISONS, (), 3, with_noise=False, calls=NO_CALLS)
    assert [a.preference for a in quiet] == [a.preference for a in longer]
    assert not any(a.is_noised or a.worker for a in quiet)


@pytest.mark.parametrize("is_swapped", [False, True])
def test_recorded_noise_is_replaced_and_soft_verdicts_are_kept(tmp_path: Path, is_swapped: bool) -> None:
    path = tmp_path / "verdicts.json"
    pair = {"output_1": "a", "output_2": "b", "annotator": "judge"}
    recorded = [
        {"instruction": "q", "preference": 1.5, "clean_preference": 1.25},
        {"instruction": "r", "preference": 2, "clean_preference": 1, "p_first": 0.8},
        {"instruction": "s", "preference": None, "clean_preference": 1.5},
    ]
    path.write_text(json.dumps([{**pair, **row} for row in recorded]))
    outputs = {"output_1": "b", "output_2": "a"} if is_swapped else {"output_1": "a", "output_2": "b"}
    replay = RecordedAnnotator(name="replay", arm="replay", file=path)
    noised = NoisedAnnotator(name="crowd", arm="crowd", clean=replay, noise=())
    found = noised.annotate(
        [Comparison(instruction=name, **outputs) for name in "qrs"], (), 0, with_noise=True, calls=NO_CALLS
    )
    first = Preference.SECOND if is_swapped else Preference.FIRST
    assert [label.preference for label in found] == [first, first, Preference.TIE]
    assert [label.p_first for label in found[:2]] == pytest.approx([0.25, 0.2] if is_swapped else [0.75, 0.8])
    assert not any(label.is_noised or label.unparsed_reason for label in found)


def test_other_noise_asks_the_same_of_the_judges_and_none_is_the_annotator_itself() -> None:
    judge = CountingJudge()
    annotator = pool(judge, *NOISE)
    assert replace_noise(annotator, None) is annotator
    clean = annotator.annotate(COMPARISONS, (), 3, with_noise=False, calls=NO_CALLS)
    for stages, name in (({}, "pool+none"), ({"flips": NOISE[1], "gaps": NOISE[2]}, "pool+flips+gaps")):
        noised = replace_noise(annotator, stages)
        labels = noised.annotate(COMPARISONS, (), 3, with_noise=True, calls=NO_CALLS)
        assert (noised.name, noised.arm, {label.annotator for label in labels}) == (name, "pool", {name})
        assert [label.clean_preference for label in labels] == [label.preference for label in clean]
        assert any(label.is_noised for label in labels) == bool(stages)
