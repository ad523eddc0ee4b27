import json
from dataclasses import replace
from pathlib import Path

import pytest

from farm.analysis.judges.asking import AskingSettings, ask, attack, baseline_annotator, n_verdicts
from farm.analysis.judges.attacks import ConstantAnswer, PaddedOutput, RepeatedList
from farm.analysis.judges.figures import judge_figures
from farm.analysis.judges.labelled_set import LabelledSet, ReadSet, read_labelled
from farm.analysis.judges.measure import MeasureSettings, measure
from farm.analysis.judges.result import JudgeFigures
from farm.annotators.annotator import Annotator, SimulatedAnnotator
from farm.annotators.noise.biases import PositionBias
from farm.annotators.noise.noise import LabelFlip
from farm.annotators.noised import NoisedAnnotator
from farm.annotators.presentation import ONCE
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge, BaselineRule
from farm.judges.judge import FixedPanel
from farm.labels.annotation_row import annotation_frame
from farm.pocket.preferences.rubric import RubricPool
from farm.records import Preference
from farm.stats.bootstrap import Resampling
from tests.analysis.judges.judge_tables import row

N = 40
RESAMPLING = Resampling(seed=0, n_resamples=20)
ATTACKS = {
    "padding": PaddedOutput(text="as said above"),
    "list": RepeatedList(times=2),
    "nothing": ConstantAnswer(text="ok"),
}


@pytest.fixture
def items(tmp_path: Path) -> LabelledSet:
    """People prefer the longer output, which is output_1 in three of four items."""
    rows = [
        row(
            str(k),
            "human",
            1 if k % 4 else 2,
            outputs=("a much longer answer. Two sentences.", "b")[:: 1 if k % 4 else -1],
        )
        for k in range(N)
    ]
    annotation_frame(rows).to_parquet(tmp_path / "t.parquet")
    return read_labelled(tmp_path / "t.parquet", None, same_judge="", max_items=None).items


def asking(*, n_repetitions: int = 1, with_noise: bool = True) -> AskingSettings:
    return AskingSettings(0, n_repetitions, with_noise, NO_CALLS, lambda _: None, {})


def figures(items: LabelledSet, annotator: Annotator, how: AskingSettings) -> JudgeFigures:
    return judge_figures(items, ask(items, annotator, how, "asked"), resampling=RESAMPLING).figures


@pytest.mark.parametrize(
    ("rule", "agreement", "conflict", "first", "longer"),
    [
        ("longest", 1, 0, 0.5, 1),
        ("shortest", 0, 0, 0.5, 0),
        ("first_shown", 0.5, 1, 1, 0.5),
        ("constant", 0.75, 0, 0.5, 0.75),
    ],
)
def test_baselines_are_what_they_are(
    items: LabelledSet, rule: BaselineRule, agreement: float, conflict: float, first: float, longer: float
) -> None:
    found = figures(items, baseline_annotator(rule), asking())
    values = (found.agreement, found.conflict, found.prefers_first_shown, found.prefers_longer)
    assert [v.value for v in values] == [agreement, conflict, first, longer]
    assert found.agreement.n_total == 2 * N


def test_a_coin_varies_between_repetitions_but_not_with_the_order(items: LabelledSet) -> None:
    found = figures(items, baseline_annotator("random"), asking(n_repetitions=3))
    assert found.conflict.value == 0
    # One of six verdicts against the other five, of which one is its twin in the other order.
    assert found.variance_expected.value is not None and 0.15 < found.variance_expected.value < 0.6
    assert figures(items, baseline_annotator("longest"), asking(n_repetitions=3)).variance_expected.value == 0


def test_noise_is_in_the_labels_and_not_in_the_attacks(items: LabelledSet) -> None:
    noisy = replace(baseline_annotator("longest"), noise=(LabelFlip(flip_prob=0.5),))
    agreement = figures(items, noisy, asking()).agreement.value
    assert agreement is not None and 0.2 < agreement < 0.8
    assert figures(items, noisy, asking(with_noise=False)).agreement.value == 1
    attacks = attack(items, range(N), noisy, ATTACKS, asking(), resampling=RESAMPLING)
    assert {name: found.value for name, found in attacks.items()} == {"padding": 1, "list": 1, "nothing": 0}
    assert attacks["padding"].n_total == 2 * N


def test_attacks_on_judges_that_read_nothing(items: LabelledSet) -> None:
    values = {
        rule: [
            a.value
            for a in attack(
                items, range(N), baseline_annotator(rule), ATTACKS, asking(), resampling=RESAMPLING
            ).values()
        ]
        for rule in ("shortest", "first_shown", "constant")
    }
    assert values == {"shortest": [0, 0, 1], "first_shown": [0.5] * 3, "constant": [0] * 3}


def test_an_annotator_that_shows_both_orders_is_asked_as_it_is(items: LabelledSet) -> None:
    both = replace(baseline_annotator("first_shown"), presentation=replace(ONCE, orders="both"))
    found = figures(items, both, asking())
    # The two orders contradict each other, so its own label is a tie; the order figures show what its judge does.
    assert (found.ties.value, found.agreement.value, found.conflict.value) == (1, 0, 1)
    assert found.prefers_first_shown.value == 1
    advanced: list[int] = []
    ask(items, both, asking()._replace(advance=advanced.append), "asked")
    assert sum(advanced) == n_verdicts(both, N, 0, 1, with_noise=True) == 3 * N


