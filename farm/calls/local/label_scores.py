"""Log-probabilities of a few given continuations of many prompts, in one forward pass per batch.

The beginning that a prompt's labels share is read with the prompt, so that labels which differ in their last token
("Output (a", "Output (b") or have one token each cost one pass over the prompt and nothing else. What follows the token
where they part is scored from the cached prompt. Logits are computed at the columns that are needed only.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from farm.models.tokens import pad

Ids = Sequence[int]


class _Row(NamedTuple):
    """One prompt with its labels taken apart."""

    number: int
    ids: list[int]
    """Prompt and the labels' shared beginning."""
    n_shared: int
    """Tokens of the shared beginning."""
    rests: list[list[int]]
    """For each label what follows the shared beginning; empty if nothing does."""


def label_logprobs(
    model: PreTrainedModel, prompts: Sequence[Ids], labels: Sequence[Sequence[Ids]], *, batch_size: int
) -> list[tuple[float, ...]]:
    """For each prompt the log-probability of each of its labels, in nats, summed over the label's tokens.

    Args:
        prompts: token ids, at least one each.
        labels: for each prompt its labels' token ids, at least one each.
        batch_size: prompts per forward pass.
    """
    rows = []
    for number, (prompt, ids) in enumerate(zip(prompts, labels, strict=True)):
        same = (len(set(tokens)) == 1 for tokens in zip(*ids, strict=False))
        n_shared = sum(1 for _ in itertools.takewhile(bool, same))
        rows.append(_Row(number, [*prompt, *ids[0][:n_shared]], n_shared, [list(label[n_shared:]) for label in ids]))
    rows.sort(key=lambda row: -len(row.ids))
    scores: dict[int, tuple[float, ...]] = {}
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            scores.update(zip((row.number for row in batch), _score(model, batch), strict=True))
    return [scores[number] for number in range(len(prompts))]


def _score(model: PreTrainedModel, rows: Sequence[_Row]) -> list[tuple[float, ...]]:
    has_tails = any(len(rest) > 1 for row in rows for rest in row.rests)
    cache = DynamicCache() if has_tails else None
    # Padding on the right is invisible to causal attention, so no mask is needed.
    input_ids = pad([row.ids for row in rows], 0, device=model.device).input_ids
    needed = [(r, len(row.ids) - 1 - back) for r, row in enumerate(rows) for back in range(row.n_shared, -1, -1)]
    columns = sorted({column for _, column in needed})
    place = {column: i for i, column in enumerate(columns)}
    logits: Tensor = model(
        input_ids=input_ids,
        past_key_values=cache,
        use_cache=has_tails,
        logits_to_keep=torch.tensor(columns, device=model.device),
    ).logits
    picked = logits[[r for r, _ in needed], [place[column] for _, column in needed]].float()
    logps = torch.log_softmax(picked, dim=-1)
    line = 0
    shared: list[float] = []
    ends: list[Tensor] = []
    for row in rows:
        n = row.n_shared
        targets = torch.tensor(row.ids[len(row.ids) - n :], dtype=torch.long, device=logps.device)
        shared.append(logps[line : line + n].gather(1, targets.unsqueeze(1)).sum().item())
        ends.append(logps[line + n])
        line += n + 1
    tails = _tail_logps(model, cache, rows) if cache is not None else {}
    return [
        tuple(
            shared[r] + (ends[r][rest[0]].item() if rest else 0.0) + tails.get((r, k), 0.0)
            for k, rest in enumerate(row.rests)
        )
        for r, row in enumerate(rows)
    ]


def _tail_logps(model: PreTrainedModel, cache: DynamicCache, rows: Sequence[_Row]) -> dict[tuple[int, int], float]:
    """Of each (row, label) the log-probability of the label's tokens after the one where the labels part."""
    numbers = [(r, k) for r, row in enumerate(rows) for k, rest in enumerate(row.rests) if len(rest) > 1]
    rests = [rows[r].rests[k] for r, k in numbers]
    lengths = torch.tensor([len(rows[r].ids) for r, _ in numbers], device=model.device)
    cache.batch_select_indices(torch.tensor([r for r, _ in numbers], device=model.device))
    fed = pad([rest[:-1] for rest in rests], 0, device=model.device)
    n_columns = int(cache.get_seq_length())
    is_prompt = torch.arange(n_columns, device=model.device) < lengths.unsqueeze(1)
    logits: Tensor = model(
        input_ids=fed.input_ids,
        attention_mask=torch.cat([is_prompt, fed.mask], dim=1).long(),
        position_ids=lengths.unsqueeze(1) + torch.arange(fed.input_ids.shape[1], device=model.device),
        past_key_values=cache,
        use_cache=True,
    ).logits
    targets = pad([rest[1:] for rest in rests], 0, device=model.device)
    logps = torch.log_softmax(logits.float(), dim=-1).gather(2, targets.input_ids.unsqueeze(2)).squeeze(2)
    sums = (logps * targets.mask).sum(dim=1).tolist()
    return dict(zip(numbers, sums, strict=True))
