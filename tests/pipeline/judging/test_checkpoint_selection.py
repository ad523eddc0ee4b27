"""The checkpoint that a held-out judge prefers on the validation split becomes the policy, and nothing else decides."""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.noise.noise import LabelFlip
from farm.annotators.noised import NoisedAnnotator
from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS, Calls
from farm.data.dataset import Splits
from farm.errors import UserError
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.methods.fine_tuning.sft import SFT
from farm.pipeline.artifact_files import load_policy
from farm.pipeline.chain import Chain
from farm.pipeline.judging.checkpoint_selection import (
    Candidate,
    CheckpointSelection,
    candidate_of,
    check_held_out,
    choose,
    chosen_of,
    judge_candidate,
)
from farm.pipeline.training import run_chain
from farm.records import Comparison, Instruction, Output, Preference, Verdict
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table
from tests.forked import run_forked
from tests.pipeline.test_training import SFT_METHOD, TRAINING, ToyDataset, chain, made, simulated
from tests.tiny import tiny_causal_lm


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    tiny_causal_lm(directory)
    return directory


@dataclass(frozen=True, kw_only=True)
class LikesWord:
    """A judge that wants one word, says nothing of answers with another, and finds the rest equal."""

    name: str = "likes a word"
    liked: str = "good"
    unreadable: str = "garbled"

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],  # noqa: ARG002
        seed: int,  # noqa: ARG002
        *,
        sample: int = 0,  # noqa: ARG002
        calls: Calls = NO_CALLS,  # noqa: ARG002
    ) -> list[Verdict]:
        return [self._verdict(comparison) for comparison in comparisons]

    def _verdict(self, comparison: Comparison) -> Verdict:
        if self.unreadable in comparison.output_2:
            return Verdict(preference=None, unparsed_reason="garbled")
        likes_second = self.liked in comparison.output_2
        return Verdict(preference=Preference.SECOND if likes_second else Preference.FIRST)


def annotator(judge: object, name: str = "held out", *, flip_prob: float = 0.0) -> SimulatedAnnotator:
    panel = FixedPanel(judges=(judge,))  # type: ignore[arg-type]
    return SimulatedAnnotator(name=name, arm=name, panel=panel, noise=(LabelFlip(flip_prob=flip_prob),))


SELECTION = CheckpointSelection(annotator=annotator(LikesWord()), n_instructions=None, n_labels=2)
INSTRUCTIONS = [f"Do {number}." for number in range(8)]
REFERENCE = [Output(instruction=text, output="meant well", generator="sft") for text in INSTRUCTIONS]


def answers(n_good: int, n_garbled: int = 0) -> list[Output]:
    words = ["good"] * n_good + ["garbled"] * n_garbled + ["bad"] * (len(INSTRUCTIONS) - n_good - n_garbled)
    return [Output(instruction=i, output=w, generator="toy") for i, w in zip(INSTRUCTIONS, words, strict=True)]


def judged(answered: Mapping[int, Sequence[Output]], selection: CheckpointSelection = SELECTION) -> list[Candidate]:
    return [
        candidate_of(step, outputs, judge_candidate(selection, REFERENCE, outputs, 0, NO_CALLS))
        for step, outputs in answered.items()
    ]


def test_the_best_by_construction_is_chosen() -> None:
    rows = choose(judged({5: answers(2), 10: answers(6), 15: answers(3)}))
    assert [row.win_rate for row in rows] == [0.25, 0.75, 0.375]
    assert [row.is_chosen for row in rows] == [False, True, False]
    chosen = chosen_of(rows)
    assert (chosen.step, chosen.n_wins, chosen.n_total, chosen.n_instructions, chosen.n_unparsed) == (10, 12, 16, 8, 0)
    # Six ones and two zeros: sample variance 6/8 * 2/8 * 8/7 = 3/14, over 8 instructions.
    assert chosen.standard_error == pytest.approx((3 / 14 / 8) ** 0.5)


def test_among_equals_the_earliest_is_chosen_in_whatever_order_they_come() -> None:
    assert chosen_of(choose(judged({15: answers(4), 5: answers(1), 10: answers(4)}))).step == 10


def test_unparsed_verdicts_are_left_out_counted_and_no_loss() -> None:
    rows = choose(judged({5: answers(4, n_garbled=2), 10: answers(5)}))
    assert rows[0].win_rate == pytest.approx(4 / 6) and rows[0].n_unparsed == 4
    assert chosen_of(rows).step == 5  # 4/6 against 5/8


def test_a_candidate_that_can_hardly_be_judged_cannot_win() -> None:
    rows = choose(judged({5: answers(1, n_garbled=7), 10: answers(2)}))
    assert rows[0].win_rate == 1.0 and chosen_of(rows).step == 10
    with pytest.raises(UserError, match=r"no candidate can be chosen.*step 5: 14 of 16, step 10: 16 of 16"):
        choose(judged({5: answers(1, n_garbled=7), 10: answers(0, n_garbled=8)}))


def test_noise_takes_no_part() -> None:
    noisy = replace(SELECTION, annotator=annotator(LikesWord(), flip_prob=0.5))
    assert judged({5: answers(6)}, noisy)[0].win_rate == 0.75


@pytest.mark.parametrize(
    "other",
    [
        annotator(LikesWord(), "evaluator"),
        annotator(LikesWord(name="under another name"), "evaluator", flip_prob=0.25),
        NoisedAnnotator(name="evaluator", arm="a", clean=annotator(LikesWord()), noise=()),
    ],
)
def test_whoever_labels_or_evaluates_may_not_choose(other: SimulatedAnnotator) -> None:
    with pytest.raises(ValueError, match=r"held out shares a judge with evaluator, which evaluates as crowd\. Who"):
        check_held_out(
            SELECTION, {"labels": annotator(BaselineJudge(name="l", rule="longest")), "evaluates as crowd": other}
        )