def test_every_judge_of_a_panel_stands_for_itself(items: LabelledSet) -> None:
    rules: tuple[BaselineRule, ...] = ("longest", "shortest")
    panel = FixedPanel(judges=tuple(BaselineJudge(name=rule, rule=rule) for rule in rules))
    pool = SimulatedAnnotator(name="pool", arm="pool", panel=panel, noise=(LabelFlip(flip_prob=0.5),))
    noised = NoisedAnnotator(name="crowd", arm="crowd", clean=pool, noise=(LabelFlip(flip_prob=0.5),))
    for annotator in (pool, noised):
        judges = annotator.each_judge()
        assert [judge.name for judge in judges] == ["pool/longest", "pool/shortest"]
        assert [figures(items, judge, asking()).agreement.value for judge in judges] == [1, 0]


def recorded(path: Path, items: LabelledSet) -> RecordedAnnotator:
    """A file in which a judge prefers the longer output of every item."""
    rows = [
        {"instruction": c.instruction, "output_1": c.output_1, "output_2": c.output_2, "annotator": "judge",
         "preference": 1 if len(c.output_1) > len(c.output_2) else 2}
        for c in items.comparisons
    ]  # fmt: skip
    (path / "verdicts.json").write_text(json.dumps(rows))
    return RecordedAnnotator(name="replay", arm="replay", file=path / "verdicts.json")


def test_noise_on_recorded_verdicts_shows_what_the_order_does(tmp_path: Path, items: LabelledSet) -> None:
    """What `farm calibrate` writes for a table of verdicts: workers who follow the output shown first."""
    replay = recorded(tmp_path, items)
    crowd = NoisedAnnotator(name="crowd", arm="crowd", clean=replay, noise=(PositionBias(log_odds=50.0),))
    found = figures(items, crowd, asking(n_repetitions=2))
    assert (found.prefers_first_shown.value, found.conflict.value, found.consistency.value) == (1, 1, 0)
    assert found.agreement.n_total == 4 * N == n_verdicts(crowd, N, 3, 2, with_noise=True)
    # Without the noise nobody can be asked in another order: the record is what there is.
    clean = figures(items, crowd, asking(with_noise=False))
    assert (clean.agreement.value, clean.agreement.n_total) == (1, N)
    assert clean.conflict.value is None and clean.conflict.reason
    assert n_verdicts(crowd, N, 3, 2, with_noise=False) == N


def test_noise_of_a_simulated_annotator_is_in_the_asked_order(items: LabelledSet) -> None:
    biased = replace(baseline_annotator("longest"), noise=(PositionBias(log_odds=50.0),))
    found = figures(items, biased, asking())
    assert (found.prefers_first_shown.value, found.conflict.value) == (1, 1)


def test_recorded_verdicts_cannot_be_attacked_and_that_is_said(tmp_path: Path, items: LabelledSet) -> None:
    replay = recorded(tmp_path, items)
    for clean, expected in ((replay, None), (baseline_annotator("longest"), 1.0)):
        crowd = NoisedAnnotator(name="crowd", arm="crowd", clean=clean, noise=(LabelFlip(flip_prob=0.5),))
        padding = attack(items, range(N), crowd, ATTACKS, asking(), resampling=RESAMPLING)["padding"]
        assert padding.value == expected
        if expected is None:
            assert padding.reason == "attacks need a judge that can be asked; crowd replays recorded verdicts"
            assert padding.n_unparsed == 2 * N
    settings = MeasureSettings(
        annotators=(replay, baseline_annotator("longest")),
        baselines=(),
        attacks=ATTACKS,
        n_attacked=3,
        n_repetitions=1,
        seed=0,
        resampling=RESAMPLING,
    )
    report = measure(ReadSet(items, []), settings, source="t", calls=NO_CALLS, advance=lambda _: None)
    assert report.notes[-1] == (
        "attacks need a judge that can be asked; the recorded verdicts of 1 judge were not attacked (replay)"
    )
    assert [judge.attacks["padding"].value for judge in report.judges] == [None, 1]


def test_a_judge_of_the_pocket_world_says_what_it_cannot_judge(items: LabelledSet) -> None:
    panel = RubricPool(
        n_judges=1,
        weight_sd=0,
        drop_probability=0,
        length_bias=0,
        length_bias_sd=0,
        temperature=1,
        position_sd=0,
        seed=0,
    )
    pool = SimulatedAnnotator(name="pool", arm="pool", panel=panel, noise=())
    with pytest.raises(UserError, match="pool cannot judge these items: not an instruction of the pocket world"):
        ask(items, pool, asking(), "asked")


def test_attacks_are_made_of_the_better_output(items: LabelledSet) -> None:
    comparison = items.comparisons[1]
    for attacking in ATTACKS.values():
        assert attacking.attacked(comparison, Preference.FIRST).output_1 == comparison.output_1
        assert attacking.attacked(comparison, Preference.SECOND).output_1 == comparison.output_2
    listed = ATTACKS["list"].attacked(replace(comparison, output_1="- one\n- two."), Preference.FIRST)
    assert listed.output_2 == "1. one\n2. two.\n3. one\n4. two."
    with pytest.raises(ValueError, match="expected at least 2"):
        RepeatedList(times=1)
