"""How many tokens a reply took: as the endpoint says, or by an estimate where it says nothing that can be."""

from collections.abc import Mapping
from typing import NamedTuple

from farm.bounded.numbers import token_count
from farm.calls.request import Request
from farm.calls.spending.prices import NO_USAGE, Usage
from farm.calls.tokens import estimated_prompt_tokens, estimated_tokens

MAX_SHOWN = 40
"""Characters of a strange number that are shown."""


class SaidUsage(NamedTuple):
    """What a reply says of its tokens."""

    n_prompt: int | None
    """None if it says nothing, or no number that can be."""
    n_cached_prompt: int
    n_completion: int | None
    strange: str
    """What it says that cannot be, such as `prompt_tokens: 1e+20`; empty if there is nothing of the kind."""


NOTHING_SAID = SaidUsage(None, 0, None, "")


def said_usage(usage: object) -> SaidUsage:
    """Read the field `usage` of a chat completion."""
    if not isinstance(usage, dict):
        return NOTHING_SAID if usage is None else NOTHING_SAID._replace(strange=_shown("usage", usage))
    details = usage.get("prompt_tokens_details")
    fields = {
        "prompt_tokens": usage.get("prompt_tokens"),
        "cached_tokens": details.get("cached_tokens") if isinstance(details, dict) else None,
        "completion_tokens": usage.get("completion_tokens"),
    }
    counts = {name: token_count(value) for name, value in fields.items()}
    strange = [_shown(name, value) for name, value in fields.items() if value is not None and counts[name] is None]
    n_prompt, n_cached = counts["prompt_tokens"], counts["cached_tokens"] or 0
    return SaidUsage(n_prompt, min(n_prompt or 0, n_cached), counts["completion_tokens"], ", ".join(strange))


def usage_of(said: SaidUsage, request: Request, text: str) -> Usage:
    """The tokens of one reply, with estimates for what is not known.

    Args:
        said: by the endpoint.
        request: what was asked.
        text: of the reply; empty where there was none, whose tokens are paid for only if the endpoint says so.
    """
    if not text and not said.strange and not said.n_prompt and not said.n_completion:
        return NO_USAGE
    return Usage(
        estimated_prompt_tokens(request) if said.n_prompt is None else said.n_prompt,
        said.n_cached_prompt,
        estimated_tokens(text) if said.n_completion is None else said.n_completion,
    )


def _shown(name: str, value: object) -> str:
    if isinstance(value, Mapping | list):
        return f"{name}: a {'list' if isinstance(value, list) else 'object'}"
    if isinstance(value, str):  # which may be an echo of the key, and would be cut here before it is cleared
        return f"{name}: a text"
    text = repr(value)
    return f"{name}: {text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '...'}"