def test_a_judge_with_another_trait_may_choose_and_a_replay_may_not() -> None:
    check_held_out(SELECTION, {"evaluates as crowd": annotator(LikesWord(liked="fine"), "evaluator")})
    recorded = replace(SELECTION, annotator=RecordedAnnotator(name="recorded", arm="recorded"))
    with pytest.raises(ValueError, match="recorded replays recorded verdicts"):
        check_held_out(recorded, {})


@dataclass(frozen=True, kw_only=True)
class ValidatedDataset:
    """The toy data set with instructions to choose on that nothing else uses."""

    name: str = "validated toy"

    def load(self) -> Splits:
        return replace(ToyDataset().load(), validation=[Instruction(instruction=f"Say {n}.") for n in range(6)])


LONGER = SFT(name="longer", training=replace(TRAINING, epochs=3, n_snapshots=3), temperature=0.7)
PREFERS_SHORT = CheckpointSelection(
    annotator=annotator(BaselineJudge(name="shortest", rule="shortest")), n_instructions=4, n_labels=1
)


def selecting(checkpoint: Path, method: SFT = LONGER) -> Chain:
    return replace(chain(checkpoint, method), dataset=ValidatedDataset(), selection=PREFERS_SHORT)


def of_kind(store: Store, kind: str) -> Artifact:
    (artifact,) = [report.artifact for report in store.reports if report.artifact.kind == kind]
    return artifact


def test_a_chain_answers_with_the_chosen_checkpoint(tmp_path: Path, checkpoint: Path) -> None:
    store = Store(tmp_path)
    standings = run_chain(store, selecting(checkpoint), calls=NO_CALLS)
    assert made(store) == [
        "dataset", "policy", "policy", *4 * ["answers"], "selection", "answers", "outputs", "standings"
    ]  # fmt: skip
    selection = of_kind(store, "selection")
    rows = read_table(selection.file("candidates.parquet"), Candidate)
    assert [row.step for row in rows] == [2, 4, 6] and all(row.n_total + row.n_unparsed == 4 for row in rows)
    best = max(row.win_rate or 0.0 for row in rows)
    assert chosen_of(rows).step == next(row.step for row in rows if row.win_rate == best)
    choice = json.loads(selection.file("choice.json").read_text())
    assert choice == {"annotator": "held out", "labels": 12, "step": chosen_of(rows).step, "steps": [2, 4, 6]}
    # The standings name the choice among their parents, and the answers come from the chosen folder.
    assert json.loads(standings.file("manifest.json").read_text())["parents"]["policy"] == selection.key
    folder = "" if choice["step"] == 6 else f"/step_{choice['step']:04d}"
    assert str(load_policy(selection).checkpoint).endswith(store.owner(load_policy(selection).checkpoint).key + folder)
    asked = {
        output.instruction
        for report in store.reports[3:7]
        for output in read_table(report.artifact.file("answers.parquet"), Output)
    }
    assert asked == {f"Say {n}." for n in range(4)}
    again = Store(tmp_path)
    assert run_chain(again, selecting(checkpoint), calls=NO_CALLS).key == standings.key and made(again) == []


def test_a_method_that_keeps_its_end_only_is_not_touched(tmp_path: Path, checkpoint: Path) -> None:
    with_judge, without = Store(tmp_path), Store(tmp_path)
    run_chain(with_judge, selecting(checkpoint, SFT_METHOD), calls=NO_CALLS)
    assert "selection" not in made(with_judge)
    run_chain(without, replace(selecting(checkpoint, SFT_METHOD), selection=None), calls=NO_CALLS)
    assert made(without) == []


def test_a_dataset_without_validation_is_refused_before_training(tmp_path: Path, checkpoint: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(UserError, match=r"no validation instructions .* or selection=none"):
        run_chain(store, replace(selecting(checkpoint), dataset=ToyDataset()), calls=NO_CALLS)
    assert made(store) == ["dataset"]


def test_the_evaluations_judge_is_refused_when_the_chain_is_described(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="shares a judge with crowd, which labels for training"):
        replace(selecting(checkpoint), selection=replace(PREFERS_SHORT, annotator=simulated("other name", "x")))


@pytest.mark.slow
def test_a_chain_killed_while_it_chooses_ends_as_an_unbroken_one(tmp_path: Path, checkpoint: Path) -> None:
    whole = Store(tmp_path / "whole")
    unbroken = run_chain(whole, selecting(checkpoint), calls=NO_CALLS)
    program = (
        "import os, signal; from pathlib import Path; from farm.pipeline.judging import stages\n"
        "from tests.pipeline.judging.test_checkpoint_selection import NO_CALLS, selecting, run_chain, Store\n"
        "def die(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "stages.choose = die\n"
        f"run_chain(Store(Path({str(tmp_path / 'broken')!r})), selecting(Path({str(checkpoint)!r})), calls=NO_CALLS)\n"
    )
    done = run_forked(program)
    assert done.returncode == -signal.SIGKILL
    broken = Store(tmp_path / "broken")
    assert broken.readable("selection").artifacts == ()
    assert run_chain(broken, selecting(checkpoint), calls=NO_CALLS).key == unbroken.key
    assert made(broken) == ["selection", "answers", "outputs", "standings"]
    for name in ("candidates.parquet", "choice.json", "policy.json"):
        assert (
            of_kind(broken, "selection").file(name).read_bytes() == of_kind(whole, "selection").file(name).read_bytes()
        )
