"""How long answers are in tokens, by a track's tokenizer."""

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from farm.data.files.table_files import DataError, not_there
from farm.leaderboard.tracks.track import Track

_FILE = "tokenizer.json"


def token_counter(track: Track) -> Callable[[str], int] | None:
    """Counts the tokens of a text, without special ones; None where the track names no tokenizer.

    Raises:
        DataError: the tokenizer is missing or damaged.
    """
    path = track.file(track.tokenizer)
    if path is None:
        return None
    tokenizer = _read(path / _FILE if path.is_dir() else path)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _read(path: Path) -> Tokenizer:
    if not path.is_file():
        raise DataError(f"track.tokenizer: {not_there(path)}")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise DataError(f"track.tokenizer: {path} is no tokenizer.json: {str(error).splitlines()[0]}") from error
