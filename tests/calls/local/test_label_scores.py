"""Label log-probabilities against the plain definition: one unpadded sequence, one full forward pass."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from farm.calls.local.label_scores import label_logprobs
from tests.tiny import tiny_causal_lm, tiny_gpt2, tiny_gpt_neox

Make = Callable[[Path], tuple[PreTrainedModel, PreTrainedTokenizerBase]]
PROMPTS = [[5, 9, 200], [7], [30, 31, 32, 33, 34, 35, 36], [12, 13, 14, 15]]
SINGLE = [[40], [41]]
SHARED = [[50, 51, 60], [50, 51, 61]]
TAILS = [[50, 60, 70, 71], [50, 61], [80, 81]]
PREFIX = [[50, 51], [50, 51, 52]]


def plain(model: PreTrainedModel, prompt: Sequence[int], label: Sequence[int]) -> float:
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*prompt, *label]])).logits[0]
    total = 0.0
    for position, token in enumerate(label, start=len(prompt)):
        total += torch.log_softmax(logits[position - 1].double(), dim=-1)[token].item()
    return total


@pytest.mark.parametrize("make", [tiny_causal_lm, tiny_gpt2, tiny_gpt_neox])
@pytest.mark.parametrize("labels", [SINGLE, SHARED, TAILS, PREFIX])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_every_label_has_its_log_probability(
    make: Make, labels: list[list[int]], batch_size: int, tmp_path: Path
) -> None:
    model, _ = make(tmp_path)
    scores = label_logprobs(model, PROMPTS, [labels] * len(PROMPTS), batch_size=batch_size)
    for prompt, row in zip(PROMPTS, scores, strict=True):
        assert row == pytest.approx([plain(model, prompt, label) for label in labels], abs=2e-4)


def test_prompts_may_have_different_labels(tmp_path: Path) -> None:
    model, _ = tiny_causal_lm(tmp_path)
    labels = [SINGLE, TAILS, PREFIX, SHARED]
    for prompt, ids, row in zip(PROMPTS, labels, label_logprobs(model, PROMPTS, labels, batch_size=4), strict=True):
        assert row == pytest.approx([plain(model, prompt, label) for label in ids], abs=2e-4)


def test_labels_that_part_at_their_last_token_cost_one_pass(tmp_path: Path) -> None:
    model, _ = tiny_causal_lm(tmp_path)
    passes: list[int] = []
    model.register_forward_hook(lambda _module, _args, output: passes.append(output.logits.shape[1]))
    label_logprobs(model, PROMPTS, [SHARED] * 4, batch_size=4)
    # Prompts of 1, 3, 4 and 7 tokens and two shared ones: the three last states of each row are 7 different columns
    # at most (0-2, 2-4, 3-5, 6-8), so logits are computed at 9 columns and in one pass.
    assert passes == [9]
