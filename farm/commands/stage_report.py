"""What `farm run` says of a chain: each stage with what it took, how the policy fared, which checkpoint was chosen."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from farm.bounded.json_text import read_json_object
from farm.disk import write_whole
from farm.methods.preference.label_balance import read_balance
from farm.pipeline.judging.checkpoint_selection import Candidate
from farm.pipeline.results import notes_of
from farm.records import Standing
from farm.reports.csv_file import frame_csv
from farm.reports.text import Notation, number, plus_minus
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
        lines.append(f"{_line(cells)}  {os.path.relpath(report.artifact.path)}")
    return "\n".join(lines)


def one_line(label: str, standings: Artifact, reports: Sequence[StageReport], seconds: float) -> str:
    """A finished job of a sweep."""
    made = [f"{r.artifact.kind} {r.cost.seconds:.0f} s" for r in reports if not r.is_reused and r.cost.seconds >= 0.5]
    rows = read_table(standings.file("standings.parquet"), Standing)
    rates = ", ".join(f"{r.annotator_eval} {_rate(r)}" for r in rows)
    warnings = "".join(f"; warning: {note}" for note in notes_of(standings))
    choices = "".join(f"{choice_words(selection)}; " for selection in selections_in(reports))
    return f"[{label}] {seconds:.0f} s ({', '.join(made) or 'all reused'}); {choices}win rate: {rates}{warnings}"


def standing_text(row: Standing) -> str:
    """A row of the leaderboard in words."""
    utility = "" if row.utility is None else f", true utility {number(row.utility, Notation(digits=2))}"
    return (
        f"{row.method}: win rate {_rate(row)} judged by {row.annotator_eval} (n {row.n_total} labels on "
        f"{row.n_instructions} instructions, {row.n_unparsed} unparsed), mean length {row.mean_length:.0f}{utility}; "
        "+- is over instructions, of this seed alone"
    )


def selections_in(reports: Sequence[StageReport]) -> list[Artifact]:
    """The choices among candidate checkpoints that were made, or reused, in a run."""
    return [report.artifact for report in reports if report.artifact.kind == "selection"]


def choice_text(selection: Artifact) -> str:
    """The chosen checkpoint, and a line per candidate."""
    choice = read_json_object(selection.file("choice.json"))
    rows = read_table(selection.file("candidates.parquet"), Candidate)
    lines = [
        f"checkpoint: step {choice['step']}, chosen by {choice['annotator']} on the validation instructions, against "
        f"the SFT policy ({choice['labels']:,} labels, apart from the method's)"
    ]
    return "\n".join([*lines, *(_candidate_line(row) for row in rows)])


def choice_words(selection: Artifact) -> str:
    """The choice in a few words, for a line of a sweep."""
    choice = read_json_object(selection.file("choice.json"))
    return f"step {choice['step']} of {', '.join(map(str, choice['steps']))} chosen"


def unpaired_text(reports: Sequence[StageReport]) -> list[str]:
    """What trainings on unpaired labels had, a line each."""
    balances = [read_balance(report.artifact.path) for report in reports if report.artifact.kind == "policy"]
    return [f"unpaired labels: {balance.words}" for balance in balances if balance is not None]


def write_candidates(selections: Mapping[str, Sequence[Artifact]], path: Path) -> list[Path]:
    """All candidates of a sweep as CSV, a row each; returns what was written: nothing if no run had any.

    Args:
        selections: of every run, by its label.
        path: the file.
    """
    rows = [
        {"run": label, "selection": artifact.key, **asdict(row)}
        for label, artifacts in selections.items()
        for artifact in artifacts
        for row in read_table(artifact.file("candidates.parquet"), Candidate)
    ]
    if not rows:
        return []
    write_whole(path, frame_csv(pd.DataFrame(rows)))
    return [path]


def _rate(row: Standing | Candidate) -> str:
    return "none parsed" if row.win_rate is None else plus_minus(row.win_rate, row.standard_error)


def _candidate_line(row: Candidate) -> str:
    rate = _rate(row) if row.win_rate is None else f"win rate {_rate(row)}"
    mark = "*" if row.is_chosen else " "
    return (
        f"{mark} step {row.step}: {rate} (n {row.n_total} labels on {row.n_instructions} instructions, "
        f"{row.n_ties} ties, {row.n_unparsed} unparsed), mean length {row.mean_length:.0f}"
    )


def _line(cells: Sequence[str]) -> str:
    stage, did, *figures = cells
    return f"{stage:<14}{did:<7}" + "".join(f"{figure:>10}" for figure in figures)
