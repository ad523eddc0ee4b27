"""Which tokens end an answer: the tokenizer's end token, and those that generation_config.json names beside it.

Chat models often end a turn with another token than a document (`<|im_end|>`, `<|eot_id|>`); whoever stops at one of
them only draws on to the limit. All that is read of generation_config.json are these ids: how answers are drawn is a
setting here.
"""

from pathlib import Path

from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from farm.models.checkpoint_files.errors import CheckpointError
from farm.models.checkpoint_files.settings_file import read_settings

GENERATION_CONFIG = "generation_config.json"


def end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The ids after which nothing is drawn; the first is the tokenizer's, which training puts behind answers."""
    own = model.generation_config.eos_token_id if model.generation_config is not None else None
    others = own if isinstance(own, list) else [] if own is None else [own]
    assert tokenizer.eos_token_id is not None
    return tuple(dict.fromkeys([int(tokenizer.eos_token_id), *others]))


def keep_end_ids(path: str | Path, model: PreTrainedModel, folder: Path) -> None:
    """Keep only the ids of a checkpoint's generation settings where the others are not valid and could not be saved.

    Raises:
        CheckpointError: generation_config.json names end tokens that are no ids of the vocabulary.
    """
    file = folder / GENERATION_CONFIG
    named = read_settings(file).get("eos_token_id") if file.is_file() else None
    ids = named if isinstance(named, list) else [] if named is None else [named]
    n_embedded = model.config.get_text_config().vocab_size
    wrong = [each for each in ids if isinstance(each, bool) or not isinstance(each, int) or not 0 <= each < n_embedded]
    if wrong:
        raise CheckpointError(
            f"{path}: {GENERATION_CONFIG}: eos_token_id: expected ids of the vocabulary (0 to {n_embedded - 1}), got "
            f"{wrong[0]!r:.40}"
        )
    kept = model.generation_config
    try:
        if kept is not None:
            kept.validate(strict=True)
    except (ValueError, TypeError):
        config = model.config
        model.generation_config = GenerationConfig(
            eos_token_id=named, pad_token_id=config.pad_token_id, bos_token_id=config.bos_token_id
        )
