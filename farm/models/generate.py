"""Sampling answers from a causal LM.

Each answer's random numbers are keyed by (seed, purpose, prompt, sample index), so it does not depend on which other
prompts are asked for, on their order, or on the batch size (up to rounding in the forward pass). A finished answer
gives its place in the batch to the next prompt at once.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from farm.errors import UnfitError, UserError
from farm.models.context import context_of
from farm.models.decoders.decoder import Decoder, HuggingFaceDecoder
from farm.models.decoders.graphed_decoder import GraphedDecoder
from farm.models.decoders.llama_decoder import LlamaDecoder
from farm.models.decoders.recomputing_decoder import RecomputingDecoder
from farm.models.end_tokens import end_ids
from farm.models.flops import count_gpu_memory, forward_flops
from farm.models.tokens import decode_completion, encode_prompt, pad
from farm.seeds import rng_for
from farm.store.cost import Cost, count, uncounted
from farm.tensors.logprobs import sample_tokens

logger = logging.getLogger(__name__)

REFILL_SHARE = 1 / 8
"""New prompts are read in once this share of the batch is free: fewer, larger prefills."""


class Completion(NamedTuple):
    """One sampled answer."""

    ids: list[int]
    """Sampled token ids, with the end token if the answer is finished: exactly the policy's actions."""
    text: str
    """The decoded answer, without special tokens."""
    is_finished: bool
    """Whether it ended with the end token; False if it was cut at the token limit."""


class _Job(NamedTuple):
    prompt: int
    sample: int


class _Sizes(NamedTuple):
    """What pays on one kind of device."""

    prefill_prompts: int
    """Prompts read in at once: enough to fill the arithmetic units; on a CPU, few enough for the activations to stay in
    the cache."""
    shrink_share: float
    """With no prompts left, the batch is cut to its running rows once they are fewer than this share. On a GPU a step
    of fewer rows takes hardly less time, and its graph must be captured anew."""


CPU_SIZES = _Sizes(prefill_prompts=32, shrink_share=3 / 4)
GPU_SIZES = _Sizes(prefill_prompts=128, shrink_share=1 / 2)


def sample(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    n: int,
    temperature: float,
    max_new_tokens: int,
    batch_size: int,
    seed: int,
    purpose: str,
    on_progress: Callable[[int], None] | None = None,
) -> list[list[Completion]]:
    """Draw `n` answers to each rendered prompt; returns one list of `n` per prompt.

    Two equal prompts get equal answers: their random numbers have the same key.

    Args:
        temperature: of the softmax; 0 takes the likeliest token.
        batch_size: answers sampled at the same time.
        seed, purpose: key of the random numbers, with the prompt's text and the sample's index.
        on_progress: called with the number of answers just finished.

    Raises:
        UnfitError: a prompt is empty or leaves no room for `max_new_tokens` in the model's context.
        UserError: the model's logits are not finite.
    """
    if not prompts or n == 0:
        return [[] for _ in prompts]
    prompt_ids = [encode_prompt(tokenizer, prompt) for prompt in prompts]
    _check_lengths(model, prompts, prompt_ids, max_new_tokens)
    # Longest first: prompts that are read in together then have like lengths.
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompt_ids[i]), i))
    queue = deque(_Job(prompt, index) for prompt in order for index in range(n))

    def uniforms(job: _Job) -> np.ndarray:
        key = f"{prompts[job.prompt]}\x1f{job.sample}"
        return rng_for(seed, purpose, key).random(max_new_tokens, dtype=np.float32)

    n_slots = min(batch_size, len(queue))
    ends = end_ids(model, tokenizer)
    results: list[list[Completion | None]] = [[None] * n for _ in prompts]
    with torch.inference_mode(), uncounted():
        decoder = _make_decoder(model, n_slots, len(prompt_ids[order[0]]) + max_new_tokens)
        batch = _Batch(decoder, n_slots, max_new_tokens, temperature, ends, model)
        while queue or batch.n_running:
            n_free = batch.n_slots - batch.n_running
            if queue and n_free >= max(1, REFILL_SHARE * batch.n_slots):
                jobs = [queue.popleft() for _ in range(min(n_free, len(queue)))]
                batch.admit(jobs, [prompt_ids[job.prompt] for job in jobs], np.stack([uniforms(job) for job in jobs]))
            elif not queue and batch.n_running < batch.sizes.shrink_share * batch.n_slots:
                batch.shrink()
            finished = batch.step()
            for job, ids in finished:
                is_finished = ids[-1] in ends
                text = decode_completion(tokenizer, ids[:-1] if is_finished else ids)
                results[job.prompt][job.sample] = Completion(ids, text, is_finished)
            if on_progress is not None and finished:
                on_progress(len(finished))
    drawn = [[completion for completion in row if completion is not None] for row in results]
    n_generated = sum(len(completion.ids) for row in drawn for completion in row)
    n_read = sum(map(len, prompt_ids))  # samples of one prompt share its pass
    count(Cost(generated_tokens=n_generated, flops=forward_flops(model, n_read + n_generated)))
    count_gpu_memory(model.device)
    return drawn


