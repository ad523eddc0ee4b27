"""`farm compare`: the two arms of the measured runs, or recorded judges against human labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farm.commands.overrides import compose_one
from farm.commands.report import ReportSettings, write_report
from farm.compare.annotators import compare_annotators
from farm.compare.comparison_file import write_annotators
from farm.compare.report import annotators_report
from farm.config import ConfigError, Problem, build
from farm.data.annotations import read_annotations
from farm.errors import UserError
from farm.leaderboard.runs import read_runs
from farm.store import Store


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
    """Table or folder with human labels."""
    simulated: Path | None
    """Table or folder with judges' labels."""
    annotator: str | None
    """Narrows the simulated rows to one annotator."""
    report: ReportSettings
    """Which arms are compared."""


def compare(arguments: Sequence[str]) -> int:
    """Write and print the comparison; returns the exit code."""
    settings = compose_one("compare", arguments, lambda config: build(CompareSettings, config))
    if (settings.humans is None) != (settings.simulated is None):
        missing = "simulated" if settings.simulated is None else "humans"
        raise ConfigError([Problem(missing, "is needed too; one file may hold both kinds of labels: give it twice")])
    folder = settings.output or settings.root / "compare"
    if settings.humans is not None and settings.simulated is not None:
        return _compare_labels(settings, settings.humans, settings.simulated, folder)
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
    write_report(runs, settings.report, folder, measured={})
    return 0


def _compare_labels(settings: CompareSettings, humans: Path, simulated: Path, folder: Path) -> int:
    human_rows, judged_rows = (
        read_annotations(humans, assumed_kind="human"),
        read_annotations(simulated, assumed_kind="llm"),
    )
    human_rows = human_rows[human_rows["annotator_kind"] == "human"]
    judged_rows = judged_rows[judged_rows["annotator_kind"] == "llm"]
    if settings.annotator is not None:
        names = sorted(set(judged_rows["annotator"]))
        judged_rows = judged_rows[judged_rows["annotator"] == settings.annotator]
        if judged_rows.empty:
            raise UserError(f"{simulated}: no llm row by {settings.annotator!r}; there are {names}")
    comparison = compare_annotators(
        human_rows, judged_rows, seed=settings.report.seed, n_resamples=settings.report.n_resamples
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_annotators(comparison, folder / "comparison.json")
    text = annotators_report(comparison)
    (folder / "report.md").write_text(text + "\n")
    print(f"{text}\n")
    for name in ("comparison.json", "report.md"):
        print(f"  {folder / name}")
    return 0
