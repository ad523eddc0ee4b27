"""Quark's pool: answers with their scores, kept from step to step and sorted into quantiles of reward."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from farm.conversation import Message, Messages
from farm.methods.online.rollouts import Answers


class Sample(NamedTuple):
    """An answer in the pool."""

    instruction: str
    input: str
    completion_ids: list[int]
    """End token included, if the answer has ended."""
    score: float
    history: Messages = ()
    """What was said before the instruction."""

    @classmethod
    def of_state(cls, row: Sequence[Any]) -> "Sample":
        """A sample as the loop's state holds it, in JSON."""
        instruction, extra, completion_ids, score, *histories = row
        history = tuple(Message(*message) for messages in histories for message in messages)
        return cls(instruction, extra, completion_ids, score, history)


def samples_of(answers: Answers) -> list[Sample]:
    """The answers of a step as they enter the pool."""
    return [
        Sample(instruction.instruction, instruction.input, completion.ids, float(score), instruction.history)
        for instruction, completion, score in zip(
            answers.instructions, answers.completions, answers.scores, strict=True
        )
    ]


def quantiles_of(scores: Sequence[float], n_quantiles: int) -> list[int]:
    """For each score its quantile, 0 = best; sizes differ by at most one, equal scores keep their order."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return [int(rank * n_quantiles // len(ranks)) for rank in ranks]
