"""What to say on the command line where a file's columns are those that we read but for the case of their letters."""

import shlex
from collections.abc import Iterable

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "instruction": (
        *("instruction", "prompt", "question", "query"),
        *("trajectory", "conversations", "messages", "conversation"),
    ),
    **{name: (name,) for name in ("input", "chosen", "rejected", "output_1", "output_2", "preference", "annotator")},
    **{name: (name,) for name in ("model_1", "model_2", "chosen_model", "rejected_model", "output", "rating", "model")},
}
"""Settings under `columns`, and the names in files that need none."""


def column_hint(names: Iterable[str]) -> str:
    """The settings that read these columns, in a sentence; empty where no name differs in its letters' case alone."""
    known = set(names)
    folded = {name.casefold().replace(" ", "_").replace("-", "_"): name for name in known}
    settings = [
        shlex.quote(f"columns.{ours}={folded[spelling]}")
        for ours, spellings in _SPELLINGS.items()
        if known.isdisjoint(spellings)
        for spelling in [spelling for spelling in spellings if spelling in folded][:1]
    ]
    return f"names of columns are read in small letters; {' '.join(settings)} reads these" if settings else ""


def with_hint(message: str, names: Iterable[str]) -> str:
    """What is wrong with a file, and the settings that would read it where fields are missing for their letters' case.

    Args:
        message: of a DataError.
        names: the columns of the file.
    """
    hint = column_hint(names) if "expected the fields" in message else ""
    return f"{message}\n  {hint}" if hint else message
