"""`farm compare`: the two arms of the measured runs, or simulated annotators against humans."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from farm.analysis.humans.comparison import HumanComparison, RankingSettings, Source, compare_with_humans
from farm.analysis.humans.json_file import write_human_comparison
from farm.analysis.humans.pictures import draw_agreement, draw_pairs, draw_rankings
from farm.analysis.humans.report import RANKINGS_PNG, human_page
from farm.analysis.humans.report_labels import AGREEMENT_PNG
from farm.analysis.humans.report_rankings import PAIRS_PNG
from farm.analysis.sweep.answer import answer_text
from farm.analysis.sweep.result import ReportSettings, sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.compose import compose_one
from farm.config import build
from farm.errors import UserError
from farm.labels.published_standings import Role, is_standings, read_standings
from farm.labels.read import read_annotations
from farm.pipeline.results import read_runs
from farm.reports.page import terminal, write_page
from farm.stats.ranking.bradley_terry import TieModel
from farm.store.artifacts import Store

_KINDS: dict[Role, str] = {"humans": "human", "simulated": "llm"}


@dataclass(frozen=True, kw_only=True)
class CompareSettings:
    """conf/compare.yaml"""

    root: Path
    """Where the artifacts are."""
    output: Path | None
    """Folder of the report; None for root/compare."""
    dataset: str
    """Only runs on this dataset."""
    model: str
    """Only runs that started from this model."""
    humans: Path | None
    """Human labels, or published standings by humans."""
    simulated: Path | None
    """Simulated annotators' labels, or published standings by them."""
    humans_format: str | None
    """Name of the format of the human labels (farm.labels.read); None: recognised by itself."""
    simulated_format: str | None
    """The same for the simulated labels."""
    humans_column: str | None
    """The column of published standings that holds the humans' figures; None for human_win_rate or win_rate."""
    simulated_column: str | None
    """The same for the simulated side."""
    annotator: str | None
    """Narrows the simulated rows to one annotator."""
    tie_model: TieModel
    """What a tie is to Bradley-Terry."""
    trained_in_lab: tuple[str, ...] | None
    """Models that were trained in the laboratory; None if unknown or said by the standings."""
    report: ReportSettings
    """Which arms are compared; its seed and n_resamples hold for every comparison."""


def compare(arguments: Sequence[str]) -> int:
    """Write and print the comparison; returns the exit code."""
    settings = compose_one("compare", arguments, lambda config: build(CompareSettings, config))
    folder = settings.output or settings.root / "compare"
    if settings.humans is not None or settings.simulated is not None:
        return _compare_with_humans(settings, folder)
    store = Store(settings.root, is_read_only=True)
    runs = [
        run
        for run in read_runs(store, store.all("standings"))
        if (run.standings[0].dataset, run.standings[0].model) == (settings.dataset, settings.model)
    ]
    if not runs:
        raise UserError(
            f"no finished run on dataset={settings.dataset} from model={settings.model} under {settings.root}; "
            "make some first, e.g. farm run experiment=pocket"
        )
    result = sweep_result(runs, settings.report)
    files = write_report(result, folder, measured={})
    print(answer_text(result, files))
    return 0


def _compare_with_humans(settings: CompareSettings, folder: Path) -> int:
    humans = None if settings.humans is None else _given(settings, "humans", settings.humans)
    simulated = None if settings.simulated is None else _given(settings, "simulated", settings.simulated)
    _check_kinds(humans, simulated)
    comparison = compare_with_humans(
        _unless_empty(humans, simulated),
        _unless_empty(simulated, humans),
        RankingSettings(
            tie_model=settings.tie_model,
            trained_in_lab=settings.trained_in_lab,
            resampling=settings.report.resampling,
        ),
    )
    _write(comparison, folder)
    if comparison.refusal:
        raise UserError(f"models are not ranked: {comparison.refusal}. What can be said without is in {folder}")
    return 0


def _given(settings: CompareSettings, role: Role, path: Path) -> Source:
    column = settings.humans_column if role == "humans" else settings.simulated_column
    if is_standings(path, role, column):
        return Source(path=path, content=read_standings(path, role, column))
    kind = _KINDS[role]
    written = settings.humans_format if role == "humans" else settings.simulated_format
    frame = read_annotations(path, assumed_kind="human" if role == "humans" else "llm", format=written)
    if frame.empty:
        raise UserError(f"{path}: expected recorded labels or standings, there are no rows")
    rows = frame[frame["annotator_kind"] == kind]
    if role == "simulated" and settings.annotator is not None:
        names = sorted(set(rows["annotator"]))
        rows = rows[rows["annotator"] == settings.annotator]
        if rows.empty:
            raise UserError(f"{path}: no llm row by {settings.annotator!r}; there are {names}")
    return Source(path=path, content=rows)


def _unless_empty(given: Source | None, other: Source | None) -> Source | None:
    """A file that was given for both sides may hold one kind alone: then the other side is missing.

    Raises:
        UserError: a file given for one side has no row of its kind.
    """
    if given is None or not isinstance(given.content, pd.DataFrame) or len(given.content):
        return given
    if other is not None and other.path == given.path and len(_rows(other)):
        return None
    raise UserError(
        f"{given.path}: no rows of the kind that is asked for; humans= reads the rows with annotator_kind 'human', "
        "simulated= those with 'llm'"
    )


def _check_kinds(humans: Source | None, simulated: Source | None) -> None:
    """Raise UserError if the same verdicts would stand on both sides."""
    if humans is None or simulated is None or humans.path.resolve() != simulated.path.resolve():
        return
    if set(_rows(humans).index) & set(_rows(simulated).index):
        raise UserError(
            f"{humans.path} was given for both sides and does not say which verdicts are whose: add a column "
            "annotator_kind with 'human' or 'llm', or give the two sides as two files"
        )


def _rows(given: Source) -> pd.DataFrame:
    return given.content if isinstance(given.content, pd.DataFrame) else pd.DataFrame()


def _write(comparison: HumanComparison, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_human_comparison(comparison, folder / "comparison.json")
    pictures = {AGREEMENT_PNG: draw_agreement, RANKINGS_PNG: draw_rankings, PAIRS_PNG: draw_pairs}
    for name in pictures:
        # A picture of an earlier comparison would be taken for one of this.
        (folder / name).unlink(missing_ok=True)
    drawn = frozenset(name for name, draw in pictures.items() if draw(comparison, folder / name))
    page = human_page(comparison, drawn)
    written = write_page(page, folder)
    print(terminal(page))
    for path in (folder / "comparison.json", *written, *(folder / name for name in sorted(drawn))):
        print(f"  {path}")
