"""Log-probabilities, entropies, divergences and draws, by hand and on samples."""

import math

import numpy as np
import pytest
import torch

from farm.tensors.logprobs import entropies, full_kl, kl_k3, per_token_logps, sample_tokens


def test_log_probabilities_by_hand() -> None:
    logits = torch.tensor([0.0, math.log(3.0)])  # probabilities 1/4 and 3/4; at temperature 1/2, 1/10 and 9/10
    assert per_token_logps(logits, torch.tensor(1), 1.0).item() == pytest.approx(math.log(3 / 4))
    assert per_token_logps(logits, torch.tensor(0), 0.5).item() == pytest.approx(math.log(1 / 10))
    assert entropies(logits, 1.0).item() == pytest.approx(0.562335, abs=1e-6)  # ln 4 - (3/4) ln 3
    assert entropies(torch.zeros(8), 0.7).item() == pytest.approx(math.log(8))


def test_kl_estimators_on_samples() -> None:
    rng = torch.Generator().manual_seed(0)
    policy, reference = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.3, 0.3, 0.4])
    exact = 0.5 * math.log(0.5 / 0.3) + 0.2 * math.log(0.2 / 0.4)
    drawn = torch.multinomial(policy, 200_000, replacement=True, generator=rng)
    logratio = (policy.log() - reference.log())[drawn]
    k1, k3 = logratio, kl_k3(logratio)
    for estimate in (k1, k3):
        assert abs(estimate.mean() - exact) < 5 * estimate.std() / len(drawn) ** 0.5
    assert k3.std() < 0.8 * k1.std()
    assert k3.min() >= 0
    assert k1.clamp(min=0).mean() > 1.5 * exact  # what clamping does


def test_full_kl_by_hand() -> None:
    # p = (3/4, 1/4) against q = (1/2, 1/2): 3/4 log 3/2 + 1/4 log 1/2 = .3041 - .1733 = .1308.
    logits, ref_logits = torch.tensor([3.0, 1.0]).log(), torch.zeros(2)
    assert float(full_kl(logits, ref_logits, 1.0)) == pytest.approx(0.1308, abs=1e-4)
    assert float(full_kl(logits, logits, 0.5)) == 0


def test_full_kl_is_the_mean_of_the_sampled_one() -> None:
    rng = np.random.default_rng(0)
    logits, ref_logits = (torch.tensor(rng.normal(size=5)) for _ in range(2))
    logps, ref_logps = logits.log_softmax(-1), ref_logits.log_softmax(-1)
    drawn = torch.tensor(rng.choice(5, size=200_000, p=logps.exp().numpy() / logps.exp().sum().item()))
    sampled = (logps - ref_logps)[drawn].mean()
    assert float(full_kl(logits, ref_logits, 1.0)) == pytest.approx(float(sampled), abs=0.01)


def test_sampling_inverts_the_distribution() -> None:
    logits = torch.tensor([[0.0, -math.inf, math.log(3.0), -math.inf]]).expand(6, 4)
    uniforms = torch.tensor([0.0, 0.249, 0.251, 0.5, 0.999, 1 - 2**-24])
    assert sample_tokens(logits, uniforms, 1.0).tolist() == [0, 0, 2, 2, 2, 2]
    # At temperature 1/2 the odds are 1 to 9.
    assert sample_tokens(logits, uniforms, 0.5).tolist() == [0, 2, 2, 2, 2, 2]
    assert sample_tokens(logits, uniforms, 0).tolist() == [2] * 6
