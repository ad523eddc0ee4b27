"""Drawing a policy's answers and picking one of several: what evaluation and the two-samples stage share."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm.data.dataset import Utility
from farm.models.checkpoint import Model, load_causal_lm, load_tokenizer
from farm.models.generate import sample
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt
from farm.progress import progress
from farm.records import Instruction, Output, Policy

logger = logging.getLogger(__name__)


def keep_short(model: Model, instructions: Sequence[Instruction]) -> list[Instruction]:
    """The instructions whose prompts fit into max_prompt_tokens (AlpacaFarm drops the others from training too)."""
    tokenizer = load_tokenizer(model.checkpoint)
    prompts = render_all(model.prompt, tokenizer, [(i.instruction, i.input) for i in instructions])
    kept = [
        instruction
        for instruction, prompt in zip(instructions, prompts, strict=True)
        if len(encode_prompt(tokenizer, prompt)) <= model.max_prompt_tokens
    ]
    if len(kept) < len(instructions):
        logger.warning(
            "%d of %d instructions are longer than model.max_prompt_tokens=%d and are left out of training",
            len(instructions) - len(kept),
            len(instructions),
            model.max_prompt_tokens,
        )
    return kept
