"""From records to the token ids that trainers see: ids(prompt) + ids(completion) + [end token if finished].

Prompts longer than the model's limit are left out and counted; a completion longer than its limit is cut there and
loses its end token, exactly as if it had been sampled. Pairs whose answers are the same tokens teach nothing: they are
left out and counted.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from transformers import PreTrainedTokenizerBase

from farm.conversation import Messages
from farm.errors import UnfitError
from farm.models.checkpoint import Model
from farm.models.prompts import render_all
from farm.models.tokens import encode_completion, encode_prompt
from farm.records import LabelledOutput, PreferencePair

logger = logging.getLogger(__name__)

IGNORED = -100
"""transformers' label of tokens that are not trained on."""


class Example(NamedTuple):
    """An answer to imitate."""

    instruction: str
    input: str
    output: str
    is_finished: bool = True
    """False if the answer was cut at the token limit: no end token is trained."""
    prefix: str = ""
    """Text in front of the rendered prompt."""
    suffix: str = ""
    """Text behind it, right before the answer."""
    weight: float = 1.0
    """Of each of the completion's tokens in the loss."""
    history: Messages = ()
    """What was said before the instruction."""


class LabelledIds(NamedTuple):
    """A whole sequence, under the names that trainers use."""

    input_ids: list[int]
    labels: list[int]
    """IGNORED at the prompt's tokens."""


class EncodedExample(NamedTuple):
    """An example as token ids."""

    prompt_ids: list[int]
    completion_ids: list[int]
    weight: float = 1.0
    """Of each of the completion's tokens in the loss."""

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.completion_ids)

    def for_trainer(self) -> LabelledIds:
        """Prompt and completion, loss on the completion only."""
        return LabelledIds(
            self.prompt_ids + self.completion_ids, [IGNORED] * len(self.prompt_ids) + self.completion_ids
        )


class EncodedPair(NamedTuple):
    """A preference pair as token ids; both completions follow the same prompt."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]

    @property
    def length(self) -> int:
        """Of the longer of its two sequences, which decides how far a batch is padded."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


class EncodedLabel(NamedTuple):
    """An output with its label as token ids."""

    prompt_ids: list[int]
    completion_ids: list[int]
    is_desirable: bool

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.completion_ids)


RowT = TypeVar("RowT", EncodedExample, EncodedPair, EncodedLabel)


def encode_examples(
    model: Model, tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example]
) -> list[EncodedExample]:
    """The examples whose prompt is within the limit, in order.

    Raises:
        UnfitError: no example is left.
    """
    prompts = [render_all(model.prompt, tokenizer, [e], e.prefix, e.suffix)[0] for e in examples]
    encoded = [
        EncodedExample(
            encode_prompt(tokenizer, prompt),
            _encode_answer(model, tokenizer, example.output, is_finished=example.is_finished),
            example.weight,
        )
        for prompt, example in zip(prompts, examples, strict=True)
    ]
    return _with_short_prompts(model, encoded, "examples")


def encode_unpaired(
    model: Model, tokenizer: PreTrainedTokenizerBase, outputs: Sequence[LabelledOutput]
) -> list[EncodedLabel]:
    """The labelled outputs whose prompt is within the limit, in order; recorded outputs count as finished.

    Raises:
        UnfitError: none is left.
    """
    prompts = render_all(model.prompt, tokenizer, outputs)
    encoded = [
        EncodedLabel(
            encode_prompt(tokenizer, prompt),
            _encode_answer(model, tokenizer, output.output, is_finished=True),
            output.is_desirable,
        )
        for prompt, output in zip(prompts, outputs, strict=True)
    ]
    return _with_short_prompts(model, encoded, "unpaired labels")


def encode_pairs(
    model: Model, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[PreferencePair]
) -> list[EncodedPair]:
    """The pairs whose prompt is within the limit and whose answers differ within theirs, in order.

    Raises:
        UnfitError: no pair is left, because every prompt is too long, or both answers of every one are the same tokens
            up to the limit.
    """
    prompts = render_all(model.prompt, tokenizer, pairs)
    encoded = [
        EncodedPair(
            encode_prompt(tokenizer, prompt),
            _encode_answer(model, tokenizer, pair.chosen, is_finished=pair.chosen_is_finished),
            _encode_answer(model, tokenizer, pair.rejected, is_finished=pair.rejected_is_finished),
        )
        for prompt, pair in zip(prompts, pairs, strict=True)
    ]
    short = _with_short_prompts(model, encoded, "preference pairs")
    different = [e for e in short if e.chosen_ids != e.rejected_ids]
    why = f"preference pairs have answers that are equal up to max_new_tokens ({model.max_new_tokens})"
    _tell_left_out(len(short), len(different), why, "other pairs")
    return different


def _with_short_prompts(model: Model, rows: Sequence[RowT], noun: str) -> list[RowT]:
    """The rows whose prompt is within the limit; how many are not is logged.

    Raises:
        UnfitError: none is.
    """
    short = [row for row in rows if len(row.prompt_ids) <= model.max_prompt_tokens]
    why = f"{noun} have prompts longer than model.max_prompt_tokens={model.max_prompt_tokens}"
    _tell_left_out(len(rows), len(short), why, "shorter prompts")
    return short


def _tell_left_out(n_rows: int, n_kept: int, why: str, instead: str) -> None:
    """Log how many rows cannot be learnt from.

    Raises:
        UnfitError: there are rows, and none can.
    """
    if n_kept == n_rows:
        return
    what = f"{n_rows - n_kept} of {n_rows} {why}"
    if not n_kept:
        raise UnfitError(f"{what}, so there is nothing to learn from; give a larger limit, or {instead}")
    logger.warning("%s; they are left out", what)


def _encode_answer(model: Model, tokenizer: PreTrainedTokenizerBase, answer: str, *, is_finished: bool) -> list[int]:
    return encode_completion(tokenizer, answer, is_finished=is_finished)[: model.max_new_tokens]
