"""Laws of every noise stage, and what each does in numbers worked out by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from farm.annotators.noise.biases import LengthBias, ListBias, PositionBias
from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.lapses import Abstentions, Lapses
from farm.annotators.noise.margin import MarginNoise, NearTies, RandomTies
from farm.annotators.noise.noise import Label, LabelFlip, Noise, add_noise
from farm.annotators.noise.workers import WorkerFlips
from farm.errors import UserError
from farm.records import Comparison, Preference

N = 4000
# Four standard errors of a share of 4,000 draws at one half: 4 * sqrt(.25 / 4000).
CLOSE = 0.032
CROWD = CrowdNoise(
    n_workers=5, reliability_spread=0.4, temperature=0.8, verdict_log_odds=1.0, p_limit=0.99, opinion_sd=0.7,
    length_bias=0.5, list_bias=0.3, position_bias=0.2, tie_weight=0.5, lapse_rate=0.05, seed=3,
)  # fmt: skip
STAGES: list[Noise] = [
    LabelFlip(flip_prob=0.3),
    MarginNoise(temperature=1.5, p_limit=0.9),
    NearTies(half_width=0.1),
    RandomTies(tie_prob=0.2),
    LengthBias(log_odds=1.0),
    ListBias(log_odds=-1.0),
    PositionBias(log_odds=0.8),
    Lapses(lapse_prob=0.3, tie_share=0.2),
    Abstentions(abstain_prob=0.2),
    WorkerFlips(n_workers=4, mean_flip_prob=0.2, concentration=3.0, seed=1),
    CROWD,
]
NOTHING: list[Noise] = [
    LabelFlip(flip_prob=0.0),
    MarginNoise(temperature=1.0, p_limit=1.0),
    NearTies(half_width=0.0),
    RandomTies(tie_prob=0.0),
    LengthBias(log_odds=0.0),
    ListBias(log_odds=0.0),
    PositionBias(log_odds=0.0),
    Lapses(lapse_prob=0.0, tie_share=0.5),
    Abstentions(abstain_prob=0.0),
]


def named(stage: object) -> str:
    return type(stage).__name__


def labels(*, p_first: float | None = None, preference: Preference | None = None, first_shown: int = 1) -> list[Label]:
    """Outputs of different length, in either order of the alphabet, some with a list."""
    made = []
    for i in range(N):
        one, two = f"{'ab'[i % 2]} {i}" + "x" * (i % 7) + "\n- x\n- y" * (i % 3 == 0), f"ab {i}" + "y" * (i % 5)
        hard = preference or (Preference.FIRST if i % 4 < 2 else Preference.SECOND)
        comparison = Comparison(instruction=f"question {i}", output_1=one, output_2=two)
        made.append(Label(comparison, hard, p_first, first_shown, "pool", "judge"))
    return made


def swapped(label: Label) -> Label:
    c = label.comparison
    return label._replace(
        comparison=replace(c, output_1=c.output_2, output_2=c.output_1),
        preference=label.preference.swapped if label.preference else None,
        p_first=None if label.p_first is None else 1.0 - label.p_first,
        first_shown=(0, 2, 1)[label.first_shown],
    )


def with_outputs(label: Label, output_1: str, output_2: str) -> Label:
    return label._replace(comparison=replace(label.comparison, output_1=output_1, output_2=output_2))


def share(noised: Sequence[Label], preference: Preference | None) -> float:
    return sum(label.preference is preference for label in noised) / len(noised)


@pytest.mark.parametrize("stage", STAGES, ids=named)
@pytest.mark.parametrize("p_first", [None, 0.625])
@pytest.mark.parametrize("first_shown", [0, 1])
def test_swapping_the_outputs_swaps_the_result(stage: Noise, p_first: float | None, first_shown: int) -> None:
    for label in labels(p_first=p_first, first_shown=first_shown)[:1000]:
        there, back = stage.apply(label, 7), stage.apply(swapped(label), 7)
        assert back.preference is (there.preference.swapped if there.preference else None)
        assert (back.worker, back.reason) == (there.worker, there.reason)


@pytest.mark.parametrize("stage", NOTHING, ids=named)
def test_no_noise_changes_nothing(stage: Noise) -> None:
    assert all(stage.apply(label, 7) == label for label in labels())


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_missing_verdicts_stay_missing_and_identical_outputs_stay_a_tie(stage: Noise) -> None:
    label = labels()[0]
    missing = label._replace(preference=None)
    assert stage.apply(missing, 7) == missing
    same = label._replace(comparison=replace(label.comparison, output_2=label.comparison.output_1))
    for seed in range(30):
        noised = stage.apply(same._replace(preference=Preference.TIE), seed)
        assert noised.preference in (Preference.TIE, None)
        assert (noised.preference is None) == noised.reason.startswith("abstained")


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_draws_depend_on_seed_annotator_and_pair_but_not_on_the_instruction_alone(stage: Noise) -> None:
    made = labels(p_first=0.55)

    def noised(given: Sequence[Label], seed: int) -> list[object]:
        return [(new.preference, new.worker) for new in (stage.apply(label, seed) for label in given)]

    first = noised(made, 1)
    assert noised(made, 1) == first
    if not isinstance(stage, NearTies):
        assert noised(made, 2) != first
        assert noised([label._replace(annotator="other") for label in made], 1) != first
    # Pairs of one instruction do not share a draw.
    one = [
        label._replace(comparison=replace(label.comparison, instruction="the same")) for label in labels(p_first=0.55)
    ]
    if isinstance(stage, LabelFlip):
        assert 0.3 - CLOSE < sum(a.preference is not stage.apply(a, 1).preference for a in one) / N < 0.3 + CLOSE


@pytest.mark.parametrize(("flip_prob", "agreement"), [(0.25, 0.75), (0.5, 0.5)])
def test_flips_lower_the_agreement_to_one_half(flip_prob: float, agreement: float) -> None:
    made = labels()
    kept = [LabelFlip(flip_prob=flip_prob).apply(label, 1).preference is label.preference for label in made]
    assert sum(kept) / N == pytest.approx(agreement, abs=CLOSE)


def test_margin_noise_is_bradley_terry() -> None:
    # logit(.9) = ln 9; at temperature 2 the odds are 3 to 1.
    soft = [MarginNoise(temperature=2.0, p_limit=1.0).apply(label, 1) for label in labels(p_first=0.9)]
    assert share(soft, Preference.FIRST) == pytest.approx(0.75, abs=CLOSE)
    sure = [MarginNoise(temperature=1e-6, p_limit=0.99).apply(label, 1) for label in labels(p_first=0.4)]
    assert share(sure, Preference.SECOND) == 1.0
    # Without p_first, a verdict counts as p_limit: .8 at temperature 1.
    hard = [MarginNoise(temperature=1.0, p_limit=0.8).apply(label, 1) for label in labels(preference=Preference.SECOND)]
    assert share(hard, Preference.SECOND) == pytest.approx(0.8, abs=CLOSE)


def test_ties_and_abstentions_come_at_their_rates() -> None:
    ties = [RandomTies(tie_prob=0.3).apply(label, 1) for label in labels()]
    assert share(ties, Preference.TIE) == pytest.approx(0.3, abs=CLOSE)
    assert share([NearTies(half_width=0.1).apply(a, 1) for a in labels(p_first=0.59)], Preference.TIE) == 1.0
    assert share([NearTies(half_width=0.1).apply(a, 1) for a in labels(p_first=0.61)], Preference.TIE) == 0.0
    gone = [Abstentions(abstain_prob=0.3).apply(label, 1) for label in labels()]
    assert share(gone, None) == pytest.approx(0.3, abs=CLOSE)
    assert {label.reason for label in gone if label.preference is None} == {"abstained (simulated, probability 0.3)"}


def test_lapses_are_answered_by_chance() -> None:
    lapsed = [Lapses(lapse_prob=1.0, tie_share=0.2).apply(a, 1) for a in labels(preference=Preference.FIRST)]
    for preference, expected in ((Preference.TIE, 0.2), (Preference.FIRST, 0.4), (Preference.SECOND, 0.4)):
        assert share(lapsed, preference) == pytest.approx(expected, abs=CLOSE)


def test_a_bias_has_its_log_odds_among_verdicts_that_say_nothing() -> None:
    coin = Lapses(lapse_prob=1.0, tie_share=0.0)
    for first_shown, expected in ((1, 0.75), (2, 0.25), (0, 0.5)):
        made = [add_noise(a, [coin, PositionBias(log_odds=math.log(3))], 5) for a in labels(first_shown=first_shown)]
        assert share(made, Preference.FIRST) == pytest.approx(expected, abs=CLOSE)
    longer = [with_outputs(label, "x" * 39, "y" * 19) for label in labels()]  # a log ratio of ln 2, so odds of 2^2
    made = [add_noise(label, [coin, LengthBias(log_odds=2.0)], 5) for label in longer]
    assert share(made, Preference.FIRST) == pytest.approx(0.8, abs=CLOSE)
    lists = [with_outputs(label, "xy", "- x\n- y") for label in labels()]
    made = [add_noise(label, [coin, ListBias(log_odds=math.log(4))], 5) for label in lists]
    assert share(made, Preference.SECOND) == pytest.approx(0.8, abs=CLOSE)


def test_workers_differ_and_are_the_same_in_every_run() -> None:
    stage = WorkerFlips(n_workers=8, mean_flip_prob=0.2, concentration=2.0, seed=4)
    flips: dict[str, list[bool]] = {}
    for label in labels():
        noised = stage.apply(label, 9)
        flips.setdefault(noised.worker, []).append(noised.preference is not label.preference)
    assert sorted(flips) == [f"worker-{k:02d}" for k in range(1, 9)]
    for worker, probability in enumerate(stage.flip_probs, start=1):
        own = flips[f"worker-{worker:02d}"]
        assert sum(own) / len(own) == pytest.approx(probability, abs=4 * math.sqrt(0.25 / len(own)))
    many = WorkerFlips(n_workers=4000, mean_flip_prob=0.2, concentration=2.0, seed=4).flip_probs
    assert sum(many) / N == pytest.approx(0.2, abs=0.01)
    # Half a Beta(.8, 1.2): variance .4 * .6 / 3 / 4 = .02.
    assert sum((p - 0.2) ** 2 for p in many) / N == pytest.approx(0.02, rel=0.1)
    assert WorkerFlips(n_workers=2, mean_flip_prob=0.5, concentration=1.0, seed=0).flip_probs == (0.5, 0.5)


def test_two_stages_do_not_both_draw_a_worker() -> None:
    stage = WorkerFlips(n_workers=2, mean_flip_prob=0.2, concentration=1.0, seed=0)
    with pytest.raises(UserError, match="two stages draw a worker"):
        add_noise(labels()[0], [stage, CROWD], 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MarginNoise(temperature=0.0, p_limit=0.9), "temperature: expected a number above 0, got 0"),
        (lambda: NearTies(half_width=0.6), r"half_width: expected a number in \[0, 0.5\], got 0.6"),
        (lambda: LengthBias(log_odds=math.nan), "log_odds: expected a finite number"),
        (lambda: WorkerFlips(n_workers=0, mean_flip_prob=0.1, concentration=1.0, seed=0), "n_workers: expected"),
        (lambda: replace(CROWD, p_limit=1.0), "p_limit: expected a number in"),
        (lambda: replace(CROWD, tie_weight=-1.0), "tie_weight: expected a number in"),
        (lambda: replace(CROWD, temperature=None, verdict_log_odds=None), "expected a temperature"),
    ],
)
def test_settings_out_of_range_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
