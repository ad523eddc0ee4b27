"""Labels while a method trains: the annotator's own, within the budget, and never asked for twice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.noise import LabelFlip
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS, Calls, NoCalls
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.methods.preference.online_dpo import OnlineDPO
from farm.pipeline.chain import Chain
from farm.pipeline.label_budget import BudgetedLabels, LabelSource
from farm.pipeline.training import run_chain
from farm.records import Annotation, Comparison, Preference
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table
from tests.pipeline.test_training import TRAINING, chain, simulated
from tests.tiny import tiny_causal_lm

ANNOTATOR = SimulatedAnnotator(
    name="crowd",
    arm="crowd",
    panel=FixedPanel(judges=(BaselineJudge(name="longest", rule="longest"),)),
    noise=(LabelFlip(flip_prob=0.25),),
)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """An annotator that notes how many comparisons it was asked about."""

    name: str = "counting"
    arm: str = "crowd"
    asked: list[int] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)

    def annotate(
        self,
        comparisons: Sequence[Comparison],
        recorded: Sequence[Annotation],
        seed: int,
        *,
        with_noise: bool,
        calls: Calls = NO_CALLS,
    ) -> list[Annotation]:
        self.asked.append(len(comparisons))
        self.calls.append(calls)
        annotations = ANNOTATOR.annotate(comparisons, recorded, seed, with_noise=with_noise, calls=calls)
        return [replace(a, preference=None) if i == 0 else a for i, a in enumerate(annotations)]


def comparisons(start: int, n: int = 4) -> list[Comparison]:
    """The last two answers are alike."""
    return [
        Comparison(
            instruction=f"Name {i}.", output_1="a duck", output_2="a duck" if i == start + n - 1 else "ducks" * i
        )
        for i in range(start, start + n)
    ]


def test_verdicts_are_the_annotators_own_with_its_noise(tmp_path: Path) -> None:
    labels = BudgetedLabels(LabelSource(annotator=ANNOTATOR, budget=200), scratch_dir=tmp_path, seed=3, calls=NO_CALLS)
    asked = comparisons(0, 200)
    found = labels.label(asked, 0)
    finished = ANNOTATOR.annotate(asked, [], 3, with_noise=True, calls=NO_CALLS)
    clean = ANNOTATOR.annotate(asked, [], 3, with_noise=False, calls=NO_CALLS)
    assert found == [annotation.preference for annotation in finished]
    flipped = sum(f != c.preference for f, c in zip(found, clean, strict=True))
    assert 30 <= flipped <= 70  # a quarter of 200, give or take 3 standard deviations


def test_the_budget_holds_and_is_named(tmp_path: Path) -> None:
    annotator = Counting()
    labels = BudgetedLabels(LabelSource(annotator=annotator, budget=10), scratch_dir=tmp_path, seed=0, calls=NO_CALLS)
    assert labels.budget == 10
    labels.label(comparisons(0), 0)
    labels.label(comparisons(4), 1)
    with pytest.raises(UserError, match="4 labels are asked for, but 8 of the budget of 10 are used"):
        labels.label(comparisons(8), 2)
    labels.label(comparisons(8, 2), 2)
    assert annotator.asked == [4, 4, 2]


def test_an_annotator_that_knows_finished_pairs_only_is_refused(tmp_path: Path) -> None:
    source = LabelSource(annotator=RecordedAnnotator(name="recorded", arm="recorded"), budget=10)
    labels = BudgetedLabels(source, scratch_dir=tmp_path, seed=0, calls=NO_CALLS)
    with pytest.raises(
        UserError, match=r"recorded has no verdict on any of 4 .* no recorded verdict for this comparison"
    ):
        labels.label(comparisons(0), 0)


def test_live_judges_are_asked_through_the_run_s_calls(tmp_path: Path) -> None:
    calls, annotator = NoCalls(), Counting()
    source = LabelSource(annotator=annotator, budget=10)
    BudgetedLabels(source, scratch_dir=tmp_path, seed=0, calls=calls).label(comparisons(0), 0)
    assert annotator.calls == [calls]


def test_a_killed_run_asks_for_nothing_that_it_has(tmp_path: Path) -> None:
    annotator = Counting()
    source = LabelSource(annotator=annotator, budget=8)
    found = [
        BudgetedLabels(source, scratch_dir=tmp_path, seed=0, calls=NO_CALLS).label(comparisons(0), 0) for _ in range(3)
    ]
    assert found[0] == found[1] == found[2] and annotator.asked == [4]
    # What is drawn differently after the break takes the place of what was drawn before it, in the budget too.
    resumed = BudgetedLabels(source, scratch_dir=tmp_path, seed=0, calls=NO_CALLS)
    resumed.label(comparisons(20), 0)
    resumed.label(comparisons(4), 1)
    assert annotator.asked == [4, 4, 4]


def test_all_that_was_labelled_lies_in_the_artifact_and_is_counted(tmp_path: Path) -> None:
    labels = BudgetedLabels(LabelSource(annotator=Counting(), budget=10), scratch_dir=tmp_path, seed=7, calls=NO_CALLS)
    verdicts = labels.label(comparisons(4), 1) + labels.label(comparisons(0), 0)
    output_dir = tmp_path / "output"
    output_dir.mkdir()
    labels.write(output_dir)
    compared = read_table(output_dir / "comparisons.parquet", Comparison)
    annotations = read_table(output_dir / "annotations.parquet", Annotation)
    assert compared == comparisons(0) + comparisons(4)  # by request
    assert [a.comparison_key for a in annotations] == [c.key for c in compared]
    assert {(a.annotator, a.judge, a.seed) for a in annotations} == {("crowd", "longest", 7)}
    counts = json.loads((output_dir / "labels.json").read_text())
    assert counts["ties"] == verdicts.count(Preference.TIE) == 2
    assert counts["unparsed"] == verdicts.count(None) == 2
    assert counts["labels"] == 8 == counts["first"] + counts["second"] + counts["ties"] + counts["unparsed"]
    assert counts["budget"] == 10


ONLINE = OnlineDPO(
    name="online_dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, rollout_temperature=1.0,
    training=TRAINING, temperature=0.7,
)  # fmt: skip


def policy_of(root: Path, run: Chain) -> Artifact:
    """The policy artifact that the run's standings are of."""
    store = Store(root)
    run_chain(store, run, calls=NO_CALLS)
    return [report.artifact for report in store.reports if report.artifact.kind == "policy"][-1]


