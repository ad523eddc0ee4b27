"""The whole chain on a toy dataset and a two-layer model: provenance, reuse, arms, recovery."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.noise import LabelFlip
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS
from farm.data.dataset import Splits
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.methods.best_of_n import BestOfN
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import Method
from farm.methods.preference.dpo import DPO
from farm.methods.reward_model import RewardModel
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import Model
from farm.models.prompts import PromptTemplate
from farm.pipeline.chain import Chain, ComparisonSettings
from farm.pipeline.judging.standings import Evaluation
from farm.pipeline.training import run_chain
from farm.records import (
    Annotation,
    Comparison,
    Demonstration,
    Instruction,
    OptimizationPoint,
    Outcome,
    Output,
    Preference,
    Standing,
)
from farm.store.artifacts import Store
from farm.store.tables import read_table
from tests.forked import run_forked
from tests.tiny import tiny_causal_lm

pytestmark = pytest.mark.slow

TRAINING = TrainingSettings(
    learning_rate=1e-3, epochs=1, batch_size=8, batches_per_length_group=1, warmup_share=0.0,
    schedule="cosine", weight_decay=0.0, max_grad_norm=1.0, gradient_checkpointing=False,
)  # fmt: skip
SFT_METHOD = SFT(name="sft", training=TRAINING, temperature=0.7)
BEST_OF_4 = BestOfN(name="best_of_n", n=4, scorer="reward_model", temperature=1.0)
LONGEST_OF_4 = BestOfN(name="longest_of_n", n=4, scorer="longest", temperature=1.0)


@dataclass(frozen=True, kw_only=True)
class ToyDataset:
    name: str = "toy"

    def load(self) -> Splits:
        words = ["duck", "otter", "baker", "bread", "pear", "apple", "fig", "Monday"]
        asked = [Instruction(instruction=f"Name {a} and {b}.") for a in words for b in words]
        compared = [Comparison(instruction=i.instruction, output_1="duck", output_2="otter cake") for i in asked[16:40]]
        return Splits(
            demonstrations=[
                Demonstration(instruction=i.instruction, output="A duck and an otter.") for i in asked[:16]
            ],
            preference=asked[16:40],
            unlabeled=asked[40:56],
            evaluation=[Output(instruction=i.instruction, output="bread", generator="reference") for i in asked[56:]],
            comparisons=compared,
            annotations=[_verdict(c, Preference.SECOND if k % 3 else None) for k, c in enumerate(compared)],
        )


@dataclass(frozen=True, kw_only=True)
class CountsLetters:
    """A true utility that everybody can check."""

    def utilities(self, outputs: Sequence[Output]) -> list[float]:
        return [float(len(o.output)) for o in outputs]


def _verdict(comparison: Comparison, preference: Preference | None) -> Annotation:
    return Annotation(
        comparison_key=comparison.key, annotator="recorded", judge="somebody", first_shown=1,
        clean_preference=preference, preference=preference, is_noised=False, p_first=None, raw_reply="",
        unparsed_reason="" if preference else "refused",
    )  # fmt: skip


def simulated(name: str, arm: str, *, flip_prob: float = 0.0) -> SimulatedAnnotator:
    panel = FixedPanel(judges=(BaselineJudge(name="longest", rule="longest"),))
    return SimulatedAnnotator(name=name, arm=arm, panel=panel, noise=(LabelFlip(flip_prob=flip_prob),))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    tiny_causal_lm(directory)
    return directory


def chain(checkpoint: Path, method: Method = BEST_OF_4, *, seed: int = 0) -> Chain:
    return Chain(
        dataset=ToyDataset(),
        utility=CountsLetters(),
        model=Model(
            name="tiny",
            checkpoint=str(checkpoint),
            prompt=PromptTemplate(without_input="{instruction}\n", with_input="{instruction}\n{input}\n"),
            max_prompt_tokens=64,
            max_new_tokens=12,
            dtype="float32",
            device="cpu",
            threads=1,
            micro_batch_size=8,
            generation_batch_size=16,
            adapter=None,
        ),
        sft=SFT_METHOD,
        comparisons=ComparisonSettings(source="sampled", temperature=1.0, n_comparisons=None),
        annotator=simulated("crowd", "crowd"),
        reward_model=RewardModel(
            start="base", head_learning_rate_multiplier=10.0, center_rewards_coefficient=None, normalise=True,
            n_held_out=4, training=TRAINING,
        ),
        method=method,
        selection=None,
        best_of=None,
        scorer="reward_model",
        evaluation=Evaluation(
            annotators={"crowd": simulated("crowd", "crowd", flip_prob=0.5)}, n_labels=2, n_instructions=None
        ),
        seed=seed,
    )  # fmt: skip


def made(store: Store) -> list[str]:
    return [report.artifact.kind for report in store.reports if not report.is_reused]


def test_a_second_method_reuses_what_the_first_made(tmp_path: Path, checkpoint: Path) -> None:
    first, second, again = Store(tmp_path), Store(tmp_path), Store(tmp_path)
    run_chain(first, chain(checkpoint), calls=NO_CALLS)
    assert made(first) == [
        "dataset", "policy", "comparisons", "annotations", "pairs", "reward_model", "policy", "answers", "outputs",
        "standings",
    ]  # fmt: skip
    run_chain(second, chain(checkpoint, LONGEST_OF_4), calls=NO_CALLS)
    assert made(second) == ["policy", "outputs", "standings"]  # the answers are shared: only the picker differs
    run_chain(again, chain(checkpoint), calls=NO_CALLS)
    assert made(again) == []


def test_the_longest_of_four_is_the_longest_and_noise_stays_out_of_the_evaluation(
    tmp_path: Path, checkpoint: Path
) -> None:
    store = Store(tmp_path)
    standings = run_chain(store, chain(checkpoint, LONGEST_OF_4), calls=NO_CALLS)
    outputs = next(r.artifact for r in store.reports if r.artifact.kind == "outputs")
    answers = next(r.artifact for r in store.reports if r.artifact.kind == "answers")
    picked = read_table(outputs.file("outputs.parquet"), Output)
    drawn = read_table(answers.file("answers.parquet"), Output)
    assert [len(o.output) for o in picked] == [max(len(d.output) for d in drawn[i : i + 4]) for i in range(0, 32, 4)]
    for outcome in read_table(standings.file("outcomes.parquet"), Outcome):
        # The judge prefers what is longer than "bread", and there is no noise: the score says just that.
        expected = 0.5 if outcome.length == 5 else float(outcome.length > 5)
        assert outcome.score == expected
        assert outcome.utility == outcome.length
    (row,) = read_table(standings.file("standings.parquet"), Standing)
    assert row.n_total == 16 and row.n_instructions == 8 and row.n_unparsed == 0


def test_the_best_of_any_policy_is_picked_at_evaluation(tmp_path: Path, checkpoint: Path) -> None:
    """On top of SFT it is the method best_of_n at SFT's temperature; on top of DPO nothing is trained again."""
    store = Store(tmp_path)
    dpo = DPO(
        name="dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None, uses_wpo=False,
        rows_per_forward=8, training=TRAINING, temperature=0.7,
    )  # fmt: skip
    run_chain(store, chain(checkpoint, dpo), calls=NO_CALLS)
    store = Store(tmp_path)
    picked = run_chain(store, replace(chain(checkpoint, dpo), best_of=3, scorer="longest"), calls=NO_CALLS)
    assert made(store) == ["policy", "answers", "outputs", "standings"]
    (row,) = read_table(picked.file("standings.parquet"), Standing)
    assert row.method == "dpo (best of 3 by longest)"
    assert read_table(picked.file("points.parquet"), OptimizationPoint) == []
    kls = json.loads(picked.file("selection.json").read_text())
    assert [kl["n"] for kl in kls] == [1, 2, 3]
    assert all(kl["measured"] <= kl["bound"] + 1e-9 for kl in kls)

    sampled = run_chain(Store(tmp_path), chain(checkpoint, replace(BEST_OF_4, temperature=0.7)), calls=NO_CALLS)
    on_top = run_chain(
        Store(tmp_path), replace(chain(checkpoint, SFT_METHOD), best_of=4, scorer="reward_model"), calls=NO_CALLS
    )
    outcomes = [read_table(a.file("outcomes.parquet"), Outcome) for a in (sampled, on_top)]
    assert outcomes[0] == outcomes[1]


