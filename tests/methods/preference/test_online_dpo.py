"""Online DPO: DPO's loss on what the policy has just drawn, by the annotator's verdicts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

from farm.config.compose import expand
from farm.config.objects import ConfigError
from farm.methods.method import TrainingInputs
from farm.methods.preference import online_dpo
from farm.methods.preference.online_dpo import OnlineDPO
from farm.methods.trl import callbacks as trl_callbacks
from farm.methods.trl import training as trl_training
from farm.methods.trl.rollouts import draw_while_training
from farm.methods.trl.training import TrainingSettings, dataset_of
from farm.models.checkpoint import load_causal_lm, load_tokenizer
from farm.models.generate import Completion
from farm.models.tokens import pad
from farm.options.run import plan
from farm.records import Preference
from tests.methods.conftest import Folders, with_model
from tests.methods.scripted_labels import LongerWins


def online(settings: TrainingSettings) -> OnlineDPO:
    return OnlineDPO(
        name="online_dpo", loss_type="sigmoid", beta=0.1, label_smoothing=None, rollout_temperature=1.0,
        training=settings, temperature=0.7,
    )  # fmt: skip


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_it_starts_at_the_reference_and_repeats_itself(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    written = []
    for name, seed in (("first", 0), ("second", 0), ("other", 1)):
        labels = LongerWins(budget=30)
        output_dir, scratch_dir = folders(name)
        online(settings).train(replace(inputs, labels=labels), output_dir, scratch_dir, seed)
        written.append((output_dir / "model.safetensors").read_bytes())
        assert [len(request) for request in labels.requests.values()] == [8, 8, 8]  # whole batches of the budget
        first = metrics(output_dir)[0]
        assert first["loss"] == pytest.approx(0.693147, abs=1e-5)
        assert first["rewards/chosen"] == pytest.approx(0, abs=1e-5)
    assert written[0] == written[1] != written[2]


def test_what_the_annotator_likes_becomes_likelier(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    labels = LongerWins(budget=320)
    strong = replace(settings, learning_rate=1e-2, warmup_share=0.0, schedule="constant_with_warmup")
    online(strong).train(with_model(replace(inputs, labels=labels), micro_batch_size=16), *folders("out"), 0)
    lengths = [
        sum(len(c.output_1) + len(c.output_2) for c in request) / (2 * len(request))
        for request in labels.requests.values()
    ]
    assert sum(lengths[-5:]) > sum(lengths[:5]) * 1.1


def test_a_tie_teaches_nothing_and_is_counted(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    output_dir, scratch_dir = folders("out")
    labels = LongerWins(budget=16, no_order_every=1)
    online(settings).train(replace(inputs, labels=labels), output_dir, scratch_dir, 0)
    (first, *_) = metrics(output_dir)
    assert first["labels/without_order"] == 1 and first["grad_norm"] == pytest.approx(0, abs=1e-5)


def test_micro_batches_change_nothing_even_where_some_have_no_order(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    logged = []
    for size in (16, 4, 2):
        labels = LongerWins(budget=8, no_order_every=3)
        output_dir, scratch_dir = folders(str(size))
        model = with_model(replace(inputs, labels=labels), micro_batch_size=size)
        online(settings).train(model, output_dir, scratch_dir, 0)
        logged.append(metrics(output_dir)[0])
    for other in logged[1:]:
        assert other["grad_norm"] == pytest.approx(logged[0]["grad_norm"], rel=1e-4)
        assert other["labels/without_order"] == logged[0]["labels/without_order"] >= 3 / 8


def test_the_first_step_is_that_of_trl_s_online_trainer(
    inputs: TrainingInputs,
    settings: TrainingSettings,
    folders: Folders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the same samples and verdicts, all of which have an order."""
    drawn: list[list[Completion]] = []

    def draw_and_note(*args: Any, **kwargs: Any) -> list[list[Completion]]:
        drawn.extend(draw_while_training(*args, **kwargs))
        return drawn

    monkeypatch.setattr(online_dpo, "draw_while_training", draw_and_note)
    labels = LongerWins(budget=8)
    output_dir, scratch_dir = folders("ours")
    online(settings).train(with_model(replace(inputs, labels=labels), micro_batch_size=16), output_dir, scratch_dir, 0)
    (compared,) = labels.requests.values()
    verdicts = labels.label(compared, 0)
    assert set(verdicts) == {Preference.FIRST, Preference.SECOND}
    prompts = [f"{comparison.instruction}\nAnswer:" for comparison in compared]
    theirs = first_step_of_trl(inputs, settings, prompts, drawn, verdicts, tmp_path)
    ours = metrics(output_dir)[0]
    assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)  # TRL rounds it to four places
    assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-4)
    assert ours["logps/chosen"] == pytest.approx(theirs["logps/chosen"], rel=1e-5)
    assert ours["logps/rejected"] == pytest.approx(theirs["logps/rejected"], rel=1e-5)


