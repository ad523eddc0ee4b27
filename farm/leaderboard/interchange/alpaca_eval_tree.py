"""What a root measured as a folder in AlpacaEval's layout, one below the other for each track.

    TRACK/results/MODEL/model_outputs.json
    TRACK/results/MODEL/ANNOTATOR/annotations.json
    TRACK/reference/model_outputs.json
    TRACK/leaderboards/ANNOTATOR_leaderboard.csv

Data files keep every text as it is; the leaderboard is for people, too, and no name in it is a formula.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.disk import write_whole
from farm.errors import UserError
from farm.leaderboard.collection.answers import answers_of
from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.entries import Entry
from farm.leaderboard.interchange.alpaca_eval_rows import Row, annotation_rows, output_rows, reference_rows
from farm.leaderboard.interchange.alpaca_eval_table import ModelVerdicts, alpaca_eval_csv
from farm.store.ancestry import artifacts_by_key
from farm.store.artifacts import Store

_UNFIT = re.compile(r"[^\w.+-]+", re.ASCII)
_MAX_NAME = 80
"""Characters of a name that its folder has."""


def write_alpaca_eval(store: Store, collected: Collected, entries: Sequence[Entry], output: Path) -> list[Path]:
    """Write the folder; returns its files.

    Args:
        store: the root.
        collected: what it says.
        entries: which of its entries are written.
        output: the folder; files of an earlier export are replaced, others stay.

    Raises:
        UserError: there is no entry, or the texts of one are not there.
    """
    if not entries:
        raise UserError(f"nothing to export: no model under {store.root} is what was asked for")
    by_key, names = artifacts_by_key(store), model_names(entries)
    of_entry = dict(tuple(collected.verdicts.groupby(["key", "annotator"], sort=False)))
    boards: dict[Path, list[ModelVerdicts]] = {}
    written: list[Path] = []
    for entry in entries:
        track, model = output / folder_name(entry.track), names[entry.key]
        answers = list(answers_of(store, entry, by_key=by_key))
        results = track / "results" / model
        notes = collected.tracks[entry.track]
        rows = annotation_rows(answers, entry=entry, model=model, track=notes)
        files = {
            track / "reference" / "model_outputs.json": reference_rows(answers, track=notes),
            results / "model_outputs.json": output_rows(answers, model=model, track=entry.track),
            results / folder_name(entry.annotator) / "annotations.json": rows,
        }
        for path, content in files.items():
            write_whole(path, json_text(content))
        written += files
        board = track / "leaderboards" / f"{folder_name(entry.annotator)}_leaderboard.csv"
        boards.setdefault(board, []).append(ModelVerdicts(model, of_entry[entry.key, entry.annotator]))
    for board, models in boards.items():
        write_whole(board, alpaca_eval_csv(models))
    return sorted({*written, *boards})


def model_names(entries: Sequence[Entry]) -> Mapping[str, str]:
    """A name for each entry's key that is fit for a folder: method, feedback and seed of a run, else the model's name.

    Where two would have one name, the key follows.
    """
    names = {entry.key: _name(entry) for entry in entries}
    tracks = {entry.key: entry.track for entry in entries}
    taken = Counter((tracks[key], name.lower()) for key, name in names.items())  # some disks know no capitals
    return {k: name if taken[tracks[k], name.lower()] == 1 else f"{name}-{k}" for k, name in names.items()}


def folder_name(name: str) -> str:
    """Letters, digits and `.+-_`; neither empty nor hidden."""
    return _UNFIT.sub("_", name).strip("._-")[:_MAX_NAME] or "unnamed"


def json_text(rows: Sequence[Row]) -> str:
    """As AlpacaEval writes them; halves of surrogate pairs are escapes, as in any JSON."""
    return json.dumps(rows, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _name(entry: Entry) -> str:
    if entry.origin != "run":
        return folder_name(entry.name)
    parts = (entry.name, entry.feedback, "" if entry.seed is None else f"seed{entry.seed}")
    return folder_name("-".join(part for part in parts if part))