def test_a_chain_hands_in_its_annotator_and_budget_and_keys_the_policy_by_both(
    tmp_path: Path,
) -> None:
    checkpoint = tmp_path / "model"
    tiny_causal_lm(checkpoint)
    online = chain(checkpoint, ONLINE)
    policy = policy_of(tmp_path, online)
    assert not Store(tmp_path).readable("comparisons").artifacts  # nothing is labelled that the method does not ask for
    counts = json.loads(policy.file("labels.json").read_text())
    assert counts["budget"] == counts["labels"] == 24  # one for each preference instruction
    annotations = read_table(policy.file("annotations.parquet"), Annotation)
    assert {annotation.annotator for annotation in annotations} == {online.annotator.name}
    fewer = replace(online.comparisons, n_comparisons=17)
    others = [
        replace(online, annotator=simulated("flipped", "crowd", flip_prob=0.4)),
        replace(online, annotator=simulated("pool", "pool")),
        replace(online, comparisons=fewer),
    ]
    policies = [policy, *(policy_of(tmp_path, other) for other in others)]
    assert len({artifact.key for artifact in policies}) == 4
    assert json.loads(policies[3].file("labels.json").read_text())["labels"] == 16  # whole batches of 8
    first = [read_table(artifact.file("comparisons.parquet"), Comparison)[:8] for artifact in policies]
    assert first[0] == first[1] == first[3]  # annotators of one arm label the same samples
    assert first[0] != first[2]  # another arm draws its own
