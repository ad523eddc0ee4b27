"""Whether the model can be trained and asked at all, found out before anything is trained.

Its files are looked at, its tokenizer is loaded, its chat template is tried, its configuration is made without memory,
and the longest prompt is put beside its context.
"""

from collections.abc import Iterable

from farm.conversation import Asked
from farm.errors import UnfitError
from farm.models.chat_templates.renderer import check_chat_template
from farm.models.checkpoint import Model, check_model_files, load_tokenizer
from farm.models.context import context_of
from farm.models.prompts import ChatPrompt, render_all
from farm.models.tokens import encode_prompt
from farm.pipeline.chain import Chain
from farm.records import Demonstration, Instruction, Output
from farm.store.artifacts import Artifact
from farm.store.tables import read_table


def check_model(model: Model) -> None:
    """Refuse a checkpoint that no method can start from.

    Raises:
        CheckpointError: its files are not those of a causal language model.
        ChatTemplateError: the prompt is its chat template, and that leaves out what is asked, or never ends.
        UnfitError: its context has no room for an answer.
    """
    tokenizer = load_tokenizer(model.checkpoint)
    context = context_of(check_model_files(model.checkpoint))
    if isinstance(model.prompt, ChatPrompt):
        check_chat_template(tokenizer)
    if context is not None and model.max_new_tokens >= context:
        raise UnfitError(
            f"model.max_new_tokens={model.max_new_tokens} leaves no room for a prompt: {model.checkpoint} reads "
            f"at most {context} tokens at once; lower model.max_new_tokens"
        )


def check_context(data: Artifact, chain: Chain) -> None:
    """Refuse prompts that leave no room for an answer in the model's context.

    Raises:
        UnfitError: with the longest prompt, and the settings that make it fit.
    """
    model = chain.model
    context = context_of(check_model_files(model.checkpoint))
    if context is None:
        return
    room = context - model.max_new_tokens
    evaluated = read_table(data.file("evaluation.parquet"), Output)[: chain.evaluation.n_instructions]
    longest = _longest(model, evaluated, None)
    if longest > room:
        raise UnfitError(
            f"{model.checkpoint} reads at most {context} tokens at once, and an evaluation instruction's prompt of "
            f"{longest} tokens with model.max_new_tokens={model.max_new_tokens} is more; lower model.max_new_tokens to "
            f"{max(context - longest, 1)}, or leave the instruction out"
        )
    if model.max_prompt_tokens <= room:
        return
    asked: list[Asked] = [
        *read_table(data.file("demonstrations.parquet"), Demonstration),
        *read_table(data.file("preference.parquet"), Instruction),
        *read_table(data.file("unlabeled.parquet"), Instruction),
        *read_table(data.file("validation.parquet"), Instruction),
    ]
    longest = _longest(model, asked, model.max_prompt_tokens)
    if longest > room:
        raise UnfitError(
            f"{model.checkpoint} reads at most {context} tokens at once, and a prompt of {longest} tokens with "
            f"model.max_new_tokens={model.max_new_tokens} is more; give model.max_prompt_tokens={room} to leave such "
            "prompts out of training, or lower model.max_new_tokens"
        )


def _longest(model: Model, asked: Iterable[Asked], limit: int | None) -> int:
    """Tokens of the longest prompt, of those within the limit."""
    tokenizer = load_tokenizer(model.checkpoint)
    lengths = (len(encode_prompt(tokenizer, prompt)) for prompt in render_all(model.prompt, tokenizer, list(asked)))
    return max((length for length in lengths if limit is None or length <= limit), default=0)
