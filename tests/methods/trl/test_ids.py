"""What TRL's trainers see are our token ids: prompt, completion, and the end token of finished answers only."""

from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerBase, Trainer

from farm.methods import reward_model
from farm.methods.examples import Example, encode_examples
from farm.methods.fine_tuning import sft
from farm.methods.fine_tuning.sft import SFT
from farm.methods.method import TrainingInputs
from farm.methods.preference.dpo import DPO
from farm.methods.reward_model import RewardModel
from farm.methods.trl import dpo as dpo_training
from farm.methods.trl.training import TrainingJob, TrainingSettings
from farm.models.checkpoint import load_tokenizer
from farm.models.prompts import PromptTemplate
from tests.methods.conftest import Folders
from tests.tiny import tiny_causal_lm, tiny_tokenizer

PROMPTS = Path("conf/prompt/alpaca")
Ids = tuple[int, ...]


class StopError(Exception):
    """Raised instead of training."""


@pytest.fixture(params=["without beginning token", "with beginning token"])
def tokenizer_inputs(request: pytest.FixtureRequest, inputs: TrainingInputs, tmp_path: Path) -> TrainingInputs:
    if request.param == "without beginning token":
        return inputs
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"bos_token": "<bos>"})
    bos = ("<bos>", tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=[bos])
    checkpoint = tmp_path / "with_bos"
    causal_lm, _ = tiny_causal_lm(checkpoint)
    causal_lm.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    causal_lm.save_pretrained(checkpoint)
    tokenizer.save_pretrained(checkpoint)
    assert inputs.sft is not None
    return replace(
        inputs,
        model=replace(inputs.model, checkpoint=str(checkpoint)),
        sft=replace(inputs.sft, checkpoint=checkpoint),
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Trainer]:
    """Collects trainers instead of running them."""
    trainers: list[Trainer] = []

    def stop(trainer: Trainer, job: TrainingJob) -> None:
        trainers.append(trainer)
        raise StopError

    for module in (sft, dpo_training, reward_model):
        monkeypatch.setattr(module, "run_trainer", stop)
    return trainers


def expected(tokenizer: PreTrainedTokenizerBase, instruction: str, input: str, answer: str, finished: bool) -> Ids:
    """By hand: the tokenizer's own ids of the prompt (with its beginning token, if any), then of the answer."""
    prompt = f"{input}\n{instruction}\nAnswer:" if input else f"{instruction}\nAnswer:"
    end = [tokenizer.eos_token_id] if finished else []
    return (*tokenizer(prompt)["input_ids"], *tokenizer(answer, add_special_tokens=False)["input_ids"], *end)


def rows_of(trainer: Trainer, mask_name: str = "attention_mask") -> set[Ids]:
    """All sequences in the trainer's batches, where the mask is 1."""
    return {
        tuple(ids[mask == 1].tolist())
        for batch in trainer.get_train_dataloader()
        for ids, mask in zip(batch["input_ids"], batch[mask_name], strict=True)
    }


def test_sft(
    tokenizer_inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, seen: list[Trainer]
) -> None:
    with pytest.raises(StopError):
        SFT(name="sft", training=settings, temperature=0.7).train(tokenizer_inputs, *folders("sft"), 0)
    tokenizer = load_tokenizer(tokenizer_inputs.model.checkpoint)
    want = {expected(tokenizer, d.instruction, "", d.output, True) for d in tokenizer_inputs.demonstrations}
    found = rows_of(seen[0])
    assert len(found) == 48 and found <= want  # 50 rows are 6 batches of 8; 2 are left out
    batch = next(iter(seen[0].get_train_dataloader()))
    trained = {tuple(row[row != -100].tolist()) for row in batch["labels"]}
    answers = {d.output for d in tokenizer_inputs.demonstrations}
    assert {tokenizer.decode(ids[:-1]) for ids in trained} <= answers
    assert {ids[-1] for ids in trained} == {tokenizer.eos_token_id}


def test_dpo(
    tokenizer_inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, seen: list[Trainer]
) -> None:
    method = DPO(
        name="dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None, uses_wpo=False,
        rows_per_forward=8, training=settings, temperature=0.7,
    )  # fmt: skip
    inputs = replace(tokenizer_inputs, pairs=tokenizer_inputs.pairs[:56])
    with pytest.raises(StopError):
        method.train(inputs, *folders("dpo"), 0)
    tokenizer = load_tokenizer(tokenizer_inputs.model.checkpoint)
    assert rows_of(seen[0]) == pair_sequences(tokenizer, inputs)
    completions = {p.chosen for p in inputs.pairs} | {p.rejected for p in inputs.pairs}
    trained = {tokenizer.decode(ids, skip_special_tokens=True) for ids in rows_of(seen[0], "completion_mask")}
    assert trained == completions


def test_reward_model(
    tokenizer_inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, seen: list[Trainer]
) -> None:
    stage = RewardModel(
        start="base",
        head_learning_rate_multiplier=1.0,
        center_rewards_coefficient=None,
        normalise=False,
        n_held_out=0,
        training=settings,
    )
    inputs = replace(tokenizer_inputs, pairs=tokenizer_inputs.pairs[:56])
    output_dir, scratch_dir = folders("rm")
    assert inputs.sft is not None
    with pytest.raises(StopError):
        stage.train(
            inputs.pairs, model=inputs.model, sft=inputs.sft, output_dir=output_dir, scratch_dir=scratch_dir, seed=0
        )
    assert rows_of(seen[0]) == pair_sequences(load_tokenizer(inputs.model.checkpoint), inputs)


def pair_sequences(tokenizer: PreTrainedTokenizerBase, inputs: TrainingInputs) -> set[Ids]:
    return {
        expected(tokenizer, p.instruction, p.input, answer, finished)
        for p in inputs.pairs
        for answer, finished in ((p.chosen, p.chosen_is_finished), (p.rejected, p.rejected_is_finished))
    }


def test_long_prompts_are_left_out_and_long_answers_lose_their_end(inputs: TrainingInputs) -> None:
    tokenizer = load_tokenizer(inputs.model.checkpoint)
    model = replace(inputs.model, max_prompt_tokens=20, max_new_tokens=3)
    short, long = Example("Name.", "", "A duck swims"), Example("Name " * 30, "", "A duck")
    (only,) = encode_examples(model, tokenizer, [short, long])
    assert only.completion_ids == tokenizer("A duck swims")["input_ids"][:3]
    assert tokenizer.eos_token_id not in only.completion_ids


def test_alpaca_prompt_ends_where_the_answer_begins(inputs: TrainingInputs) -> None:
    prompt = PromptTemplate(
        without_input=(PROMPTS / "without_input.txt").read_text(), with_input=(PROMPTS / "with_input.txt").read_text()
    )
    tokenizer = load_tokenizer(inputs.model.checkpoint)
    model = replace(inputs.model, prompt=prompt, max_prompt_tokens=400)
    (encoded,) = encode_examples(model, tokenizer, [Example("Name.", "pond", "A duck")])
    assert tokenizer.decode(encoded.prompt_ids).endswith("### Input:\npond\n\n### Response:")
