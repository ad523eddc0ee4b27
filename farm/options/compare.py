"""What `farm compare`, `farm.compare` and `farm.rank` are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from farm.analysis.humans.comparison import RankingSettings
from farm.analysis.sweep.result import ReportSettings
from farm.config.compose import compose_one
from farm.config.objects import build
from farm.data.files.column_mapping import ColumnMapping
from farm.stats.ranking.bradley_terry import TieModel


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
    columns: ColumnMapping
    """Columns of tables in a layout of one's own."""
    annotator: str | None
    """Narrows the simulated rows to one annotator."""
    tie_model: TieModel
    """What a tie is to Bradley-Terry."""
    trained_in_lab: tuple[str, ...] | None
    """Models that were trained in the laboratory; None if unknown or said by the standings."""
    report: ReportSettings
    """Which arms are compared; its seed and n_resamples hold for every comparison."""

    @property
    def ranking(self) -> RankingSettings:
        """How models are ranked."""
        return RankingSettings(
            tie_model=self.tie_model,
            trained_in_lab=self.trained_in_lab,
            resampling=self.report.resampling,
        )


def compare_settings(overrides: Sequence[str]) -> CompareSettings:
    """The settings of conf/compare.yaml with these overrides.

    Raises:
        ConfigError: with all that is wrong.
    """
    return compose_one("compare", overrides, partial(build, CompareSettings))
