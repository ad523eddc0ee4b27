"""The leaderboard's files, from standings and repeat variances: CSV tables and a Markdown page.

Everything is text made in memory, sorted, with floats written in full, so that the same standings give the same bytes
and `check` can say what differs from the files on disk.
"""

import difflib
import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.disk import write_all_whole
from farm.errors import UserError
from farm.leaderboard.repeats import StandingKey, row_variances, standing_key
from farm.leaderboard.rows import LeaderboardRow, RowKey, average_over_seeds
from farm.plain_text import one_line
from farm.records import Standing
from farm.reports.csv_file import csv_text
from farm.stats.ranking.repeatability import gaps_within_repeats

STANDINGS_CSV = "standings.csv"
SEEDS_CSV = "seeds.csv"
REPEATS_CSV = "repeats.csv"
PAGE = "README.md"
PUBLISHED = "human"
"""The folder that may lie beside the tables: published figures, which no artifact holds."""
MAX_DIFF_LINES = 40

_SEED_COLUMNS = (
    "dataset",
    "model",
    "annotator_eval",
    "method",
    "annotator_train",
    "seed",
    "win_rate",
    "standard_error",
    "n_wins",
    "n_ties",
    "n_total",
    "n_unparsed",
    "n_instructions",
    "mean_length",
    "utility",
)


@dataclass(frozen=True, kw_only=True)
class _Repeat:
    """What judging a row's outputs again would change."""

    sd: float | None
    """Standard deviation of the row's win rate over repetitions; None if no instruction has two labels."""
    is_gap_within: bool
    """Whether the gap to the next row of the table is smaller than its own standard deviation over repetitions."""


_REPEAT_COLUMNS = (
    "dataset",
    "model",
    "annotator_eval",
    "method",
    "annotator_train",
    "repeat_sd",
    "is_gap_to_next_within_repeats",
)


def render(
    standings: Sequence[Standing],
    *,
    label_free: Collection[str],
    errors: Mapping[RowKey, float | None] | None = None,
    repeats: Mapping[StandingKey, float] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, str]:
    """All files of the leaderboard.

    Args:
        standings: one per method, annotators, seed, dataset and model.
        label_free: methods that labels have nothing to do with; marked in the tables.
        errors: of the rows' win rates over instructions and seeds (`farm.leaderboard.rows.row_errors`).
        repeats: variance of win rates over repetitions of the judging, where it is known.
        notes: signs that a policy has collapsed, a sentence each that names the run.

    Returns:
        Path relative to the leaderboard's folder -> content.

    Raises:
        UserError: two standings claim the same row.
    """
    ordered = sorted(standings, key=standing_key)
    twice = [a for a, b in itertools.pairwise(ordered) if standing_key(a) == standing_key(b)]
    if twice:
        raise UserError(
            f"two standings for the same row, first: {standing_key(twice[0])}; the leaderboard cannot show both"
        )
    rows = average_over_seeds(ordered, label_free=label_free, errors=errors or {})
    again = _repeats(rows, row_variances(rows, ordered, repeats or {}))
    return {
        STANDINGS_CSV: csv_text(LeaderboardRow.columns(), [row.cells() for row in rows]),
        SEEDS_CSV: csv_text(_SEED_COLUMNS, [[vars(s)[name] for name in _SEED_COLUMNS] for s in ordered]),
        REPEATS_CSV: csv_text(
            _REPEAT_COLUMNS, [_repeat_cells(row, each) for row, each in zip(rows, again, strict=True)]
        ),
        PAGE: _page(rows, again, notes),
    }


def write(files: Mapping[str, str], directory: Path) -> None:
    """Write what `render` returned: all files, or none."""
    write_all_whole({directory / name: content for name, content in files.items()})


def check(directory: Path, files: Mapping[str, str]) -> str:
    """What differs between the folder and what `render` returned: empty if nothing, else a readable diff."""
    parts = []
    for name, expected in sorted(files.items()):
        path = directory / name
        if not path.is_file():
            parts.append(f"{path}: missing")
            continue
        committed = path.read_bytes().decode(errors="replace")
        if committed != expected:
            lines = difflib.unified_diff(
                committed.splitlines(),
                expected.splitlines(),
                f"{path} (on disk)",
                f"{name} (from the artifacts)",
                lineterm="",
                n=1,
            )
            shown = list(lines) or [f"{path}: differs in line ends only"]
            more = [f"... {len(shown) - MAX_DIFF_LINES} more lines"] if len(shown) > MAX_DIFF_LINES else []
            parts.append("\n".join(shown[:MAX_DIFF_LINES] + more))
    known = {directory / name for name in files}
    strays = [p for p in sorted(directory.rglob("*.csv")) if p not in known and p.parent != directory / PUBLISHED]
    parts += [f"{path}: not made from the artifacts" for path in strays]
    return "\n".join(parts)


