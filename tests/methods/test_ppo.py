"""PPO: it learns, it resumes, and neither padding nor micro-batches change an update."""

import json
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from farm.methods import ppo
from farm.methods.method import TrainingInputs
from farm.methods.online import rollouts as online_rollouts
from farm.methods.online.candidates import snapshots_of
from farm.methods.online.networks import Networks, load_networks
from farm.methods.online.rollouts import Answers
from farm.methods.online.score_scale import AdaptiveKL
from farm.methods.ppo import PPO, RewardSettings, Rollouts, UpdateSettings, token_rewards
from farm.models.checkpoint import load_causal_lm, load_reward_model
from farm.models.forward import LanguageModel, ValueModel, completion_batch
from farm.models.generate import Completion
from farm.records import Policy
from farm.tensors.ppo import Advantages
from tests.forked import run_forked
from tests.methods.conftest import Folders, with_model
from tests.tiny import tiny_causal_lm, tiny_gpt2, tiny_gpt_neox

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.fixture
def method() -> PPO:
    return PPO(
        name="ppo",
        n_steps=3,
        rollouts_per_step=12,
        rollout_temperature=1.0,
        value_init="reward_model",
        temperature=0.7,
        n_snapshots=1,
        checkpoint_every=1,
        reward=RewardSettings(
            kl_coef=0.05,
            adaptive_kl=None,
            score_normalisation="first_rollouts",
            missing_eos_penalty=1.0,
            whiten_rewards=False,
            gamma=1.0,
            gae_lambda=0.95,
        ),
        update=UpdateSettings(
            epochs=2,
            batch_size=6,
            learning_rate=1e-3,
            value_learning_rate=1e-3,
            schedule="linear",
            warmup_steps=1,
            adam_epsilon=1e-5,
            max_grad_norm=1.0,
            cliprange=0.2,
            cliprange_value=0.2,
            vf_coef=0.1,
        ),
    )


def metrics_of(output_dir: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (output_dir / "metrics.jsonl").read_text().splitlines()]


def weights_of(directory: Path) -> dict[str, Tensor]:
    return load_causal_lm(directory, dtype=torch.float32, device=CPU).state_dict()


@pytest.mark.parametrize("make", [tiny_causal_lm, tiny_gpt2, tiny_gpt_neox])
def test_tokens_that_are_rewarded_become_common(
    make: object, method: PPO, inputs: TrainingInputs, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "sft")  # type: ignore[operator]

    def share_of_even_ids(_: Networks, __: object, completions: list[Completion], **___: object) -> np.ndarray:
        return np.array([sum(i % 2 == 0 for i in c.ids) / len(c.ids) for c in completions])

    monkeypatch.setattr(online_rollouts, "score_completions", share_of_even_ids)
    method = replace(
        method,
        n_steps=20,
        rollouts_per_step=24,
        value_init="sft",
        reward=replace(method.reward, kl_coef=0.0),
        update=replace(method.update, learning_rate=1e-2, value_learning_rate=1e-2, batch_size=12),
    )
    inputs = replace(inputs, sft=Policy(checkpoint=tmp_path / "sft", temperature=0.7))
    method.train(inputs, *folders("learning"), 0)
    metrics = metrics_of(folders_of(tmp_path, "learning"))
    assert metrics[-1]["score_mean"] > metrics[0]["score_mean"] + 0.1
    assert metrics[-1]["kl_k1"] > 1 > metrics[0]["kl_k1"] == 0


def folders_of(tmp_path: Path, name: str) -> Path:
    return tmp_path / name / "output"


def test_the_reward_model_may_be_an_ensemble(
    method: PPO, inputs: TrainingInputs, two_members: Path, folders: Folders
) -> None:
    """The value network starts from its first member."""
    output_dir, scratch_dir = folders("out")
    policy = method.train(replace(inputs, reward_model=two_members), output_dir, scratch_dir, 0)
    rollouts = pd.read_parquet(output_dir / "rollouts.parquet")
    assert policy.checkpoint == output_dir and len(rollouts) == 36
    assert rollouts["score"].notna().all() and rollouts["score"].std() > 0


