"""`farm leaderboard`: the leaderboard from the artifacts alone; `--check` computes it again from its own verdicts."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.config.checks import check_fields
from farm.config.compose import compose_one
from farm.config.objects import build
from farm.errors import UserError
from farm.leaderboard.checking import check_folder
from farm.leaderboard.collection.beside import beside_of
from farm.leaderboard.collection.everything import Collected, collect
from farm.leaderboard.files import write_leaderboard
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.pages.terminal import short_ranking
from farm.leaderboard.site.write import write_site
from farm.leaderboard.stored import Stored
from farm.plain_text import say
from farm.store.artifacts import Store

SITE = "site"


@dataclass(frozen=True, kw_only=True)
class LeaderboardSettings:
    """conf/leaderboard.yaml"""

    root: Path
    """Where the artifacts are."""
    output: Path
    """Folder of the leaderboard."""
    n_resamples: int
    """Behind intervals; 0 leaves them out."""
    seed: int
    """Keys the resampling."""
    compared_with: Mapping[str, Sequence[str]]
    """By track, the rankings that its tables are held against."""
    site: bool
    """Whether the site is written."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n_resamples": 0, "seed": 0})


def leaderboard(arguments: Sequence[str]) -> int:
    """Write the leaderboard, or with --check say what differs; returns the exit code."""
    overrides = [a for a in arguments if a != "--check"]
    settings = compose_one("leaderboard", overrides, lambda config: build(LeaderboardSettings, config))
    if len(overrides) < len(arguments):
        return _check(settings, is_root_named=any(a.startswith("root=") for a in overrides))
    data = _collect(settings)
    stored = Stored(data=data, settings=BoardSettings(n_resamples=settings.n_resamples, seed=settings.seed))
    board = build_board(data, stored.settings, settings.output)
    paths = write_leaderboard(stored, board, settings.output)
    if settings.site:
        store = Store(settings.root, is_read_only=True)
        paths.append(write_site(board, settings.output / SITE, beside_of(store, data)))
    for line in [*short_ranking(board), *(str(path) for path in paths)]:
        say(line)
    return 0


def _check(settings: LeaderboardSettings, *, is_root_named: bool) -> int:
    root = _collect(settings) if is_root_named else None
    found = check_folder(settings.output, root)
    for line in found:
        say(line)
    if not found:
        whose = f", and these are those of {settings.root}" if is_root_named else ""
        say(f"{settings.output} says what its verdicts say{whose}")
    return 1 if found else 0


def _collect(settings: LeaderboardSettings) -> Collected:
    """What the root says; what cannot be read is named on standard error."""
    data = collect(Store(settings.root, is_read_only=True))
    if data.skipped:
        n = len({entry.key for entry in data.entries}) + len(data.skipped)
        print(f"left out {len(data.skipped)} of {n} runs:", *data.skipped, sep="\n", file=sys.stderr)
    if not data.entries:
        raise UserError(f"no finished run under {settings.root}; make some first, e.g. farm run experiment=pocket")
    tracks = {
        name: dataclasses.replace(
            track, compared_with=tuple(dict.fromkeys([*track.compared_with, *settings.compared_with.get(name, ())]))
        )
        for name, track in data.tracks.items()
    }
    return dataclasses.replace(data, tracks=tracks)