def test_best_of_one_is_plain_sampling(tmp_path: Path, checkpoint: Path) -> None:
    plain = run_chain(Store(tmp_path), chain(checkpoint, SFT_METHOD), calls=NO_CALLS)
    one = run_chain(Store(tmp_path), replace(chain(checkpoint, SFT_METHOD), best_of=1), calls=NO_CALLS)
    outcomes = [read_table(a.file("outcomes.parquet"), Outcome) for a in (plain, one)]
    assert outcomes[0] == outcomes[1]


def test_an_unknown_scorer_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match=r"expected one of reward_model, .*, got 'best'"):
        replace(chain(checkpoint), scorer="best")
    with pytest.raises(ValueError, match="n: expected at least 1, got 0"):
        replace(chain(checkpoint), best_of=0)


def test_annotators_of_one_arm_label_the_same_samples(tmp_path: Path, checkpoint: Path) -> None:
    base = chain(checkpoint)
    first, same_arm, other_arm = Store(tmp_path), Store(tmp_path), Store(tmp_path)
    run_chain(first, base, calls=NO_CALLS)
    run_chain(same_arm, replace(base, annotator=simulated("flipped", "crowd", flip_prob=0.4)), calls=NO_CALLS)
    assert not {"comparisons", "answers"} & set(made(same_arm))
    run_chain(other_arm, replace(base, annotator=simulated("pool", "pool")), calls=NO_CALLS)
    assert {"comparisons", "answers"} <= set(made(other_arm))
    texts = [
        [o.output for o in read_table(artifact.file("answers.parquet"), Output)]
        for artifact in Store(tmp_path).readable("answers").artifacts
    ]
    assert len(texts) == 2 and texts[0] != texts[1]


