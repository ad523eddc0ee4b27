"""`farm leaderboard`: the leaderboard's tables from the artifacts alone; `--check` only compares."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.config.compose import compose_one
from farm.config.objects import build
from farm.errors import UserError
from farm.leaderboard.repeats import repeat_variances
from farm.leaderboard.rows import row_errors
from farm.leaderboard.tables import check, render, write
from farm.pipeline.results import label_free_methods, readable_runs
from farm.plain_text import say
from farm.store.artifacts import Store


@dataclass(frozen=True, kw_only=True)
class LeaderboardSettings:
    """conf/leaderboard.yaml"""

    root: Path
    """Where the artifacts are."""
    output: Path
    """Folder of the tables."""


def leaderboard(arguments: Sequence[str]) -> int:
    """Write the tables, or with --check say what differs; returns the exit code."""
    overrides = [a for a in arguments if a != "--check"]
    settings = compose_one("leaderboard", overrides, lambda config: build(LeaderboardSettings, config))
    store = Store(settings.root, is_read_only=True)
    runs, artifacts, _ = read = readable_runs(store, store.readable("standings"))
    if read.skipped:
        print(read.note(), file=sys.stderr)
    if not runs:
        raise UserError(f"no finished run under {settings.root}; make some first, e.g. farm run experiment=pocket")
    standings = [row for run in runs for row in run.standings]
    notes = [f"{r.method}, labels {r.annotator_train}, seed {r.cost.seed}: {note}" for r in runs for note in r.notes]
    files = render(
        standings,
        label_free=label_free_methods(runs),
        errors=row_errors(runs),
        repeats=repeat_variances(runs),
        notes=notes,
    )
    if len(overrides) < len(arguments):
        difference = check(settings.output, files)
        print(difference or f"{settings.output} says what the {len(artifacts)} runs under {settings.root} say")
        return 1 if difference else 0
    write(files, settings.output)
    for name in sorted(files):
        say(str(settings.output / name))
    return 0
