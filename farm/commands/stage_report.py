"""What `farm run` says of one chain: each stage with what it took, and how the policy fared."""

import os
from collections.abc import Sequence
from pathlib import Path

from farm.commands.checkpoint_report import choice_words, selections_in
from farm.records import Standing
from farm.store.artifacts import Artifact, StageReport
from farm.store.tables import read_table

_COLUMNS = ("stage", "", "seconds", "tokens", "labels", "steps", "TFLOPs", "peak MB")


def stage_table(reports: Sequence[StageReport]) -> str:
    """A line per artifact: reused or made, what it took when it was made, and where it is.

    Columns: wall seconds; tokens sampled from a policy; labels asked for; optimizer steps; 10^12 floating-point
    operations; the process's largest size, or the GPU's tensors' where there is one.
    """
    lines = [_line(_COLUMNS) + "  artifact"]
    for report in reports:
        cost = report.cost
        cells = (
            report.artifact.kind,
            "reused" if report.is_reused else "made",
            f"{cost.seconds:.1f}",
            f"{cost.generated_tokens:,}" if cost.generated_tokens else "",
            f"{cost.labels:,}" if cost.labels else "",
            f"{cost.gradient_steps:,}" if cost.gradient_steps else "",
            f"{cost.flops / 1e12:.3g}" if cost.flops else "",
            f"{max(cost.peak_gpu_memory_mb or cost.peak_memory_mb, 0):,.0f}",
        )
        lines.append(f"{_line(cells)}  {_shown(report.artifact.path)}")
    return "\n".join(lines)


def one_line(label: str, standings: Artifact, reports: Sequence[StageReport], seconds: float) -> str:
    """A finished job of a sweep."""
    made = [f"{r.artifact.kind} {r.cost.seconds:.0f} s" for r in reports if not r.is_reused and r.cost.seconds >= 0.5]
    rows = read_table(standings.file("standings.parquet"), Standing)
    rates = ", ".join(f"{r.annotator_eval} {_rate(r)}" for r in rows)
    choices = "".join(f"{choice_words(selection)}; " for selection in selections_in(reports))
    return f"[{label}] {seconds:.0f} s ({', '.join(made) or 'all reused'}); {choices}win rate: {rates}"


def _rate(row: Standing) -> str:
    if row.win_rate is None:
        return "none parsed"
    error = "" if row.standard_error is None else f" +- {row.standard_error:.3f}"
    return f"{row.win_rate:.3f}{error}"


def standing_text(row: Standing) -> str:
    """A row of the leaderboard in words."""
    utility = "" if row.utility is None else f", true utility {row.utility:.2f}"
    return (
        f"{row.method}: win rate {_rate(row)} judged by {row.annotator_eval} (n {row.n_total} labels on "
        f"{row.n_instructions} instructions, {row.n_unparsed} unparsed), mean length {row.mean_length:.0f}{utility}"
    )


def _shown(path: Path) -> str:
    return os.path.relpath(path)


def _line(cells: Sequence[str]) -> str:
    stage, did, *figures = cells
    return f"{stage:<14}{did:<7}" + "".join(f"{figure:>10}" for figure in figures)
