"""Weights that have diverged are not kept."""

from pathlib import Path

import pytest
import torch

from farm.errors import DivergedError
from farm.models.checkpoint import load_causal_lm
from farm.models.trained import check_trained
from tests.tiny import tiny_causal_lm


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e20, -1e7])
def test_diverged_weights_are_refused_with_stage_and_step(weight: float, tmp_path: Path) -> None:
    tiny_causal_lm(tmp_path)
    model = load_causal_lm(tmp_path, dtype=torch.float32, device=torch.device("cpu"))
    check_trained("kto, after step 1 of 1,", model)
    with torch.no_grad():
        next(model.parameters())[0, 0] = weight
    with pytest.raises(DivergedError, match=r"^kto, after step 1 of 1, has diverged: its weights .*learning_rate"):
        check_trained("kto, after step 1 of 1,", model)
