"""Files of recorded labels, and what a table read from one says."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def written(folder: Path, *rows: object, name: str = "labels.jsonl") -> Path:
    """JSON Lines in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def better(frame: pd.DataFrame, columns: Sequence[str] = ("output_1", "output_2")) -> list[tuple[str, str, str]]:
    """Rows as (better, relation, worse): ">" for a win, "=" for a tie (in alphabetical order), "?" if unparsed."""
    found = []
    for row in frame.to_dict("records"):
        one, two, said = str(row[columns[0]]), str(row[columns[1]]), row["preference"]
        first, second = (one, two) if said < 1.5 else (two, one) if said > 1.5 else sorted((one, two))
        found.append((first, "?" if said != said else "=" if said == 1.5 else ">", second))
    return found
