"""Settings with which a checkpoint would choose the code that computes it, from the hub rather than from transformers.

transformers takes an attention implementation of the form `owner/name` for a repository of compiled kernels, which it
downloads and runs.
"""

from collections.abc import Iterator
from pathlib import Path

from farm.models.checkpoint_files.errors import CheckpointError
from farm.plain_text import one_line

BUILT_IN = ("eager", "sdpa", "flex_attention", "batched_mm", "grouped_mm")
"""Implementations of attention and of experts that come with torch and transformers."""
_KERNELS = ("use_kernels", "kernel_config")
_MAX_SHOWN = 80


def check_builtin_code(file: Path, settings: object) -> None:
    """Refuse settings, at any depth, that ask for an implementation from elsewhere.

    Args:
        file: named in the sentence.
        settings: what it holds.

    Raises:
        CheckpointError: with the key and its value.
    """
    for key, value in _entries(settings):
        is_implementation = key.removesuffix("_internal").endswith("_implementation")
        if is_implementation and not all(name in (None, *BUILT_IN) for name in _leaves(value)):
            raise CheckpointError(
                f"{file}: `{one_line(key[:_MAX_SHOWN])}` is {one_line(repr(value)[:_MAX_SHOWN])}, code from elsewhere "
                f"that would run here; this is refused. Remove the key, or give one of {', '.join(BUILT_IN)}"
            )
        if key.strip("_") in _KERNELS and value:
            raise CheckpointError(
                f"{file}: `{key}` asks to run compiled code from the hub; this is refused. Remove the key"
            )


def _entries(settings: object) -> Iterator[tuple[str, object]]:
    """Keys and values of all objects in it, outer ones first."""
    waiting = [settings]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from part.items()
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _leaves(value: object) -> Iterator[object]:
    """The values within an object of one implementation for each part of the model, or the value itself."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    else:
        yield value
