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
from farm.labels.published.standings import Role
from farm.labels.row_filter import RowFilter, check_condition, row_filters
from farm.stats.ranking.bradley_terry import TieModel
from farm.stats.ranking.label_rules import LabelRule


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
    soft_verdicts: bool
    """Whether a judge's probability counts where it gave one, instead of its verdict."""
    where: str | None
    """A condition on the columns of the human labels, or of the simulated ones where there are no others."""
    simulated_where: str | None
    """The same for the simulated labels."""
    rule: LabelRule | None
    """How several labels of an item count; None: as in the figures that the source published."""
    tie_model: TieModel
    """What a tie is to Bradley-Terry."""
    trained_in_lab: tuple[str, ...] | None
    """Models that were trained in the laboratory; None if unknown or said by the standings."""
    report: ReportSettings
    """Which arms are compared; its seed and n_resamples hold for every comparison."""

    def __post_init__(self) -> None:
        check_condition("where", self.where)
        check_condition("simulated_where", self.simulated_where)

    def filters(self, role: Role, *, is_alone: bool) -> tuple[RowFilter, ...]:
        """What leaves the labels of one of the two that count.

        Args:
            role: which of the two.
            is_alone: whether the other is missing; then `where` is about the simulated labels too.
        """
        if role == "humans":
            return row_filters(self.where, "human")
        return (*row_filters(self.where if is_alone else None, "llm"), *row_filters(self.simulated_where, "llm"))

    @property
    def ranking(self) -> RankingSettings:
        """How models are ranked."""
        return RankingSettings(
            rule=self.rule,
            tie_model=self.tie_model,
            soft_verdicts=self.soft_verdicts,
            trained_in_lab=self.trained_in_lab,
            resampling=self.report.resampling,
        )


def compare_settings(overrides: Sequence[str]) -> CompareSettings:
    """The settings of conf/compare.yaml with these overrides.

    Raises:
        ConfigError: with all that is wrong.
    """
    return compose_one("compare", overrides, partial(build, CompareSettings))