class _Batch:
    """The rows being sampled now, one per slot of the decoder's cache."""

    def __init__(
        self,
        decoder: Decoder,
        n_slots: int,
        max_new_tokens: int,
        temperature: float,
        ends: Sequence[int],
        model: PreTrainedModel,
    ) -> None:
        device = model.device
        self._name = model.name_or_path
        self._decoder = decoder
        self._temperature = temperature
        self._ends = np.array(ends)
        self._max_new_tokens = max_new_tokens
        self._jobs: list[_Job | None] = [None] * n_slots
        self._prompt_lengths = np.zeros(n_slots, dtype=np.int64)
        self._n_drawn = np.zeros(n_slots, dtype=np.int64)
        self._drawn = np.zeros((n_slots, max_new_tokens), dtype=np.int64)
        self._uniforms = np.zeros((n_slots, max_new_tokens), dtype=np.float32)
        self._last_ids = torch.full((n_slots,), ends[0], device=device)
        self._device = device
        self.sizes = CPU_SIZES if device.type == "cpu" else GPU_SIZES

    @property
    def n_slots(self) -> int:
        return len(self._jobs)

    @property
    def n_running(self) -> int:
        return sum(job is not None for job in self._jobs)

    def admit(self, jobs: Sequence[_Job], prompt_ids: Sequence[list[int]], uniforms: np.ndarray) -> None:
        """Read prompts into free slots. A prompt's last token is fed by the next `step`, which draws what follows."""
        slots = [slot for slot, job in enumerate(self._jobs) if job is None][: len(jobs)]
        for slot, job, ids in zip(slots, jobs, prompt_ids, strict=True):
            self._jobs[slot] = job
            self._prompt_lengths[slot] = len(ids)
        last_ids = torch.tensor([ids[-1] for ids in prompt_ids], device=self._device)
        self._last_ids[torch.tensor(slots, device=self._device)] = last_ids
        self._n_drawn[slots] = 0
        self._uniforms[slots] = uniforms
        # Samples of one prompt share its prefill.
        slots_of: dict[int, list[int]] = {}
        for slot, job in zip(slots, jobs, strict=True):
            slots_of.setdefault(job.prompt, []).append(slot)
        ids_of = {job.prompt: ids[:-1] or ids for job, ids in zip(jobs, prompt_ids, strict=True)}
        for start in range(0, len(slots_of), self.sizes.prefill_prompts):
            prompts = list(slots_of)[start : start + self.sizes.prefill_prompts]
            input_ids = pad([ids_of[prompt] for prompt in prompts], int(self._ends[0]), device=self._device).input_ids
            sources = [row for row, prompt in enumerate(prompts) for _ in slots_of[prompt]]
            targets = [slot for prompt in prompts for slot in slots_of[prompt]]
            self._decoder.prefill(
                torch.tensor(targets, device=self._device), input_ids, torch.tensor(sources, device=self._device)
            )

    def step(self) -> list[tuple[_Job, list[int]]]:
        """Draw one token in every row; returns the answers that ended."""
        is_running = np.array([job is not None for job in self._jobs])
        # An empty slot runs along at position 0, where it harms nobody and widens nothing.
        positions = np.where(is_running, self._prompt_lengths + self._n_drawn - 1, 0)
        logits = self._decoder.step(
            self._last_ids, torch.from_numpy(positions).to(self._device), int(positions.max()) + 1
        )
        if not torch.isfinite(logits.amax(dim=-1)).all():
            raise UserError(
                f"the scores of the next token are NaN or infinite: the policy that started as {self._name} has "
                "diverged (train it with a lower learning_rate or max_grad_norm), or that checkpoint is damaged"
            )
        rows = np.arange(self.n_slots)
        uniforms = self._uniforms[rows, np.minimum(self._n_drawn, self._max_new_tokens - 1)]
        self._last_ids = sample_tokens(logits, torch.from_numpy(uniforms).to(self._device), self._temperature)
        ids = self._last_ids.cpu().numpy()
        self._drawn[rows[is_running], self._n_drawn[is_running]] = ids[is_running]
        self._n_drawn[is_running] += 1
        ended = is_running & (np.isin(ids, self._ends) | (self._n_drawn == self._max_new_tokens))
        finished = []
        for slot in ended.nonzero()[0].tolist():
            job = self._jobs[slot]
            assert job is not None
            finished.append((job, self._drawn[slot, : self._n_drawn[slot]].tolist()))
            self._jobs[slot] = None
        return finished

    def shrink(self) -> None:
        """Drop the empty slots."""
        running = [slot for slot, job in enumerate(self._jobs) if job is not None]
        self._jobs = [self._jobs[slot] for slot in running]
        self._prompt_lengths, self._n_drawn = self._prompt_lengths[running], self._n_drawn[running]
        self._drawn, self._uniforms = self._drawn[running], self._uniforms[running]
        kept = torch.tensor(running, device=self._device)
        self._last_ids = self._last_ids[kept]
        self._decoder.keep(kept)


def _make_decoder(model: PreTrainedModel, n_slots: int, capacity: int) -> Decoder:
    if not HuggingFaceDecoder.supports(model, capacity):
        logger.warning(
            "%s keeps more than keys and values, or its attention window is shorter than the %d tokens of prompt and "
            "answer: sampling reads every answer anew for each token; a lower max_new_tokens may fit the window",
            type(model).__name__,
            capacity,
        )
        return RecomputingDecoder(model, n_slots, capacity)
    if not LlamaDecoder.supports(model):
        return HuggingFaceDecoder(model, n_slots, capacity)
    decoder = LlamaDecoder(model, n_slots, capacity)
    return GraphedDecoder(decoder, n_slots, capacity, model.device) if model.device.type == "cuda" else decoder


def _check_lengths(
    model: PreTrainedModel, prompts: Sequence[str], prompt_ids: Sequence[list[int]], max_new_tokens: int
) -> None:
    limit = context_of(model.config)
    for prompt, ids in zip(prompts, prompt_ids, strict=True):
        if not ids:
            raise UnfitError("a prompt has no tokens; there is nothing to condition on")
        if limit is not None and len(ids) + max_new_tokens > limit:
            raise UnfitError(
                f"a prompt of {len(ids)} tokens and {max_new_tokens} new tokens exceed the model's context of {limit}: "
                f"{prompt[:80]!r}"
            )