def first_step_of_trl(
    inputs: TrainingInputs,
    settings: TrainingSettings,
    prompts: list[str],
    drawn: list[list[Completion]],
    verdicts: list[Preference | None],
    folder: Path,
) -> dict[str, float]:
    """TRL's OnlineDPOTrainer, handed the answers instead of sampling them; its rewards are the verdicts."""
    assert inputs.sft is not None
    tokenizer = load_tokenizer(inputs.sft.checkpoint)
    prompt_ids = [tokenizer(prompt)["input_ids"] for prompt in prompts] * 2
    completions = [answers[side].ids for side in range(2) for answers in drawn]
    won = [verdict is wanted for wanted in (Preference.FIRST, Preference.SECOND) for verdict in verdicts]

    class Replaying(OnlineDPOTrainer):
        def _generate(self, *_: object) -> tuple[torch.Tensor | None, ...]:
            longest = max(map(len, prompt_ids))
            left = torch.tensor([[0] * (longest - len(ids)) + ids for ids in prompt_ids])
            mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompt_ids])
            right = pad(completions, tokenizer.pad_token_id)
            return left, mask, right.input_ids, right.mask.long(), None

    policy = load_causal_lm(inputs.sft.checkpoint, dtype=torch.float32, device=torch.device("cpu"))
    arguments = OnlineDPOConfig(
        output_dir=str(folder), per_device_train_batch_size=8, max_steps=1, learning_rate=settings.learning_rate,
        beta=[0.1], loss_type="sigmoid", missing_eos_penalty=None, bf16=False, gradient_checkpointing=False,
        use_cpu=True, report_to="none", save_strategy="no", logging_steps=1, disable_tqdm=True,
    )  # fmt: skip
    trainer = Replaying(
        model=policy,
        reward_funcs=lambda **_: [float(w) for w in won],
        args=arguments,
        train_dataset=dataset_of([{"prompt": prompt} for prompt in prompts]),
        processing_class=tokenizer,
    )
    trainer.train()
    first: dict[str, float] = trainer.state.log_history[0]
    return first


def test_losses_that_would_learn_from_a_tie_are_refused(settings: TrainingSettings) -> None:
    with pytest.raises(ConfigError, match=r"loss_type: input should be 'sigmoid', 'hinge'.*, got 'nca_pair'"):
        expand("config", ["method=online_dpo", "method.loss_type=nca_pair"], plan, is_multirun=False)
    with pytest.raises(ValueError, match="every comparison is used once, expected 1, got 2"):
        online(replace(settings, epochs=2))


def test_a_budget_below_a_batch_is_refused(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders
) -> None:
    with pytest.raises(ValueError, match="batch_size is 8, but the budget is 7 labels"):
        online(settings).train(replace(inputs, labels=LongerWins(budget=7)), *folders("out"), 0)


def test_a_resumed_run_asks_again_for_what_it_draws_again_and_ends_alike(
    inputs: TrainingInputs, settings: TrainingSettings, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints are due at every tenth step; the run dies in the request of step 12."""
    monkeypatch.setattr(trl_callbacks, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(trl_training, "LOGS_PER_RUN", 1)
    whole, broken = folders("whole"), folders("broken")
    unbroken = LongerWins(budget=8 * 15)
    online(settings).train(replace(inputs, labels=unbroken), *whole, 0)
    with pytest.raises(KeyboardInterrupt):
        online(settings).train(replace(inputs, labels=LongerWins(budget=8 * 15, dies_at=12)), *broken, 0)
    resumed = LongerWins(budget=8 * 15)
    online(settings).train(replace(inputs, labels=resumed), *broken, 0)
    assert list(resumed.requests) == list(range(10, 15))
    assert all(resumed.requests[step] == unbroken.requests[step] for step in resumed.requests)
    ends = [(output_dir / "model.safetensors").read_bytes() for output_dir, _ in (whole, broken)]
    assert ends[0] == ends[1]