def test_files_say_what_happened(method: PPO, inputs: TrainingInputs, folders: Folders) -> None:
    output_dir, scratch_dir = folders("run")
    policy = replace(method, n_snapshots=2).train(inputs, output_dir, scratch_dir, 0)
    assert policy == Policy(checkpoint=output_dir, temperature=0.7)
    metrics = metrics_of(output_dir)
    documented = {
        name.strip()
        for line in (ppo.__doc__ or "").splitlines()
        if line.startswith("| ") and not line.startswith("| name")
        for name in line.split("|")[1].split(",")
    }
    assert all(set(line) == documented | {"step"} for line in metrics)
    rollouts = pd.read_parquet(output_dir / "rollouts.parquet")
    assert list(rollouts.columns) == ["step", "instruction", "input", "output", "score", "kl"]
    assert rollouts.groupby("step").size().tolist() == [12, 12, 12]
    by_step = rollouts.groupby("step").mean(numeric_only=True)
    for line in metrics:
        assert by_step.loc[line["step"], "score"] == pytest.approx(line["score_mean"], abs=1e-6)
        assert by_step.loc[line["step"], "kl"] == pytest.approx(line["kl_k1"], abs=1e-5)
    assert metrics[0]["kl_k1"] == 0 and metrics[0]["kl_k3"] == 0
    assert metrics[2]["kl_k1"] != 0 and metrics[2]["kl_k3"] > 0
    # The one before the end was taken before the last of the three updates.
    assert [s.step for s in snapshots_of(output_dir, policy.checkpoint)] == [2, 3]
    after_two, at_end = weights_of(output_dir / "step_0002"), weights_of(output_dir)
    assert any(not torch.equal(after_two[name], at_end[name]) for name in at_end)


