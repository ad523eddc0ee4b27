from dataclasses import replace
from pathlib import Path

import pytest

from farm.analysis.judges.asking import Asking, ask, attack, baseline_annotator, each_judge, n_verdicts
from farm.analysis.judges.attacks import ConstantAnswer, PaddedOutput, RepeatedList
from farm.analysis.judges.figures import judge_figures
from farm.analysis.judges.labelled_set import LabelledSet, read_labelled
from farm.analysis.judges.result import JudgeFigures
from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.noise import LabelFlip
from farm.annotators.presentation import ONCE
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
PROBES = {
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


def asking(*, n_repetitions: int = 1, with_noise: bool = True) -> Asking:
    return Asking(0, n_repetitions, with_noise, NO_CALLS, lambda _: None)


def figures(items: LabelledSet, annotator: SimulatedAnnotator, how: Asking) -> JudgeFigures:
    return judge_figures(
        items, ask(items, annotator, how, "asked"), resampling=Resampling(seed=0, n_resamples=20)
    ).figures


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
    attacks = attack(items, range(N), noisy, PROBES, asking(), resampling=Resampling(seed=0, n_resamples=20))
    assert {name: found.value for name, found in attacks.items()} == {"padding": 1, "list": 1, "nothing": 0}
    assert attacks["padding"].n_total == 2 * N


def test_attacks_on_judges_that_read_nothing(items: LabelledSet) -> None:
    values = {
        rule: [
            a.value
            for a in attack(
                items,
                range(N),
                baseline_annotator(rule),
                PROBES,
                asking(),
                resampling=Resampling(seed=0, n_resamples=9),
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
    assert sum(advanced) == n_verdicts(both, N, 0, 1) == 3 * N


def test_every_judge_of_a_panel_stands_for_itself(items: LabelledSet) -> None:
    rules: tuple[BaselineRule, ...] = ("longest", "shortest")
    panel = FixedPanel(judges=tuple(BaselineJudge(name=rule, rule=rule) for rule in rules))
    pool = SimulatedAnnotator(name="pool", arm="pool", panel=panel, noise=(LabelFlip(flip_prob=0.5),))
    alone = each_judge(pool)
    assert [annotator.name for annotator in alone] == ["pool/longest", "pool/shortest"]
    values = [figures(items, a, asking()).agreement.value for a in alone if isinstance(a, SimulatedAnnotator)]
    assert values == [1, 0]


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
    with pytest.raises(UserError, match="pool judges answers of the pocket world only"):
        ask(items, pool, asking(), "asked")


def test_attacks_are_made_of_the_better_output(items: LabelledSet) -> None:
    comparison = items.comparisons[1]
    for probe in PROBES.values():
        assert probe.attacked(comparison, Preference.FIRST).output_1 == comparison.output_1
        assert probe.attacked(comparison, Preference.SECOND).output_1 == comparison.output_2
    listed = PROBES["list"].attacked(replace(comparison, output_1="- one\n- two."), Preference.FIRST)
    assert listed.output_2 == "1. one\n2. two.\n3. one\n4. two."
    with pytest.raises(ValueError, match="expected at least 2"):
        RepeatedList(times=1)
