"""Any causal LM goes with any method: every pair of family and method, and of either with full weights or an adapter,
and with AlpacaFarm's prompt format or the checkpoint's chat template."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from farm.config.compose import expand
from farm.config.conf_dirs import CONF_DIR
from farm.methods.method import Method, TrainingInputs
from farm.models.adapter import LoRA
from farm.models.answering import draw_answers
from farm.models.checkpoint import Model
from farm.models.prompts import ChatPrompt, PromptTemplate
from farm.models.scoring.reward import load_reward_scorer
from farm.options.run import plan
from farm.records import Demonstration, Instruction, Policy, PreferencePair
from tests.families import save_family
from tests.methods.conftest import ANIMALS
from tests.methods.scripted_labels import LongerWins

pytestmark = pytest.mark.slow

FAMILIES = ("llama", "opt", "qwen3", "gemma2")
"""Four, so that every method meets each pair of weights and prompt format once."""
VARIANTS = ("_paper", "_of_n", "_no_", "_only_", "_sft_all", "_norm", "_wpo")
"""Files with other settings of a method that has a file of its own, and choices among answers, which train nothing."""
METHODS = sorted(p.stem for p in (CONF_DIR / "method").glob("*.yaml") if not any(v in p.stem for v in VARIANTS))
SMALL: dict[str, object] = {
    "n_steps": 2, "rollouts_per_step": 8, "batch_size": 8, "epochs": 1, "n": 2, "n_prompts": 8, "rounds": 1,
    "n_samples": 4, "rows_per_forward": 4, "n_quantiles": 2, "n_held_out": 4, "batches_per_length_group": 1,
    "n_snapshots": 1,
}  # fmt: skip
ADAPTER = LoRA(rank=2, alpha=4, target_modules=None, stages=("sft", "reward_model", "method"))
SOURCES = ("expert", "sloppy")
CHAT = ChatPrompt(system="", input_separator="\n")
ALPACA = PromptTemplate(
    **{kind: (CONF_DIR / "prompt" / "alpaca" / f"{kind}.txt").read_text() for kind in ("without_input", "with_input")}
)


def small(settings: Any) -> Any:
    """The same settings with few steps of few rows, all the way down."""
    if not is_dataclass(settings) or isinstance(settings, type):
        return settings
    changes = {f.name: SMALL.get(f.name, small(getattr(settings, f.name))) for f in fields(settings) if f.init}
    return replace(settings, **changes)


def folders(folder: Path) -> tuple[Path, Path]:
    made = folder / "output", folder / "scratch"
    for path in made:
        path.mkdir(parents=True)
    return made


class Checkpoints:
    """Families and their reward models, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def inputs(self, family: str, *, is_adapted: bool, is_chat: bool) -> TrainingInputs:
        base = self._folder / family
        if not base.is_dir():
            save_family(family, base)
        model = Model(
            name=family, checkpoint=str(base), prompt=CHAT if is_chat else ALPACA,
            max_prompt_tokens=200, max_new_tokens=8, dtype="float32", device="cpu", threads=None, micro_batch_size=8,
            generation_batch_size=16, adapter=ADAPTER if is_adapted else None,
        )  # fmt: skip
        inputs = TrainingInputs(
            model=model,
            sft=Policy(checkpoint=base, temperature=0.7),
            demonstrations=[
                Demonstration(instruction=f"Name {i}.", output=f"A {ANIMALS[i % 5]}", source=SOURCES[i % 2])
                for i in range(16)
            ],
            pairs=[
                PreferencePair(
                    instruction=f"Name {i}.", input="pond" if i % 3 == 0 else "", chosen=f"A {ANIMALS[i % 5]}",
                    rejected=f"{i} bread", chosen_is_finished=i % 5 != 0,
                )
                for i in range(20)
            ],
            unlabeled=[Instruction(instruction=f"Sort {i}") for i in range(16)],
            reward_model=None,
            labels=LongerWins(budget=16),
        )  # fmt: skip
        return replace(inputs, reward_model=self._reward_model(inputs, f"{family} {is_adapted} {is_chat}"))

    def _reward_model(self, inputs: TrainingInputs, name: str) -> Path:
        output_dir = self._folder / name / "output"
        if not output_dir.is_dir():
            (planned,) = expand("config", [], plan, is_multirun=False)
            assert inputs.sft is not None
            output_dir, scratch_dir = folders(self._folder / name)
            small(planned.chain.reward_model).train(
                inputs.pairs, model=inputs.model, sft=inputs.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=0
            )
        return output_dir


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoints]:
    yield Checkpoints(tmp_path_factory.mktemp("families"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("model*.safetensors") for name, tensor in load_file(file).items()}


@pytest.mark.parametrize("method_index", range(len(METHODS)), ids=METHODS)
@pytest.mark.parametrize("family_index", range(len(FAMILIES)), ids=FAMILIES)
def test_every_method_trains_every_family(
    family_index: int, method_index: int, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    turn = family_index + method_index
    is_adapted = bool(turn % 2)
    inputs = checkpoints.inputs(FAMILIES[family_index], is_adapted=is_adapted, is_chat=bool(turn // 2 % 2))
    (planned,) = expand("config", [f"method={METHODS[method_index]}"], plan, is_multirun=False)
    method: Method = small(planned.chain.method)
    policy = method.train(inputs, *folders(tmp_path), 0)
    answers = draw_answers(inputs.model, policy, inputs.unlabeled[:2], n=1, temperature=1.0, seed=0, label="test")
    assert len(answers) == 2
    AutoModelForCausalLM.from_pretrained(policy.checkpoint)
    before, after = weights(Path(inputs.model.checkpoint)), weights(policy.checkpoint)
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and (policy.checkpoint / "adapter").is_dir() == is_adapted
    if is_adapted:
        assert all(before[name].ndim == 2 and "embed" not in name and "lm_head" not in name for name in moved), moved


@pytest.mark.parametrize("is_adapted", [False, True], ids=["full", "adapter"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_reward_model_is_an_ordinary_sequence_classifier(
    family: str, is_adapted: bool, checkpoints: Checkpoints
) -> None:
    inputs = checkpoints.inputs(family, is_adapted=is_adapted, is_chat=False)
    assert inputs.reward_model is not None
    scorer = load_reward_scorer(inputs.reward_model, dtype=torch.float32, device=torch.device("cpu"))
    ids = [[5, 9, 30, 31], [7, 8, 33, 12]]
    classifier = AutoModelForSequenceClassification.from_pretrained(inputs.reward_model)
    with torch.no_grad():
        logits = classifier(input_ids=torch.tensor(ids)).logits
    assert logits.shape == (2, 1)
    np.testing.assert_allclose(scorer.of_ids(ids, batch_size=2), logits[:, 0].double().numpy(), rtol=1e-4, atol=1e-5)
