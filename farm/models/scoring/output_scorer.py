"""Scores of outputs from outside, each with a score or the reason why it has none; nothing is cut to fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from farm.conversation import Message
from farm.errors import UserError
from farm.models.prompts import ChatPrompt, Prompt, render_all
from farm.models.scoring.reward import Floats, RewardScorer
from farm.models.tokens import encode_completion, encode_prompt
from farm.records import Output

TOO_LONG = "too long"
NOT_A_NUMBER = "not a number"


class Scored(NamedTuple):
    """Outputs with their scores."""

    scores: Floats
    """(N,) NaN where there is none."""
    members: Floats
    """(K, N) of each member of an ensemble, or of the one model."""
    reasons: list[str]
    """Why there is no score; empty where there is one. Begins with `TOO_LONG` or `NOT_A_NUMBER`."""


@dataclass(frozen=True, kw_only=True)
class OutputScorer:
    """A reward model with the prompts that it was trained on.

    An answer of several turns needs `chat`; behind a plain prompt it is text in HH-RLHF's layout.
    """

    reward: RewardScorer
    prompt: Prompt
    chat: ChatPrompt | None
    """Writes prompt and output as one conversation; None: the output's tokens follow the prompt's, as in training."""
    end_token: bool
    """Whether the end token follows finished outputs; a chat template ends them itself."""
    max_tokens: int | None
    """Of prompt and output; None for no limit."""
    batch_size: int
    """Sequences scored at once."""

    def score(self, outputs: Sequence[Output]) -> Scored:
        """Score outputs.

        Raises:
            UserError: the prompt asks for a chat template that the tokenizer does not have, or that refuses a
                conversation.
        """
        try:
            whole = [self._ids(output) for output in outputs]
        except ValueError as error:
            raise UserError(str(error)) from error
        scored = self.reward.of_short_ids(whole, batch_size=self.batch_size, max_tokens=self.max_tokens)
        reasons = [
            self._reason(score, n_tokens) for score, n_tokens in zip(scored.scores, scored.n_tokens, strict=True)
        ]
        return Scored(np.where(np.isfinite(scored.scores), scored.scores, np.nan), scored.members, reasons)

    def _ids(self, output: Output) -> list[int]:
        """Prompt and output; with `chat` the very ids of transformers' `apply_chat_template`."""
        tokenizer = self.reward.tokenizer
        if self.chat is not None:
            answer = output.turns or (Message("assistant", output.output),)
            text = self.chat.render_answered(tokenizer, output, answer, is_finished=output.is_finished)
            ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
            return ids
        (prompt,) = render_all(self.prompt, tokenizer, [output])
        ends = output.is_finished and self.end_token
        return encode_prompt(tokenizer, prompt) + encode_completion(tokenizer, output.output, is_finished=ends)

    def _reason(self, score: float, n_tokens: int) -> str:
        if np.isfinite(score):
            return ""
        if self.max_tokens is not None and n_tokens > self.max_tokens:
            return f"{TOO_LONG}: prompt and output have {n_tokens} tokens, at most {self.max_tokens} are scored"
        return f"{NOT_A_NUMBER}: the reward model's score of {n_tokens} tokens"
