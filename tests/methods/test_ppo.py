"""PPO: it learns, it resumes, and neither padding nor micro-batches change an update."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from farm.methods import ppo
from farm.methods.method import TrainingInputs
from farm.methods.online.candidates import snapshots_of
from farm.methods.online.rollouts import Networks, prompts_of_step
from farm.methods.ppo import PPO
from farm.methods.ppo_reward import AdaptiveKL, RewardSettings, ScoreMoments, token_rewards
from farm.methods.ppo_update import UpdateSettings, make_optimizer, update_networks
from farm.models.checkpoint import load_causal_lm, load_reward_model
from farm.models.forward import LanguageModel, ValueModel, completion_batch
from farm.models.generate import Completion
from farm.records import Policy
from farm.tensors.ppo import Advantages
from tests.methods.conftest import Folders, with_model
from tests.tiny import tiny_causal_lm, tiny_gpt2, tiny_gpt_neox

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

    def share_of_even_ids(
        networks: Networks,
        prompt_ids: Sequence[list[int]],
        completions: Sequence[Completion],
        *,
        batch_size: int,
    ) -> Tensor:
        return torch.tensor([sum(i % 2 == 0 for i in c.ids) / len(c.ids) for c in completions])

    monkeypatch.setattr(ppo, "score_completions", share_of_even_ids)
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
    zeros = torch.zeros(3, 2)
    rewarded = token_rewards(settings, torch.tensor([1.0, 1.0, 0.0]), is_finished, zeros, zeros, mask, kl_coef=0.1)
    assert rewarded.scores.tolist() == [1.0, -1.0, 0.0]
    assert rewarded.advantages.returns.tolist() == [[1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]


def test_moments_are_those_of_all_scores() -> None:
    scores = torch.tensor([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    moments = ScoreMoments().including(scores[:2]).including(scores[2:])
    # mean 23/6; squared deviations sum to 133 - 23^2/6 = 44.8333
    assert moments.mean == pytest.approx(23 / 6)
    assert moments.standard_deviation == pytest.approx((44.8333333 / 6) ** 0.5, rel=1e-6)


def test_adaptive_kl_steers_towards_its_target() -> None:
    adaptive = AdaptiveKL(target=6.0, rate=0.1)
    assert adaptive.adapted(1.0, 60.0) == pytest.approx(1.02)  # error clipped to 0.2
    assert adaptive.adapted(1.0, 6.6) == pytest.approx(1.01)
    assert adaptive.adapted(1.0, 0.0) == pytest.approx(0.98)


def test_learning_rates_rise_and_fall(method: PPO) -> None:
    update = replace(method.update, learning_rate=1.0, value_learning_rate=2.0, warmup_steps=2)
    # after a third and two thirds, the peak, then linearly to what would be 0 in the step after the last
    rates = [update.learning_rates(step, 6) for step in range(6)]
    assert [policy for policy, _ in rates] == pytest.approx([1 / 3, 2 / 3, 1, 3 / 4, 1 / 2, 1 / 4])
    assert all(value == 2 * policy for policy, value in rates)


def test_every_pass_answers_each_prompt_once() -> None:
    passes = [[i for step in range(3 * p, 3 * p + 3) for i in prompts_of_step(10, 3, step, seed=0)] for p in range(2)]
    for answered in passes:
        assert len(set(answered)) == 9
    assert passes[0] != passes[1]
    with pytest.raises(ValueError, match="only 10 unlabeled prompts"):
        prompts_of_step(10, 11, 0, seed=0)


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
    networks = ppo._load_networks(inputs, "sft", 0)
    completions = [Completion([7, 8, networks.tokenizer.eos_token_id], "", True)] * 6
    prompt_ids = [[5, 6]] * 6
    rollouts = ppo.evaluate_completions(
        networks, prompt_ids, completions, torch.zeros(6), temperature=1.0, micro_batch_size=6
    )
    on_end = torch.tensor([[0.0, 0.0, 1.0]]).expand(6, 3)
    update_networks(
        networks,
        make_optimizer(networks, method.update),
        rollouts,
        Advantages(on_end, torch.zeros(6, 3)),
        method.update,
        learning_rates=(1e-3, 1e-3),
        temperature=1.0,
        micro_batch_size=6,
        seed=0,
        step=0,
    )
    after = ppo.evaluate_completions(
        networks, prompt_ids, completions, torch.zeros(6), temperature=1.0, micro_batch_size=6
    )
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
    load = ppo._load_networks

    def disturbed(inputs: TrainingInputs, value_init: str, seed: int) -> Networks:
        networks = load(inputs, value_init, seed)
        with torch.no_grad():
            next(networks.policy.model.parameters()).add_(0.1)
        return networks

    monkeypatch.setattr(ppo, "_load_networks", disturbed)
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
    process = subprocess.run(
        [sys.executable, "-c", RUN_AND_DIE, str(tmp_path / "job.pickle"), str(output_dir), str(scratch_dir)],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    fresh_output = tmp_path / "resumed"  # the output folder of a killed build is thrown away
    fresh_output.mkdir()
    method.train(inputs, fresh_output, scratch_dir, 0)
    whole_output, whole_scratch = folders("whole")
    method.train(inputs, whole_output, whole_scratch, 0)
    kl_coefs = [line["kl_coef"] for line in metrics_of(whole_output)]
    assert len(set(kl_coefs)) == 5
    for name in ("model.safetensors", "metrics.jsonl", "rollouts.parquet", "step_0002/model.safetensors"):
        assert (fresh_output / name).read_bytes() == (whole_output / name).read_bytes(), name
