"""PPO's optimisation phase: several passes over one step's rollouts."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from farm.methods.online.rollouts import Networks, Rollouts, micro_batches
from farm.models.forward import CompletionBatch, completion_batch
from farm.seeds import rng_for
from farm.store.cost import Cost, count
from farm.tensors.logprobs import per_token_logps
from farm.tensors.ppo import Advantages, PolicyLoss, ValueLoss, clipped_policy_loss, clipped_value_loss


@dataclass(frozen=True, kw_only=True)
class UpdateSettings:
    """How policy and value network are fitted to the rollouts of a step."""

    key_name: ClassVar[str] = "UpdateSettings"

    epochs: int
    """Passes over each step's rollouts."""
    batch_size: int
    """Answers per optimizer step, whatever the micro-batch size."""
    learning_rate: float
    """Adam's peak learning rate of the policy."""
    value_learning_rate: float
    """Adam's peak learning rate of the value network."""
    schedule: Literal["constant", "linear"]
    """The learning rates after the warmup: constant, or linearly to 0 at the last step."""
    warmup_steps: int
    """PPO steps in which the learning rates rise linearly."""
    adam_epsilon: float
    """Adam's epsilon."""
    max_grad_norm: float
    """Each network's gradient is scaled down to this norm if it is longer."""
    cliprange: float
    """The ratio to the rollouts' policy is clipped to 1 +- this."""
    cliprange_value: float
    """New values count as at most this far from the rollouts' values."""
    vf_coef: float
    """Weight of the value loss. The networks share no weights, so it matters only through max_grad_norm and epsilon."""

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs and batch_size: expected at least 1, got {self.epochs} and {self.batch_size}")

    def learning_rates(self, step: int, n_steps: int) -> tuple[float, float]:
        """Of policy and value network in this step, counted from 0."""
        if step < self.warmup_steps:
            factor = (step + 1) / (self.warmup_steps + 1)
        elif self.schedule == "constant":
            factor = 1.0
        else:
            factor = (n_steps - step) / (n_steps - self.warmup_steps)
        return factor * self.learning_rate, factor * self.value_learning_rate


class UpdateStatistics(NamedTuple):
    """Means over all real tokens of all passes, and over optimizer steps."""

    policy_loss: float
    value_loss: float
    approx_kl: float
    clip_fraction: float
    value_clip_fraction: float
    grad_norm: float
    value_grad_norm: float


def make_optimizer(networks: Networks, settings: UpdateSettings) -> torch.optim.Optimizer:
    """Adam over what is trained of both networks, in one group each."""
    groups = [
        {"params": [p for p in network.parameters() if p.requires_grad], "lr": learning_rate}
        for network, learning_rate in (
            (networks.policy.model, settings.learning_rate),
            (networks.value_model, settings.value_learning_rate),
        )
    ]
    return torch.optim.Adam(groups, eps=settings.adam_epsilon, fused=True)


def update_networks(
    networks: Networks,
    optimizer: torch.optim.Optimizer,
    rollouts: Rollouts,
    advantages: Advantages,
    settings: UpdateSettings,
    *,
    learning_rates: tuple[float, float],
    temperature: float,
    micro_batch_size: int,
    seed: int,
    step: int,
) -> UpdateStatistics:
    """Fit both networks to the rollouts. The order of the rows is keyed by (seed, step, epoch)."""
    for group, learning_rate in zip(optimizer.param_groups, learning_rates, strict=True):
        group["lr"] = learning_rate
    sums, n_tokens = torch.zeros(5, device=networks.device), 0
    norms = []
    for epoch in range(settings.epochs):
        order = rng_for(seed, "ppo minibatches", f"{step} {epoch}").permutation(len(rollouts.prompt_ids)).tolist()
        for start in range(0, len(order), settings.batch_size):
            rows = order[start : start + settings.batch_size]
            sums += _accumulate_gradients(
                networks, rollouts, advantages, settings, rows, temperature=temperature, size=micro_batch_size
            )
            n_tokens += _n_tokens(rollouts, rows)
            norms.append(
                [
                    torch.nn.utils.clip_grad_norm_(group["params"], settings.max_grad_norm)
                    for group in optimizer.param_groups
                ]
            )
            optimizer.step()
            count(Cost(gradient_steps=1))
            optimizer.zero_grad()
    policy_loss, value_loss, approx_kl, n_clipped, n_values_clipped = (sums / n_tokens).tolist()
    grad_norm, value_grad_norm = torch.tensor(norms).mean(dim=0).tolist()
    return UpdateStatistics(policy_loss, value_loss, approx_kl, n_clipped, n_values_clipped, grad_norm, value_grad_norm)


def _accumulate_gradients(
    networks: Networks,
    rollouts: Rollouts,
    advantages: Advantages,
    settings: UpdateSettings,
    rows: list[int],
    *,
    temperature: float,
    size: int,
) -> Tensor:
    """Gradients of the minibatch's mean loss per token; returns the five sums of its statistics."""
    lengths = [len(rollouts.prompt_ids[row]) + len(rollouts.completion_ids[row]) for row in rows]
    # Divided by the whole minibatch's tokens: every token weighs the same, however the rows are grouped.
    n_tokens = _n_tokens(rollouts, rows)
    sums = torch.zeros(5, device=networks.device)
    for group in micro_batches(lengths, size):
        chosen = [rows[i] for i in group]
        batch = completion_batch(
            [rollouts.prompt_ids[row] for row in chosen],
            [rollouts.completion_ids[row] for row in chosen],
            networks.device,
        )
        policy = _policy_loss(networks, batch, rollouts, advantages, settings, chosen, temperature=temperature)
        # Backward at once, before the other network's forward pass: the activations of one are in memory at a time.
        (policy.loss / n_tokens).backward()
        value = _value_loss(networks, batch, rollouts, advantages, settings, chosen)
        (settings.vf_coef * value.loss / n_tokens).backward()
        sums += torch.stack(
            [policy.loss.detach(), value.loss.detach(), policy.approx_kl, policy.n_clipped, value.n_clipped]
        )
    return sums


def _n_tokens(rollouts: Rollouts, rows: list[int]) -> int:
    return sum(len(rollouts.completion_ids[row]) for row in rows)


def _policy_loss(
    networks: Networks,
    batch: CompletionBatch,
    rollouts: Rollouts,
    advantages: Advantages,
    settings: UpdateSettings,
    rows: list[int],
    *,
    temperature: float,
) -> PolicyLoss:
    with networks.precision():
        logps = per_token_logps(networks.policy.completion_logits(batch), batch.actions, temperature)
    width = batch.completion_mask.shape[1]
    return clipped_policy_loss(
        batch.scatter(logps),
        rollouts.logps[rows, :width],
        advantages.advantages[rows, :width],
        batch.completion_mask,
        cliprange=settings.cliprange,
    )


def _value_loss(
    networks: Networks,
    batch: CompletionBatch,
    rollouts: Rollouts,
    advantages: Advantages,
    settings: UpdateSettings,
    rows: list[int],
) -> ValueLoss:
    with networks.precision():
        values = networks.value_model.completion_values(batch)
    width = batch.completion_mask.shape[1]
    return clipped_value_loss(
        batch.scatter(values),
        rollouts.values[rows, :width],
        advantages.returns[rows, :width],
        batch.completion_mask,
        cliprange_value=settings.cliprange_value,
    )
