"""How well the base under construction tells good drafts from bad ones, on instructions it never saw."""

import random
from typing import NamedTuple

import numpy as np
import torch
from transformers import LlamaForCausalLM

from farm.pocket.language.drafts import TARGETS, draw_evaluation_request, examine
from farm.pocket.language.writers import EXPERT, SLOPPY, write
from farm.pocket.pretrained.pretraining import DraftChunks, Heads, collate
from farm.seeds import derive_seed

_N_REQUESTS = 600


class Report(NamedTuple):
    """The base's evaluation."""

    r2: dict[str, float]
    """Explained variance of each target on pairs of demonstrators' answers to unseen instructions."""
    sign: dict[str, float]
    """Share of the pairs with different correctness (utility) whose order the heads get right."""


@torch.no_grad()
def evaluate(model: LlamaForCausalLM, heads: Heads, chunks: DraftChunks, *, seed: int) -> Report:
    """Let the heads read two answers to each of some unseen instructions, half of them held-out combinations."""
    rng = random.Random(derive_seed(seed, "pocket build evaluation"))
    rows, families = [], []
    for number in range(_N_REQUESTS):
        request = draw_evaluation_request(rng, is_held_out=number % 2 == 0)
        families.append(request.task.family)
        for _ in range(2):
            habits = EXPERT if rng.random() < 0.5 else SLOPPY
            rows.append(chunks.row(examine(request, write(request.task, habits, rng))))
    told = []
    for start in range(0, len(rows), 100):
        batch = collate(rows[start : start + 100], chunks.pad_id)
        hidden = model.model.forward(input_ids=batch.ids, use_cache=False).last_hidden_state
        told.append(heads.end(hidden[torch.arange(len(batch.end)), batch.end]))
    estimates, truth = torch.cat(told).numpy(), np.array([row.targets for row in rows])
    errors, spread = ((estimates - truth) ** 2).mean(axis=0), truth.var(axis=0)
    r2 = {name: float(1 - error / s) for name, error, s in zip(TARGETS, errors, spread, strict=True)}
    correct, told_correct = truth[0::2, 0] - truth[1::2, 0], estimates[0::2, 0] - estimates[1::2, 0]
    names = np.array(families)
    sign = {"all": _sign(correct, told_correct)}
    sign |= {str(name): _sign(correct[names == name], told_correct[names == name]) for name in np.unique(names)}
    return Report(r2=r2, sign=sign)


def _sign(truth: np.ndarray, estimate: np.ndarray) -> float:
    differs = np.abs(truth) > 1e-6
    return float((np.sign(truth[differs]) == np.sign(estimate[differs])).mean())
