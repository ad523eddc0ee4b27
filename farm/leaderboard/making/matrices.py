"""The verdicts of one table as arrays, entries by instructions, from which all of its figures are computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.entries import Entry
from farm.leaderboard.verdict_table import REFERENCE_PREFIX, STYLE_COLUMNS
from farm.stats.bootstrap import FloatArray

_FIGURES = (
    "score",
    "n_wins",
    "n_ties",
    "n_losses",
    "n_unparsed",
    "utility",
    *STYLE_COLUMNS,
    *(f"{REFERENCE_PREFIX}{name}" for name in STYLE_COLUMNS),
)


@dataclass(frozen=True, kw_only=True)
class VerdictMatrices:
    """E entries of one track, judged by one annotator, on I instructions."""

    track: str
    annotator: str
    entries: Sequence[Entry]
    instruction_keys: Sequence[str]
    """(I,) those that any of the entries was judged on, in order."""
    figures: dict[str, FloatArray]
    """Of each column of figures (E, I); NaN where there is no verdict, or none that says."""
    is_graded: bool
    """Whether any verdict is."""

    def of(self, name: str, rows: Sequence[int]) -> FloatArray:
        """(S, I) one figure of some of the entries."""
        return self.figures[name][list(rows)]


def matrices_of(data: Collected) -> Iterator[VerdictMatrices]:
    """One for each track and annotator, in order."""
    places = pd.MultiIndex.from_tuples(
        [(entry.key, entry.annotator) for entry in data.entries], names=["key", "annotator"]
    )
    of_entry = places.get_indexer(pd.MultiIndex.from_frame(data.verdicts[["key", "annotator"]]))
    tables: dict[tuple[str, str], list[int]] = {}
    for index, entry in enumerate(data.entries):
        tables.setdefault((entry.track, entry.annotator), []).append(index)
    columns = {name: data.verdicts[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in _FIGURES}
    graded = data.verdicts["is_graded"].to_numpy()
    keys = data.verdicts["instruction_key"].to_numpy(dtype=object)
    for (track, annotator), members in sorted(tables.items()):
        row_of = np.full(len(data.entries), -1)
        row_of[members] = np.arange(len(members))
        rows = row_of[of_entry]
        chosen = np.flatnonzero(rows >= 0)
        column_of, instructions = pd.factorize(keys[chosen], sort=True)
        figures = {}
        for name, values in columns.items():
            matrix = np.full((len(members), len(instructions)), np.nan)
            matrix[rows[chosen], column_of] = values[chosen]
            figures[name] = matrix
        yield VerdictMatrices(
            track=track,
            annotator=annotator,
            entries=tuple(data.entries[index] for index in members),
            instruction_keys=tuple(str(key) for key in instructions),
            figures=figures,
            is_graded=bool(graded[chosen].any()),
        )
