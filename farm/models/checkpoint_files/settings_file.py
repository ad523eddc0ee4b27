"""JSON files of settings that come with a checkpoint, read with a bound on what they may hold."""

from pathlib import Path
from typing import Any

from farm.bounded.json_text import read_json_object
from farm.models.checkpoint_files.errors import CheckpointError

MAX_BYTES = 16 * 2**20
"""config.json of the largest models is a few kilobytes; an index of weights may have some megabytes."""


def read_settings(file: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CheckpointError: it is too large, too deep, no JSON, or no object.
    """
    try:
        return read_json_object(file, max_bytes=MAX_BYTES)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: expected a JSON object of settings: {error}") from error
