"""Unpaired preferences (Ethayarajh et al. 2024, arXiv 2402.01306): one output a row, desirable or not.

`prompt`, `completion`, `label` (true: desirable) as TRL writes them, LLaMA-Factory's `messages` and `label`, or
`instruction`, `output` and `kto_tag`.
"""

from typing import Annotated

from pydantic import BeforeValidator

from farm.data.files.rows import Row
from farm.data.layouts.asked import CHAT_COLUMNS
from farm.data.layouts.pairs import has_pair

LABEL_COLUMNS = ("label", "kto_tag")


def _truth(value: object) -> object:
    """Some write 1 for desirable and 0 for undesirable, others the words."""
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower(), value)
    return bool(value) if value in (0, 1) and isinstance(value, int | float) else value


IsDesirable = Annotated[bool, BeforeValidator(_truth)]
"""True, false, 1, 0, or these as words."""


def is_unpaired(row: Row) -> bool:
    """Whether a row is one labelled output, by its columns."""
    names = set(row)
    # A label beside a conversation may say anything; true and false say what KTO learns from.
    is_chat = not names.isdisjoint(CHAT_COLUMNS) and str(row.get("label")).lower() in ("true", "false")
    return {"prompt", "completion", "label"} <= names or "kto_tag" in names or (is_chat and not has_pair(names))
