"""Small inputs for training tests: a two-layer Llama, fifty demonstrations, sixty pairs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from farm.methods.method import TrainingInputs
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import Model
from farm.models.prompts import PromptTemplate
from farm.models.scoring.reward import Combination, save_ensemble
from farm.records import Demonstration, Instruction, Policy, PreferencePair
from tests.tiny import tiny_causal_lm, tiny_reward_model

ANIMALS = ["duck", "otter", "cat", "frog", "heron"]
Folders = Callable[[str], tuple[Path, Path]]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("base")
    tiny_causal_lm(directory)
    return directory


@pytest.fixture(scope="session")
def reward_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reward_model")
    tiny_reward_model(directory)
    return directory


@pytest.fixture
def two_members(tmp_path: Path) -> Path:
    """An ensemble of two random reward models; a score is the mean minus half the standard deviation."""
    folder = tmp_path / "two_members"
    for number in (1, 2):
        _, tokenizer = tiny_reward_model(folder / f"member_{number}", seed=number)
        tokenizer.save_pretrained(folder)
    save_ensemble(folder, ["member_1", "member_2"], Combination(rule="mean_minus_sd", coefficient=0.5))
    return folder


@pytest.fixture
def model(base: Path) -> Model:
    return Model(
        name="tiny",
        checkpoint=str(base),
        prompt=PromptTemplate(without_input="{instruction}\nAnswer:", with_input="{input}\n{instruction}\nAnswer:"),
        max_prompt_tokens=48,
        max_new_tokens=24,
        dtype="float32",
        device="cpu",
        threads=None,
        micro_batch_size=4,
        generation_batch_size=16,
        adapter=None,
    )


@pytest.fixture
def settings() -> TrainingSettings:
    return TrainingSettings(
        learning_rate=3e-3,
        epochs=1,
        batch_size=8,
        batches_per_length_group=2,
        warmup_share=0.1,
        schedule="cosine",
        weight_decay=0.0,
        max_grad_norm=1.0,
        gradient_checkpointing=False,
    )


@pytest.fixture
def inputs(model: Model, base: Path, reward_model: Path) -> TrainingInputs:
    """Everything a method could require."""
    return TrainingInputs(
        model=model,
        sft=Policy(checkpoint=base, temperature=0.7),
        demonstrations=[
            Demonstration(instruction=f"Name {ANIMALS[i % 5]} {i}.", output=f"A {ANIMALS[i % 5]}" + " swims" * (i % 4))
            for i in range(50)
        ],
        pairs=[
            PreferencePair(
                instruction=f"Name {ANIMALS[i % 5]} {i}.",
                input="pond" if i % 3 == 0 else "",
                chosen=f"A {ANIMALS[i % 5]}, thank you" + " gladly" * (i % 3),
                rejected=f"{i} bread",
                chosen_is_finished=i % 7 != 0,
                rejected_is_finished=i % 2 == 0,
            )
            for i in range(60)
        ],
        unlabeled=[Instruction(instruction=f"Sort {i} {ANIMALS[i % 5]}") for i in range(24)],
        reward_model=reward_model,
    )


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Output and scratch folder of a run, by name."""

    def make(name: str) -> tuple[Path, Path]:
        output_dir, scratch_dir = tmp_path / name / "output", tmp_path / name / "scratch"
        output_dir.mkdir(parents=True)
        scratch_dir.mkdir()
        return output_dir, scratch_dir

    return make


def with_model(inputs: TrainingInputs, **changes: object) -> TrainingInputs:
    return replace(inputs, model=replace(inputs.model, **changes))  # type: ignore[arg-type]
