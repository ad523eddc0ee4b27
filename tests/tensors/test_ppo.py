"""Hand-worked numbers and laws of PPO's rewards, advantages and losses."""

import math

import pytest
import torch
from torch import Tensor

from farm.tensors.masks import masked_whiten
from farm.tensors.ppo import clipped_policy_loss, clipped_value_loss, generalised_advantages, shaped_rewards


def random_batch(seed: int, n_rows: int = 5, n_columns: int = 7) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three tensors (B, T) and a mask of ragged rows padded on the right."""
    rng = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, n_columns + 1, (n_rows, 1), generator=rng)
    first, second, third = torch.randn(3, n_rows, n_columns, generator=rng)
    return first, second, third, torch.arange(n_columns) < lengths


def with_junk(tensor: Tensor, mask: Tensor) -> Tensor:
    """Nonsense at padded positions, and three more columns of it."""
    junk = torch.where(mask, tensor, math.nan)
    return torch.cat([junk, torch.full((len(tensor), 3), math.nan)], dim=1)


def wider(mask: Tensor) -> Tensor:
    return torch.cat([mask, torch.zeros(len(mask), 3, dtype=torch.bool)], dim=1)


def test_reward_sits_at_the_last_real_token() -> None:
    scores, mask = torch.tensor([10.0, 20.0]), torch.tensor([[True, True, True], [True, False, False]])
    logratio = torch.tensor([[1.0, -2.0, 0.5], [4.0, 99.0, 99.0]])
    # -0.1 * logratio, negative ones not clamped, and the score on top at columns 2 and 0
    expected = torch.tensor([[-0.1, 0.2, 9.95], [19.6, 0.0, 0.0]])
    torch.testing.assert_close(shaped_rewards(scores, logratio, mask, kl_coef=0.1), expected)


def test_advantages_by_hand() -> None:
    rewards, values = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5, 0.25]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    advantages, returns = generalised_advantages(rewards, values, mask, gamma=0.5, gae_lambda=0.5)
    # delta_1 = 1 - 0.25 = 0.75; delta_0 = 0 + 0.5 * 0.25 - 0.5 = -0.375; A_0 = -0.375 + 0.25 * 0.75 = -0.1875
    torch.testing.assert_close(advantages, torch.tensor([[-0.1875, 0.75]]))
    torch.testing.assert_close(returns, torch.tensor([[0.3125, 1.0]]))


def test_lambda_one_gives_returns_to_go_minus_values() -> None:
    rewards, values, _, mask = random_batch(0)
    advantages, returns = generalised_advantages(rewards, values, mask, gamma=1.0, gae_lambda=1.0)
    for row in range(len(mask)):
        length = int(mask[row].sum())
        for t in range(length):
            to_go = rewards[row, t:length].sum()
            torch.testing.assert_close(advantages[row, t], to_go - values[row, t])
            torch.testing.assert_close(returns[row, t], to_go)


def test_policy_loss_by_hand() -> None:
    # ratios 1.5, 0.5, 1.1 and 1.5 with advantages 1, -1, 2 and -1; clipped to 1.2, 0.8, 1.1 and 1.2
    ratio = torch.tensor([[1.5, 0.5, 1.1, 1.5]])
    advantages = torch.tensor([[1.0, -1.0, 2.0, -1.0]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    result = clipped_policy_loss(ratio.log(), torch.zeros(1, 4), advantages, mask, cliprange=0.2)
    # max(-1.5, -1.2) + max(0.5, 0.8) + max(-2.2, -2.2) + max(1.5, 1.2) = -1.2 + 0.8 - 2.2 + 1.5
    assert result.loss.item() == pytest.approx(-1.1)
    assert result.n_clipped.item() == 2
    # sum of ratio - 1 - log ratio = 0.6 - 2 log 1.5 - log 0.5 - log 1.1
    expected_kl = 0.6 - 2 * math.log(1.5) - math.log(0.5) - math.log(1.1)
    assert result.approx_kl.item() == pytest.approx(expected_kl, abs=1e-6)


def test_value_loss_by_hand() -> None:
    # values 1.0 and 0.1, old 0.5 and 0.0, returns 1.0 and 1.0: V' = 0.7 and 0.1
    result = clipped_value_loss(
        torch.tensor([[1.0, 0.1]]),
        torch.tensor([[0.5, 0.0]]),
        torch.tensor([[1.0, 1.0]]),
        torch.ones(1, 2, dtype=torch.bool),
        cliprange_value=0.2,
    )
    assert result.loss.item() == pytest.approx(0.5 * (0.09 + 0.81))
    assert result.n_clipped.item() == 1


def test_clipped_tokens_give_no_gradient() -> None:
    logps = torch.tensor([[math.log(1.5), 0.0]], requires_grad=True)
    mask = torch.ones(1, 2, dtype=torch.bool)
    clipped_policy_loss(logps, torch.zeros(1, 2), torch.ones(1, 2), mask, cliprange=0.2).loss.backward()  # type: ignore[no-untyped-call]
    assert logps.grad is not None
    assert logps.grad.tolist() == [[0.0, -1.0]]


@pytest.mark.parametrize("seed", range(3))
def test_padding_never_changes_a_result(seed: int) -> None:
    first, second, third, mask = random_batch(seed)
    junk = [with_junk(tensor, mask) for tensor in (first, second, third)]
    policy = clipped_policy_loss(first, second, third, mask, cliprange=0.2)
    torch.testing.assert_close(clipped_policy_loss(*junk, wider(mask), cliprange=0.2), policy)
    value = clipped_value_loss(first, second, third, mask, cliprange_value=0.2)
    torch.testing.assert_close(clipped_value_loss(*junk, wider(mask), cliprange_value=0.2), value)
    gae = generalised_advantages(first, second, mask, gamma=0.9, gae_lambda=0.8)
    gae_junk = generalised_advantages(junk[0], junk[1], wider(mask), gamma=0.9, gae_lambda=0.8)
    assert torch.equal(gae.advantages, gae_junk.advantages[:, :-3])
    assert not gae_junk.advantages[~wider(mask)].any()
    white = masked_whiten(first, mask, shift_mean=True)
    torch.testing.assert_close(masked_whiten(junk[0], wider(mask), shift_mean=True)[:, :-3], white)


def test_gradients_are_finite_where_padding_is_not() -> None:
    first, second, third, mask = random_batch(0)
    logps = with_junk(first, mask).requires_grad_()
    clipped_policy_loss(
        logps, with_junk(second, mask), with_junk(third, mask), wider(mask), cliprange=0.2
    ).loss.backward()  # type: ignore[no-untyped-call]
    assert logps.grad is not None
    assert torch.isfinite(logps.grad).all()
