"""Statistics over real tokens, by hand and under padding."""

import math

import torch

from farm.tensors.masks import masked_mean, masked_sum, masked_var, masked_whiten

MASK = torch.tensor([[True, True, True], [True, False, False]])


def test_masked_statistics_by_hand() -> None:
    values = torch.tensor([[1.0, 2.0, 3.0], [6.0, 99.0, math.nan]])
    assert masked_mean(values, MASK).item() == 3.0  # (1 + 2 + 3 + 6) / 4
    assert masked_var(values, MASK).item() == 3.5  # (4 + 1 + 0 + 9) / 4
    assert masked_sum(values, MASK).tolist() == [6.0, 6.0]


def test_whitening_sees_real_tokens_only() -> None:
    values = torch.tensor([[1.0, 2.0, 3.0], [6.0, 99.0, math.nan]])
    whitened = masked_whiten(values, MASK, shift_mean=True)
    # mean 3, variance 7/2: (1 - 3) / sqrt(3.5) = -1.0690
    expected = torch.tensor([[-1.0690, -0.5345, 0.0], [1.6036, 0.0, 0.0]])
    torch.testing.assert_close(whitened, expected, atol=1e-4, rtol=0)
    scaled = masked_whiten(values, MASK, shift_mean=False)
    torch.testing.assert_close(scaled[MASK], whitened[MASK] + 3.0)