def test_recorded_verdicts_train_a_method_and_the_unparsed_are_counted(tmp_path: Path, checkpoint: Path) -> None:
    dpo = DPO(
        name="dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None, uses_wpo=False,
        rows_per_forward=8, training=TRAINING, temperature=0.7,
    )  # fmt: skip
    recorded = replace(
        chain(checkpoint, dpo),
        utility=None,
        comparisons=ComparisonSettings(source="recorded", temperature=1.0, n_comparisons=None),
        annotator=RecordedAnnotator(name="recorded", arm="recorded"),
    )
    store = Store(tmp_path)
    standings = run_chain(store, recorded, calls=NO_CALLS)
    pairs = next(r.artifact for r in store.reports if r.artifact.kind == "pairs")
    assert '"pairs": 16' in pairs.file("counts.json").read_text()
    assert '"unparsed": 8' in pairs.file("counts.json").read_text()
    (row,) = read_table(standings.file("standings.parquet"), Standing)
    assert row.utility is None


def test_the_same_seed_gives_the_same_standings(tmp_path: Path, checkpoint: Path) -> None:
    rows = []
    for root, seed in (("a", 0), ("b", 0), ("c", 1)):
        standings = run_chain(Store(tmp_path / root), chain(checkpoint, seed=seed), calls=NO_CALLS)
        rows.append(read_table(standings.file("outcomes.parquet"), Outcome))
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_a_chain_killed_at_any_stage_ends_as_an_unbroken_one(tmp_path: Path, checkpoint: Path) -> None:
    unbroken = run_chain(Store(tmp_path / "unbroken"), chain(checkpoint), calls=NO_CALLS)
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.pipeline.test_training import NO_CALLS, chain, run_chain, Store\n"
        "import farm.store.artifacts as store\n"
        "class Dying(Store):\n"
        "    def _build(self, artifact, identity, build):\n"
        "        def build_and_die(output_dir, scratch_dir):\n"
        "            build(output_dir, scratch_dir)\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        super()._build(artifact, identity, build_and_die if artifact.kind == sys.argv[1] else build)\n"
        f"run_chain(Dying(Path({str(tmp_path / 'broken')!r})), chain(Path({str(checkpoint)!r})), calls=NO_CALLS)\n"
    )
    for kind in ("comparisons", "standings"):
        done = run_forked(program, kind)
        assert done.returncode == -signal.SIGKILL
        assert Store(tmp_path / "broken").readable(kind).artifacts == ()
    resumed = run_chain(Store(tmp_path / "broken"), chain(checkpoint), calls=NO_CALLS)
    for name in ("outcomes.parquet", "standings.parquet", "points.parquet"):
        assert resumed.file(name).read_bytes() == unbroken.file(name).read_bytes()
    assert resumed.key == unbroken.key
    assert [path.name for path in (tmp_path / "broken" / "artifacts" / "standings").iterdir()] == [resumed.key]
