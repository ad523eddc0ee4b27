"""Which checkpoint the held-out judges chose: in words for one run, in a table for a sweep."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from farm.pipeline.checkpoint_selection import Candidate
from farm.store.artifacts import Artifact, StageReport
from farm.store.tables import read_table


def selections_in(reports: Sequence[StageReport]) -> list[Artifact]:
    """The choices among candidates that were made, or found, in a run."""
    return [report.artifact for report in reports if report.artifact.kind == "selection"]


def choice_text(selection: Artifact) -> str:
    """The choice, and a line per candidate."""
    choice = json.loads(selection.file("choice.json").read_text())
    rows = read_table(selection.file("candidates.parquet"), Candidate)
    lines = [
        f"checkpoint: step {choice['step']}, chosen by {choice['annotator']} on the validation instructions, against "
        f"the SFT policy ({choice['labels']:,} labels, apart from the method's)"
    ]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def choice_words(selection: Artifact) -> str:
    """The choice in a few words, for a line of a sweep."""
    choice = json.loads(selection.file("choice.json").read_text())
    return f"step {choice['step']} of {', '.join(map(str, choice['steps']))} chosen"


def write_candidates(selections: Mapping[str, Sequence[Artifact]], path: Path) -> None:
    """All candidates of a sweep as CSV, a row each; no file if no run had any to choose from.

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
    if rows:
        pd.DataFrame(rows).to_csv(path, index=False)


def _line(row: Candidate) -> str:
    error = "" if row.standard_error is None else f" +- {row.standard_error:.3f}"
    rate = "none parsed" if row.win_rate is None else f"win rate {row.win_rate:.3f}{error}"
    mark = "*" if row.is_chosen else " "
    return (
        f"{mark} step {row.step}: {rate} (n {row.n_total} labels on {row.n_instructions} instructions, "
        f"{row.n_ties} ties, {row.n_unparsed} unparsed), mean length {row.mean_length:.0f}"
    )
