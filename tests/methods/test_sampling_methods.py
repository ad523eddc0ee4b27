"""Best-of-n and expert iteration: what they ask for, and whose answers they keep."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farm.methods.best_of_n import BestOfN
from farm.methods.examples import Example
from farm.methods.fine_tuning import expert_iteration
from farm.methods.fine_tuning.expert_iteration import ExpertIteration
from farm.methods.method import TrainingInputs
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.models.answering import best_answers, draw_answers, score_answers
from farm.records import Output, Policy
from farm.store.tables import read_table
from tests.methods.conftest import Folders


def best_of(n: int, scorer: str) -> BestOfN:
    return BestOfN(name="best_of_n", n=n, scorer=scorer, temperature=1.0)


def iteration(settings: TrainingSettings, rounds: int = 1) -> ExpertIteration:
    return ExpertIteration(
        name="expert_iteration",
        n=3,
        n_prompts=8,
        rounds=rounds,
        chooser="reward_model",
        start=None,
        rollout_temperature=1.0,
        training=settings,
        temperature=0.7,
    )


@pytest.mark.parametrize(
    ("scorer", "requires"),
    [("reward_model", {"sft", "reward_model"}), ("random", {"sft"}), ("longest", {"sft"}), ("mean_logprob", {"sft"})],
)
def test_only_the_reward_model_needs_labels(scorer: str, requires: set[str]) -> None:
    assert set(best_of(4, scorer).requires) == requires


def test_best_of_one_is_plain_sampling(inputs: TrainingInputs, folders: Folders) -> None:
    assert inputs.sft is not None
    plain = replace(inputs.sft, temperature=1.0)
    one, four = (best_of(n, "reward_model").train(inputs, *folders(str(n)), 0) for n in (1, 4))
    instructions = list(inputs.unlabeled[:5])
    kept = {}
    for name, policy in (("plain", plain), ("one", one), ("four", four)):
        rows = draw_answers(
            inputs.model,
            policy,
            instructions,
            n=policy.best_of,
            temperature=policy.temperature,
            seed=0,
            label="evaluation",
        )
        scores = score_answers(inputs.model, policy, inputs.sft, rows, seed=0)
        kept[name] = best_answers(rows, scores)
        if name == "four":
            assert scores.shape == (5, 4) and (scores.max(axis=1) > scores.min(axis=1)).all()
    assert kept["one"] == kept["plain"]
    assert kept["four"] != kept["plain"]


def test_n_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="n: expected at least 1, got 0"):
        best_of(0, "random")


def test_expert_iteration_trains_on_the_best_by_reward(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[list[Output]]] = []

    def draw_and_note(*args: object, **kwargs: object) -> list[list[Output]]:
        drawn.append(draw_answers(*args, **kwargs))  # type: ignore[arg-type]
        return drawn[-1]

    monkeypatch.setattr(expert_iteration, "draw_answers", draw_and_note)
    output_dir, scratch_dir = folders("ei")
    policy = iteration(settings).train(inputs, output_dir, scratch_dir, 0)
    assert policy.checkpoint == output_dir and (output_dir / "model.safetensors").is_file()
    kept = read_table(output_dir / "candidates_round_1.parquet", Output)
    assert inputs.sft is not None
    judge = best_of(3, "reward_model").train(inputs, *folders("judge"), 0)
    scores = score_answers(inputs.model, judge, inputs.sft, drawn[0], seed=5)
    assert [row[int(np.argmax(s))] for row, s in zip(drawn[0], scores, strict=True)] == kept
    assert len(kept) == 8 and {k.instruction for k in kept} <= {i.instruction for i in inputs.unlabeled}


def test_expert_iteration_starts_from_any_policy(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inputs.sft is not None
    other, scratch_dir = folders("other")
    iteration(settings).train(inputs, other, scratch_dir, 1)
    seen: list[tuple[str, Path]] = []

    def draw(model: object, policy: Policy, *args: object, **kwargs: object) -> list[list[Output]]:
        seen.append(("draws", policy.checkpoint))
        return draw_answers(model, policy, *args, **kwargs)  # type: ignore[arg-type]

    def fine_tune(checkpoint: Path, *args: object) -> Path:
        seen.append(("is trained", checkpoint))
        return inputs.sft.checkpoint  # type: ignore[union-attr]

    monkeypatch.setattr(expert_iteration, "draw_answers", draw)
    monkeypatch.setattr(expert_iteration, "fine_tune", fine_tune)
    output_dir, scratch_dir = folders("ei")
    replace(iteration(settings, rounds=2), start=other).train(inputs, output_dir, scratch_dir, 0)
    assert seen == [("draws", other), ("is trained", other), ("draws", inputs.sft.checkpoint), ("is trained", other)]


def test_a_killed_iteration_draws_no_answer_twice(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[tuple[Path, list[str]]] = []

    def fine_tune(checkpoint: Path, examples: Sequence[Example], job: TrainingJob) -> Path:
        starts.append((checkpoint, [e.instruction for e in examples]))
        if len(starts) == 2:
            raise KeyboardInterrupt
        return checkpoint

    monkeypatch.setattr(expert_iteration, "fine_tune", fine_tune)
    output_dir, scratch_dir = folders("ei")
    two = iteration(settings, rounds=2)
    with pytest.raises(KeyboardInterrupt):
        two.train(inputs, output_dir, scratch_dir, 0)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("drew again")

    monkeypatch.setattr(expert_iteration, "draw_answers", refuse)
    two.train(inputs, output_dir, scratch_dir, 0)
    rounds = starts[2:]
    assert inputs.sft is not None
    assert [checkpoint for checkpoint, _ in rounds] == [inputs.sft.checkpoint] * 2
    assert not set(rounds[0][1]) & set(rounds[1][1])  # each round has prompts of its own


def test_too_few_instructions_are_refused(inputs: TrainingInputs, settings: TrainingSettings, folders: Folders) -> None:
    with pytest.raises(ValueError, match="asks for 32 unlabeled instructions, there are 24"):
        iteration(settings, rounds=4).train(inputs, *folders("ei"), 0)
