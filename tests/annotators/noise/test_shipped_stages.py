"""Every stage of conf/noise changes labels as its comment says, and each choice makes labels of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from farm.annotators.annotator import Annotator, ShownOrders
from farm.annotators.noise import biases, crowd, lapses, margin, noise, workers
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.calls.request import NO_CALLS, Calls
from farm.config.compose import compose_one, expand
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import ConfigError, build
from farm.judges.judge import Judge
from farm.options.run import NoiseChoice, plan
from farm.records import Annotation, Comparison, Preference
from farm.store.keys import describe

CHOICES = sorted({path.stem for path in (CONF_DIR / "noise").glob("*.yaml")} - {"own", "none"})
LIST, PROSE = "- a duck\n- an otter", "a duck and an otter"
# Output 1 is e times as long as output 2 (271 against 99 characters: (1 + 271) / (1 + 99) = 2.72).
LONG_AND_SHORT = [Comparison(instruction=f"q{i}", output_1="x" * 271, output_2="y" * 99) for i in range(4000)]
WITH_AND_WITHOUT_LIST = [Comparison(instruction=f"q{i}", output_1=LIST, output_2=PROSE) for i in range(4000)]


@dataclass(frozen=True, kw_only=True)
class Steady:
    """Says the same of every pair."""

    name: str = "steady"
    arm: str = "steady"
    preference: Preference | None = Preference.SECOND
    p_first: float | None = None

    def judges(self) -> Sequence[Judge]:
        return ()

    def each_judge(self) -> Sequence[Annotator]:
        return ()

    def shown_orders(self, *, with_noise: bool) -> ShownOrders:  # noqa: ARG002
        return "random"

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],  # noqa: ARG002
        seed: int,
        *,
        with_noise: bool,  # noqa: ARG002
        first_shown: int | None = None,
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Annotation]:
        return [
            Annotation(
                comparison_key=comparison.key,
                annotator=self.name,
                judge=self.name,
                first_shown=first_shown or 1,
                seed=seed,
                clean_preference=self.preference,
                preference=self.preference,
                is_noised=False,
                p_first=self.p_first,
            )
            for comparison in comparisons
        ]


@cache
def stages(*line: str) -> Mapping[str, Noise]:
    """What a command line chooses."""
    choice = compose_one("config", list(line), lambda config: build(NoiseChoice, {"noise": config.get("noise")}))
    assert choice.noise is not None
    return choice.noise


def labels(
    choice: str,
    comparisons: Sequence[Comparison] = LONG_AND_SHORT,
    *,
    clean: Preference = Preference.SECOND,
    p_first: float | None = None,
) -> list[Annotation]:
    """What stands on record if the judges always say `clean`."""
    annotator = replace_noise(Steady(preference=clean, p_first=p_first), stages(f"noise={choice}"))
    return annotator.annotate(comparisons, (), 0, with_noise=True, calls=NO_CALLS)


def share(annotations: Sequence[Annotation], preference: Preference | None) -> float:
    return sum(annotation.preference == preference for annotation in annotations) / len(annotations)


def test_every_stage_has_a_choice() -> None:
    targets = {type(stage).key_name for choice in CHOICES for stage in stages(f"noise={choice}").values()}
    modules = (biases, crowd, lapses, margin, noise, workers)
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    assert targets == {value.__name__ for value in classes if "apply" in vars(value)} - {"Noise"}
    assert len(CHOICES) == len(targets)


def test_none_leaves_the_clean_verdicts() -> None:
    assert share(labels("none"), Preference.SECOND) == 1.0


# Four standard errors of 4,000 labels are 4 x sqrt(.25 x .75 / 4000) = .027 and less.
@pytest.mark.parametrize("choice", ["label_flip", "workers", "margin"])
def test_a_quarter_of_the_labels_is_turned_round(choice: str) -> None:
    assert share(labels(choice), Preference.FIRST) == pytest.approx(0.25, abs=0.03)


def test_a_margin_draws_with_the_probability_of_the_judge() -> None:
    assert share(labels("margin", p_first=0.4), Preference.FIRST) == pytest.approx(0.4, abs=0.03)


def test_workers_differ() -> None:
    by_worker = {
        worker: [a for a in labels("workers") if a.worker == worker] for worker in {a.worker for a in labels("workers")}
    }
    rates = [share(of_worker, Preference.FIRST) for of_worker in by_worker.values()]
    assert len(rates) == 16 and max(rates) - min(rates) > 0.15


# Log odds of 1: the bias alone decides with probability tanh(1 / 2) = .462, against a judge that never errs.
@pytest.mark.parametrize(
    ("choice", "comparisons"), [("length_bias", LONG_AND_SHORT), ("list_bias", WITH_AND_WITHOUT_LIST)]
)
def test_a_bias_turns_verdicts_to_what_it_favours_and_only_there(choice: str, comparisons: list[Comparison]) -> None:
    assert share(labels(choice, comparisons), Preference.FIRST) == pytest.approx(0.462, abs=0.03)
    assert share(labels(choice, comparisons, clean=Preference.FIRST), Preference.FIRST) == 1.0


def test_a_position_bias_goes_by_what_is_shown_first() -> None:
    annotations = labels("position_bias")
    for first_shown, expected in ((1, 0.462), (2, 0.0)):
        shown = [a for a in annotations if a.first_shown == first_shown]
        assert share(shown, Preference.FIRST) == pytest.approx(expected, abs=0.04)


def test_lapses_are_coins() -> None:
    assert share(labels("lapses"), Preference.FIRST) == pytest.approx(0.1 / 2, abs=0.015)


def test_abstentions_are_missing_with_their_reason() -> None:
    annotations = labels("abstentions")
    assert share(annotations, None) == pytest.approx(0.1, abs=0.02)
    assert all(a.unparsed_reason.startswith("abstained") for a in annotations if a.preference is None)


def test_ties_are_where_the_judge_is_unsure_or_anywhere() -> None:
    assert share(labels("near_ties", p_first=0.45), Preference.TIE) == 1.0
    assert share(labels("near_ties", p_first=0.35), Preference.TIE) == 0.0
    assert share(labels("random_ties", p_first=0.0), Preference.TIE) == pytest.approx(0.1, abs=0.02)


def test_a_crowd_errs_and_leans_to_the_longer_output() -> None:
    annotations = labels("crowd", clean=Preference.TIE)
    assert {a.preference for a in annotations} == {Preference.FIRST, Preference.SECOND}
    assert share(annotations, Preference.FIRST) > 0.55
    assert len({a.worker for a in annotations}) == 16


def test_parameters_are_settings_and_stages_chain_in_order() -> None:
    chain = stages("noise=[length_bias,label_flip]", "noise.label_flip.flip_prob=0.1")
    assert [(name, describe(stage)) for name, stage in chain.items()] == [
        ("length_bias", {"type": "farm:LengthBias", "log_odds": 1.0}),
        ("label_flip", {"type": "farm:LabelFlip", "flip_prob": 0.1}),
    ]


def test_a_sweep_makes_annotators_of_other_names_and_keys_on_the_same_samples() -> None:
    line = ["annotator=pool", "noise=own,none,label_flip,margin,workers,[length_bias,label_flip]"]
    annotators = [planned.chain.annotator for planned in expand("config", line, plan, is_multirun=True)]
    assert [annotator.name for annotator in annotators] == [
        "pool", "pool+none", "pool+label_flip", "pool+margin", "pool+workers", "pool+length_bias+label_flip"
    ]  # fmt: skip
    assert {annotator.arm for annotator in annotators} == {"pool"}
    assert len({json.dumps(describe(annotator)) for annotator in annotators}) == 6


def test_a_wrong_choice_is_named() -> None:
    with pytest.raises(ConfigError, match="noise: no choice 'lenght_bias'; did you mean `length_bias`"):
        expand("config", ["noise=[lenght_bias,label_flip]"], plan, is_multirun=False)
