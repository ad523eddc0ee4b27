"""How many tokens a model reads at once."""

from transformers import PreTrainedConfig

_NAMES = ("max_position_embeddings", "n_positions")


def context_of(config: PreTrainedConfig) -> int | None:
    """Tokens of prompt and answer together, as the configuration says; None if it names no limit."""
    settings = config.get_text_config().to_dict()
    limits = [settings.get(name) for name in _NAMES]
    return min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)