def _repeats(rows: Sequence[LeaderboardRow], variances: Sequence[float | None]) -> list[_Repeat]:
    """For each row; gaps are between neighbours of one table."""
    repeats: list[_Repeat] = []
    pairs = zip(rows, variances, strict=True)
    for _, members in itertools.groupby(pairs, key=lambda pair: _table_key(pair[0])):
        table = list(members)
        marks = gaps_within_repeats([row.win_rate for row, _ in table], [variance for _, variance in table])
        repeats += [
            _Repeat(sd=None if variance is None else math.sqrt(variance), is_gap_within=mark)
            for (_, variance), mark in zip(table, marks, strict=True)
        ]
    return repeats


def _table_key(row: LeaderboardRow) -> tuple[str, str, str]:
    return row.dataset, row.model, row.annotator_eval


def _repeat_cells(row: LeaderboardRow, repeat: _Repeat) -> list[object]:
    return [*_table_key(row), row.method, row.annotator_train, repeat.sd, repeat.is_gap_within]


def _page(rows: Sequence[LeaderboardRow], repeats: Sequence[_Repeat], notes: Sequence[str]) -> str:
    """The page: one Markdown table per dataset, model and evaluation annotator, best win rate first."""
    lines = [
        "# Leaderboard",
        "",
        "Generated by `farm leaderboard`; do not edit. Win rates are against the dataset's reference outputs, in",
        "percent, ties one half, unparsed verdicts left out and counted; +- is one standard error over instructions",
        "and seeds, the same figure as in every report (farm/stats/ranking/win_rates.py). Behind methods marked *",
        "stands no label, and no method starts from them; sft sees none either, but is the start of all others.",
        "Repeat sd: standard deviation, in points, if the same outputs were judged again and again. ~: the gap to the",
        "next row is smaller than its own such standard deviation; judging again may well turn the order round.",
    ]
    pairs = zip(rows, repeats, strict=True)
    for (dataset, model, annotator_eval), members in itertools.groupby(pairs, key=lambda pair: _table_key(pair[0])):
        lines += ["", f"## {_escaped(dataset)}, {_escaped(model)}, judged by {_escaped(annotator_eval)}", ""]
        lines += [
            "| method | labels | win rate | repeat sd | seeds | n | ties | unparsed | length | utility |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        lines += [_page_line(row, repeat) for row, repeat in members]
    if notes:
        lines += ["", "## Warnings", "", *(f"- {_escaped(note)}" for note in sorted(notes))]
    lines += [
        "",
        "Per seed: [seeds.csv](seeds.csv). Repeat sd in full: [repeats.csv](repeats.csv).",
    ]
    return "\n".join(lines) + "\n"


def _page_line(row: LeaderboardRow, repeat: _Repeat) -> str:
    rate = "-" if row.win_rate is None else f"{100 * row.win_rate:.1f}"
    error = "" if row.standard_error is None else f" +- {100 * row.standard_error:.1f}"
    mark = " ~" if repeat.is_gap_within else ""
    again = "-" if repeat.sd is None else f"{100 * repeat.sd:.1f}"
    utility = "-" if row.utility is None else f"{row.utility:.2f}"
    name = f"{_escaped(row.method)} *" if row.is_label_free else _escaped(row.method)
    return (
        f"| {name} | {_escaped(row.annotator_train)} | {rate}{error}{mark} | {again} | {row.n_seeds} "
        f"| {row.n_total} | {row.n_ties} | {row.n_unparsed} | {row.mean_length:.0f} | {utility} |"
    )


def _escaped(text: str) -> str:
    """Names come from configurations: no Markdown, no HTML, no link, no line end."""
    signs = {ord(c): f"&#{ord(c)};" if c in "<>&|" else f"\\{c}" for c in "\\|*_`[]<>#&$~"}
    return one_line(text).translate(signs).replace("//", "\\/\\/").replace("www.", "www\\.")
