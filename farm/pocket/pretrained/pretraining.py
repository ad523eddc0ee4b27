"""Batches of drafts and the loss that the pocket base is pretrained with.

    loss = language modelling (prompt tokens at a small weight)
         + criteria_weight x squared error of the criteria told from the end token
         + pause_weight    x squared error of correctness and falsehoods so far, told at every pause

The heads are linear and read the last layer, where a reward model's head reads later. They carry no weights: how much
each criterion matters is what preference labels teach. They stay behind when the base is exported.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from farm.pocket.language.drafts import TARGETS, Draft, draw_text, draw_training_request, examine
from farm.pocket.pretrained.tokenizer import END_TOKEN, PAD_TOKEN
from farm.seeds import derive_seed

CHUNK_BATCHES = 64
_SCALES = (0.36, 0.39, 0.17, 0.31, 0.47, 0.51, 0.25, 0.21, 0.4)
"""Standard deviations of the targets among drafts, to bring their errors to one scale."""
_EMPHASIS = (3.0, 1.5, 1.0, 1.0, 1.0, 1.5, 1.0, 0.5, 0.5)
"""Relative weights of the targets' errors: correctness is the hardest to see."""


class Batch(NamedTuple):
    """Right-padded drafts."""

    ids: Tensor
    """(B, T): prompt, draft, end token."""
    weights: Tensor
    """(B, T): language-modelling weight of each token as a target, 0 on padding."""
    end: Tensor
    """(B,): position of the end token."""
    targets: Tensor
    """(B, len(TARGETS)): scaled criteria."""
    pause_index: Tensor
    """(K, 2): row and position of each pause's token."""
    pause_targets: Tensor
    """(K, 2): scaled correctness and falsehoods so far."""


class Heads(nn.Module):
    """The linear heads that read the criteria."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.end = nn.Linear(hidden_size, len(TARGETS))
        self.pause = nn.Linear(hidden_size, 2)


@dataclass(frozen=True, kw_only=True)
class Templates:
    """The two prompt templates."""

    without_input: str
    with_input: str

    def render(self, instruction: str, input: str) -> str:
        template = self.with_input if input else self.without_input
        return template.replace("{input}", input).replace("{instruction}", instruction)

    @staticmethod
    def read(folder: Path) -> "Templates":
        """Read `without_input.txt` and `with_input.txt`."""
        texts = [(folder / f"{name}.txt").read_text() for name in ("without_input", "with_input")]
        return Templates(without_input=texts[0], with_input=texts[1])


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """What determines the stream of batches."""

    batch_size: int
    prompt_weight: float
    seed: int


class Row(NamedTuple):
    """One draft as tokens."""

    ids: list[int]
    weights: list[float]
    targets: list[float]
    pauses: list[int]
    pause_targets: list[tuple[float, float]]


class DraftChunks(Dataset[list[Batch]]):
    """Chunk i holds the drafts i * size ... (i + 1) * size - 1 of an endless stream, batched by length.

    Every draft is keyed by its number, so neither workers nor a restart change what is read.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, templates: Templates, settings: StreamSettings) -> None:
        self.tokenizer, self.templates, self.settings = tokenizer, templates, settings

    def __getitem__(self, chunk: int) -> list[Batch]:
        settings, size = self.settings, self.settings.batch_size * CHUNK_BATCHES
        rows = []
        for number in range(chunk * size, (chunk + 1) * size):
            rng = random.Random(derive_seed(settings.seed, "pocket draft", str(number)))
            request = draw_training_request(rng)
            rows.append(self.row(examine(request, draw_text(request.task, rng))))
        rows.sort(key=lambda row: len(row.ids))
        starts = list(range(0, size, settings.batch_size))
        random.Random(derive_seed(settings.seed, "pocket batch order", str(chunk))).shuffle(starts)
        return [collate(rows[start : start + settings.batch_size], self.pad_id) for start in starts]

    @cached_property
    def pad_id(self) -> int:
        return _token_id(self.tokenizer, PAD_TOKEN)

    def row(self, draft: Draft) -> Row:
        """One draft as tokens."""
        backend = self.tokenizer.backend_tokenizer
        prompt = backend.encode(self.templates.render(draft.instruction, draft.input)).ids
        completion = backend.encode(draft.output)
        token_by_end = {end: place for place, (_, end) in enumerate(completion.offsets)}
        pauses = [pause for pause in draft.pauses if pause.end in token_by_end]
        ids = [*prompt, *completion.ids, _token_id(self.tokenizer, END_TOKEN)]
        weights = [self.settings.prompt_weight] * len(prompt) + [1.0] * (len(ids) - len(prompt))
        return Row(
            ids=ids,
            weights=weights,
            targets=[value / scale for value, scale in zip(draft.targets, _SCALES, strict=True)],
            pauses=[len(prompt) + token_by_end[pause.end] for pause in pauses],
            pause_targets=[(pause.correctness / _SCALES[0], pause.falsehood / _SCALES[5]) for pause in pauses],
        )


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Pad rows to a batch."""
    length = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), length), pad_id, dtype=np.int64)
    weights = np.zeros((len(rows), length), dtype=np.float32)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        weights[place, : len(row.ids)] = row.weights
    pauses = [(place, position) for place, row in enumerate(rows) for position in row.pauses]
    return Batch(
        ids=torch.from_numpy(ids),
        weights=torch.from_numpy(weights),
        end=torch.tensor([len(row.ids) - 1 for row in rows]),
        targets=torch.tensor([row.targets for row in rows], dtype=torch.float32),
        pause_index=torch.tensor(pauses, dtype=torch.int64).reshape(-1, 2),
        pause_targets=torch.tensor([t for row in rows for t in row.pause_targets], dtype=torch.float32).reshape(-1, 2),
    )


def pretraining_loss(
    model: LlamaForCausalLM, heads: Heads, batch: Batch, *, criteria_weight: float, pause_weight: float
) -> Tensor:
    """The loss of the module's head."""
    hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
    weights = batch.weights[:, 1:]
    places = weights > 0
    per_token = F.cross_entropy(model.lm_head(hidden[:, :-1][places]), batch.ids[:, 1:][places], reduction="none")
    modelling = (per_token * weights[places]).sum() / weights.sum()
    told = heads.end(hidden[torch.arange(len(batch.end)), batch.end])
    emphasis = told.new_tensor(_EMPHASIS)
    criteria = ((told - batch.targets).square() * emphasis).mean()
    so_far = heads.pause(hidden[batch.pause_index[:, 0], batch.pause_index[:, 1]])
    pauses = (so_far - batch.pause_targets).square().mean() if len(batch.pause_index) else modelling.new_zeros(())
    loss: Tensor = modelling + criteria_weight * criteria + pause_weight * pauses
    return loss


def _token_id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    number = tokenizer.convert_tokens_to_ids(token)
    assert isinstance(number, int)
    return number
