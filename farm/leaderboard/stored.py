"""What is committed with a leaderboard, and proves it: `verdicts.parquet` and `entries.json`.

Everything that is shown is computed from these two. The same data make the same bytes (with one version of pyarrow).
`entries.json` has the keys `schema_version` (1), `settings` (n_resamples, seed), `tracks` and `entries`, whose fields
are those of `farm.leaderboard.entries`.
"""

import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import parquet

from farm.bounded.json_text import read_json_object
from farm.errors import UserError
from farm.leaderboard.collection.everything import Collected, collected
from farm.leaderboard.making.build import MAX_RESAMPLES, BoardSettings
from farm.leaderboard.plain_records import entry_of, notes_of_track, plain
from farm.leaderboard.verdict_table import COLUMN_TYPES, in_bounds

ENTRIES_FILE = "entries.json"
VERDICTS_FILE = "verdicts.parquet"
SCHEMA_VERSION = 1
_REPEATED = ("key", "annotator", "instruction_key")
MAX_VERDICTS = 20_000_000
"""220 models on 805 instructions are 0.2 million; a file that says it has more is not unpacked."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the two files say."""

    data: Collected
    settings: BoardSettings


def stored_files(stored: Stored) -> dict[str, bytes | str]:
    """The two files' contents, by name."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "settings": vars(stored.settings),
        "tracks": [plain(track) for track in stored.data.tracks.values()],
        "entries": [plain(entry) for entry in stored.data.entries],
    }
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    out = io.BytesIO()
    table = stored.data.verdicts.astype(dict.fromkeys(_REPEATED, "category"))
    table.to_parquet(out, index=False, compression="zstd", compression_level=19)
    return {ENTRIES_FILE: text, VERDICTS_FILE: out.getvalue()}


def read_stored(folder: Path) -> Stored:
    """Read what `stored_files` made.

    Raises:
        UserError: a file is missing or damaged, or the two do not belong together.
    """
    try:
        content = read_json_object(folder / ENTRIES_FILE)
        settings, entries, tracks = _of_json(content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder / ENTRIES_FILE, error) from error
    try:
        verdicts = _read_verdicts(folder / VERDICTS_FILE)
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise _unreadable(folder / VERDICTS_FILE, error) from error
    return Stored(data=collected(entries, [verdicts], tracks), settings=settings)


def _of_json(content: Mapping[str, Any]) -> tuple[BoardSettings, Sequence[Any], dict[str, Any]]:
    version = content["schema_version"]
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema_version: expected {SCHEMA_VERSION}, got {version!r:.40}")
    given = content["settings"]
    tracks = {track.name: track for track in map(notes_of_track, content["tracks"])}
    entries = [entry_of(value) for value in content["entries"]]
    odd = next((entry for entry in entries if entry.track not in tracks), None)
    if odd is not None:
        raise ValueError(f"entry {odd.key}: track {odd.track!r} is not among the tracks {sorted(tracks)}")
    return _settings(given), entries, tracks


def _settings(given: Mapping[str, Any]) -> BoardSettings:
    names = [field.name for field in dataclasses.fields(BoardSettings)]
    if sorted(given) != sorted(names) or any(type(given[name]) is not int for name in names):
        raise ValueError(f"settings: expected whole numbers {names}, got {given!r:.80}")
    if not 0 <= given["n_resamples"] <= MAX_RESAMPLES or given["seed"] < 0:
        raise ValueError(f"settings: expected n_resamples from 0 to {MAX_RESAMPLES:,} and a seed from 0 up")
    return BoardSettings(**given)


def _read_verdicts(path: Path) -> pd.DataFrame:
    n_rows = parquet.read_metadata(path).num_rows
    if n_rows > MAX_VERDICTS:
        raise ValueError(f"{n_rows:,} verdicts, and at most {MAX_VERDICTS:,} are read")
    table = pd.read_parquet(path)
    if list(table.columns) != list(COLUMN_TYPES):
        raise ValueError(f"expected the columns {list(COLUMN_TYPES)}, found {list(table.columns)}")
    return in_bounds(table.astype(COLUMN_TYPES))


def _unreadable(path: Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path}: there is no such file; `farm leaderboard` writes it from a root of finished runs")
    why = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(f"{path} is damaged: {why}; make the leaderboard anew from its root, or take the committed file")