def test_only_unfinished_answers_are_penalised(method: PPO) -> None:
    mask = torch.ones(3, 2, dtype=torch.bool)
    is_finished = torch.tensor([True, False, True])
    settings = replace(method.reward, gae_lambda=1.0, missing_eos_penalty=2.0)
    scores, zeros = torch.tensor([1.0, 1.0, 0.0]), torch.zeros(3, 2)
    no_answers = Answers([], [], [], np.zeros(0))
    rollouts = Rollouts(no_answers, mask, is_finished, scores, zeros, zeros, zeros, zeros)
    rewarded = token_rewards(rollouts, scores, settings, kl_coef=0.1)
    assert rewarded.scores.tolist() == [1.0, -1.0, 0.0]
    assert rewarded.advantages.returns.tolist() == [[1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]


def test_learning_rates_rise_and_fall(method: PPO) -> None:
    update = replace(method.update, learning_rate=1.0, value_learning_rate=2.0, warmup_steps=2)
    # after a third and two thirds, the peak, then linearly to what would be 0 in the step after the last
    rates = [update.learning_rates(step, 6) for step in range(6)]
    assert [policy for policy, _ in rates] == pytest.approx([1 / 3, 2 / 3, 1, 3 / 4, 1 / 2, 1 / 4])
    assert all(value == 2 * policy for policy, value in rates)


def test_micro_batches_change_nothing(method: PPO, inputs: TrainingInputs, folders: Folders) -> None:
    weights = []
    for size in (1, 6):
        output_dir, scratch_dir = folders(str(size))
        method.train(with_model(inputs, micro_batch_size=size), output_dir, scratch_dir, 0)
        weights.append(weights_of(output_dir))
    for name, values in weights[0].items():
        torch.testing.assert_close(values, weights[1][name], atol=2e-5, rtol=1e-3)


def test_mixed_precision_starts_at_the_reference_and_moves(
    method: PPO, inputs: TrainingInputs, folders: Folders
) -> None:
    """bfloat16 arithmetic on float32 weights: sampling, evaluation and update go through."""
    output_dir, scratch_dir = folders("mixed")
    policy = method.train(with_model(inputs, dtype="bfloat16"), output_dir, scratch_dir, 0)
    kl = [line["kl_k3"] for line in metrics_of(output_dir)]
    assert kl[0] == 0 and 0 < kl[2] < 100
    saved = load_file(policy.checkpoint / "model.safetensors")
    assert {weight.dtype for weight in saved.values()} == {torch.float32}


def test_end_token_is_trained(method: PPO, inputs: TrainingInputs) -> None:
    """An update whose advantage sits on the end token alone makes ending likelier."""
    assert inputs.sft is not None and inputs.reward_model is not None
    networks = load_networks(inputs, 0)
    value_model = ppo.load_value_model("sft", networks, inputs.model, 0)
    completions = [Completion([7, 8, networks.tokenizer.eos_token_id], "", True)] * 6
    answers = Answers([], [[5, 6]] * 6, completions, np.zeros(6))
    rollouts = ppo.evaluate(networks, value_model, answers, temperature=1.0, micro_batch_size=6)
    on_end = torch.tensor([[0.0, 0.0, 1.0]]).expand(6, 3)
    ppo.update_networks(
        networks,
        value_model,
        ppo.make_optimizer(networks.policy, value_model, method.update),
        rollouts,
        Advantages(on_end, torch.zeros(6, 3)),
        method.update,
        learning_rates=(1e-3, 1e-3),
        temperature=1.0,
        micro_batch_size=6,
        seed=0,
        step=0,
    )
    after = ppo.evaluate(networks, value_model, answers, temperature=1.0, micro_batch_size=6)
    assert (after.logps[:, 2] > rollouts.logps[:, 2]).all()
    torch.testing.assert_close(after.ref_logps, rollouts.ref_logps)


def test_values_and_logits_belong_to_the_state_before_each_token(base: Path, reward_model: Path) -> None:
    model = load_causal_lm(base, dtype=torch.float32, device=CPU)
    prompts, completions = [[5, 6, 7], [9]], [[10, 11], [12, 13, 14, 15]]
    batch = completion_batch(prompts, completions, CPU)
    values = ValueModel(load_reward_model(reward_model, dtype=torch.float32, device=CPU).base_model)  # type: ignore[arg-type]
    torch.nn.init.ones_(values.head.weight)
    with torch.no_grad():
        logits = LanguageModel(model).completion_logits(batch)
        predicted = values.completion_values(batch)
        row = 0
        for prompt, completion in zip(prompts, completions, strict=True):
            ids = torch.tensor([prompt + completion])
            alone = model(ids).logits[0, len(prompt) - 1 : -1]
            hidden = values.backbone(ids)[0][0, len(prompt) - 1 : -1]
            torch.testing.assert_close(logits[row : row + len(completion)], alone)
            torch.testing.assert_close(predicted[row : row + len(completion)], hidden.sum(dim=-1))
            row += len(completion)


def test_a_reference_that_is_not_the_policy_is_refused(
    method: PPO, inputs: TrainingInputs, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disturbed(inputs: TrainingInputs, seed: int) -> Networks:
        networks = load_networks(inputs, seed)
        with torch.no_grad():
            next(networks.policy.model.parameters()).add_(0.1)
        return networks

    monkeypatch.setattr(ppo, "load_networks", disturbed)
    with pytest.raises(RuntimeError, match="did not start at its reference"):
        method.train(inputs, *folders("run"), 0)


RUN_AND_DIE = """
import os, pickle, signal, sys
from pathlib import Path
from farm.methods import ppo

update, calls = ppo.update_networks, []

def die_in_the_third_step(*args, **kwargs):
    if kwargs["step"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return update(*args, **kwargs)

ppo.update_networks = die_in_the_third_step
method, inputs = pickle.loads(Path(sys.argv[1]).read_bytes())
method.train(inputs, Path(sys.argv[2]), Path(sys.argv[3]), 0)
"""


@pytest.mark.slow
def test_killed_run_resumes_to_the_same_bytes(
    method: PPO, inputs: TrainingInputs, folders: Folders, tmp_path: Path
) -> None:
    method = replace(
        method,
        n_steps=5,
        checkpoint_every=2,
        n_snapshots=3,
        reward=replace(method.reward, adaptive_kl=AdaptiveKL(target=0.1, rate=0.5), score_normalisation="running"),
    )
    output_dir, scratch_dir = folders("broken")
    (tmp_path / "job.pickle").write_bytes(pickle.dumps((method, inputs)))
    done = run_forked(RUN_AND_DIE, str(tmp_path / "job.pickle"), str(output_dir), str(scratch_dir))
    assert done.returncode == -signal.SIGKILL, done.stderr
    fresh_output = tmp_path / "resumed"  # the output folder of a killed build is thrown away
    fresh_output.mkdir()
    method.train(inputs, fresh_output, scratch_dir, 0)
    whole_output, whole_scratch = folders("whole")
    method.train(inputs, whole_output, whole_scratch, 0)
    kl_coefs = [line["kl_coef"] for line in metrics_of(whole_output)]
    assert len(set(kl_coefs)) == 5
    for name in ("model.safetensors", "metrics.jsonl", "rollouts.parquet", "step_0002/model.safetensors"):
        assert (fresh_output / name).read_bytes() == (whole_output / name).read_bytes(), name
