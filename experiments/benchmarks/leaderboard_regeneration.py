"""The whole leaderboard of 220 models x 805 annotations, made again from its verdicts: seconds and peak memory.

    OMP_NUM_THREADS=1 python experiments/benchmarks/leaderboard_regeneration.py --resamples 0
    OMP_NUM_THREADS=1 python experiments/benchmarks/leaderboard_regeneration.py --resamples 1000

Verdicts as in leaderboard_speed.py, stored as they are committed (verdicts.parquet, entries.json); from then on what
`farm leaderboard` does after it has read its root: read, compute every figure, write page, tables, JSON and verdicts,
and the site without answers. The promise is under 60 s with 1,000 bootstrap rounds on 2 cores and 2 GB, under 5 s
without.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from leaderboard_speed import Annotations, synthesised

from farm.leaderboard.collection.everything import Collected, collected
from farm.leaderboard.entries import Entry, TrackNotes
from farm.leaderboard.files import write_leaderboard
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.site.inputs import Beside
from farm.leaderboard.site.write import write_site
from farm.leaderboard.stored import Stored, read_stored, stored_files
from farm.leaderboard.verdict_table import COLUMN_TYPES
from farm.stats.length_control.style import OutputStyles

T = TypeVar("T")


def stored_of(made: Annotations) -> Collected:
    """The annotations as entries and verdicts of one track."""
    n_models, n_items = made.scores.shape
    entries = [
        Entry(key=f"{k:04}", track="made up", annotator="judge", name=f"model {k}", origin="annotations")
        for k in range(n_models)
    ]
    tables = []
    for k, styles in enumerate(made.outputs):
        score = made.scores[k]
        columns: dict[str, object] = {
            "key": f"{k:04}",
            "annotator": "judge",
            "instruction_key": [f"{i:04}" for i in range(n_items)],
            "score": score,
            "n_wins": (score > 0.5).astype(np.int64),
            "n_ties": (score == 0.5).astype(np.int64),
            "n_losses": (score < 0.5).astype(np.int64),
            "n_unparsed": 0,
            "is_graded": True,
            "n_tokens": pd.NA,
            "reference_n_tokens": pd.NA,
            "utility": np.nan,
            **_columns(styles, ""),
            **_columns(made.reference, "reference_"),
        }
        tables.append(pd.DataFrame(columns)[list(COLUMN_TYPES)].astype(COLUMN_TYPES))
    track = TrackNotes(name="made up", title="Made up", reference="the reference")
    return collected(entries, tables, {track.name: track})


def _columns(styles: OutputStyles, prefix: str) -> dict[str, object]:
    return {f"{prefix}{name}": values.astype(np.int64) for name, values in vars(styles).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=220)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    totals = [0.0, 0.0]

    def lap(name: str, run: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        spent = time.perf_counter() - wall, time.process_time() - cpu
        totals[0], totals[1] = totals[0] + spent[0], totals[1] + spent[1]
        print(f"{spent[0]:8.2f} {spent[1]:8.2f}  {name}", flush=True)
        return result

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = BoardSettings(n_resamples=options.resamples, seed=0)
        for file, content in stored_files(
            Stored(data=stored_of(synthesised(options.models, 805)), settings=settings)
        ).items():
            (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
        print(f"{options.models} models x 805 annotations, {options.resamples:,} bootstrap rounds")
        print(f"{'wall s':>8s} {'CPU s':>8s}")
        stored = lap("read the verdicts", lambda: read_stored(folder))
        board = lap("compute every figure", lambda: build_board(stored.data, stored.settings, folder))
        lap("write page, tables, JSON, verdicts", lambda: write_leaderboard(stored, board, folder))
        lap("write the site, without answers", lambda: write_site(board, folder / "site", Beside()))
        print(f"{totals[0]:8.2f} {totals[1]:8.2f}  in all")
        print(f"verdicts.parquet: {(folder / 'verdicts.parquet').stat().st_size / 2**20:.1f} MiB")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
