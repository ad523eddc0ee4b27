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
from farm.leaderboard.files import refuse_foreign, write_leaderboard
from farm.leaderboard.making.build import MAX_RESAMPLES, BoardSettings, build_board
from farm.leaderboard.pages.terminal import short_ranking
from farm.leaderboard.site.folder import refuse_other_folder
from farm.leaderboard.site.inputs import Beside
from farm.leaderboard.site.write import write_site
from farm.leaderboard.stored import Stored, read_stored
from farm.plain_text import say
from farm.store.artifacts import Store

SITE = "site"


@dataclass(frozen=True, kw_only=True)
class LeaderboardSettings:
    """conf/leaderboard.yaml"""

    root: Path | None
    """Where the artifacts are; None: make the leaderboard anew from its own verdicts."""
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
        check_fields(self, at_least={"n_resamples": 0, "seed": 0}, at_most={"n_resamples": MAX_RESAMPLES})


def leaderboard(arguments: Sequence[str]) -> int:
    """Write the leaderboard, or with --check say what differs; returns the exit code."""
    overrides = [a for a in arguments if a != "--check"]
    settings = compose_one("leaderboard", overrides, lambda config: build(LeaderboardSettings, config))
    if len(overrides) < len(arguments):
        is_root_named = any(a.startswith("root=") for a in overrides)
        return _check(settings, settings.root if is_root_named else None)
    if settings.root is None and not any(a.startswith("output=") for a in overrides):
        raise UserError("root=null makes a leaderboard anew from its own verdicts: say which, output=DIR")
    data = read_stored(settings.output).data if settings.root is None else _collect(settings.root)
    data = _compared(data, settings)
    stored = Stored(data=data, settings=BoardSettings(n_resamples=settings.n_resamples, seed=settings.seed))
    board = build_board(data, stored.settings, settings.output)
    refuse_foreign(settings.output)
    if settings.site:
        refuse_other_folder(settings.output / SITE)
    paths = write_leaderboard(stored, board, settings.output)
    if settings.site:
        store = None if settings.root is None else Store(settings.root, is_read_only=True)
        beside = Beside() if store is None else beside_of(store, data)
        paths.append(write_site(board, settings.output / SITE, beside))
    for line in [*short_ranking(board), *(str(path) for path in paths)]:
        say(line)
    return 0


def _check(settings: LeaderboardSettings, root: Path | None) -> int:
    found = check_folder(settings.output, None if root is None else _collect(root))
    for line in found:
        say(line)
    if not found:
        whose = "" if root is None else f", and these are those of {root}"
        say(f"{settings.output} says what its verdicts say{whose}")
    return 1 if found else 0


def _collect(root: Path) -> Collected:
    """What the root says; what cannot be read is named on standard error."""
    data = collect(Store(root, is_read_only=True))
    if data.skipped:
        n = len({entry.key for entry in data.entries}) + len(data.skipped)
        print(f"left out {len(data.skipped)} of {n} runs and models:", *data.skipped, sep="\n", file=sys.stderr)
    if not data.entries:
        raise UserError(
            f"no finished run and no evaluated model under {root}; make some first, e.g. farm run experiment=pocket "
            "or farm evaluate"
        )
    return data


def _compared(data: Collected, settings: LeaderboardSettings) -> Collected:
    """With the rankings that the settings name."""
    tracks = {
        name: dataclasses.replace(
            track, compared_with=tuple(dict.fromkeys([*track.compared_with, *settings.compared_with.get(name, ())]))
        )
        for name, track in data.tracks.items()
    }
    return dataclasses.replace(data, tracks=tracks)
