"""The ranking of models by one source, people or simulated annotators, ready to be compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from farm.labels.published.standings import Role
from farm.stats.ranking.draws.ranking import RankingDraws
from farm.stats.ranking.label_rules import LabelRule
from farm.stats.ranking.model_ranking import ModelRanking

WIN_RATE = "win rate"


@dataclass(frozen=True, kw_only=True)
class ModelWinRate:
    """One model's win rate, or its published figure, by one source."""

    model: str
    win_rate: float | None
    """In [0, 1], ties one half; or the named column's figure as it is. None if nothing was parsed."""
    standard_error: float | None
    n_total: int | None
    """Parsed verdicts; None if published figures do not say."""
    n_unparsed: int
    low: float | None
    """2.5% quantile over the resamples."""
    high: float | None


@dataclass(frozen=True, kw_only=True)
class SourceRanking:
    """The ranking by one source, ready to be compared."""

    role: Role
    source: str
    """Where it comes from, in words."""
    figure: str
    """What the models are ranked by: "win rate", or the published column's name."""
    annotators: tuple[str, ...]
    """Whose labels they are; empty for published figures."""
    rule: LabelRule | None
    """How several labels of an item count; None for published figures."""
    n_drawn_annotators: int
    """Annotators that are resampled; 0 where nobody else judged the same models."""
    by_rule: Mapping[LabelRule, tuple["ModelWinRate", ...]]
    """The models under each rule, without intervals; empty if no item has several labels."""
    seeds: tuple[int, ...]
    """Training seeds behind published figures; empty if it has none."""
    models: tuple[ModelWinRate, ...]
    """In alphabetical order."""
    draws: RankingDraws
    """Its "win rates" are the figures, whatever they are."""
    ranking: ModelRanking | None
    """None for published figures."""
    is_trained_in_lab: dict[str, bool]
    """As far as the source says."""
    notes: tuple[str, ...]

    @property
    def is_win_rate(self) -> bool:
        """Whether the figures are win rates, in [0, 1]."""
        return self.figure == WIN_RATE

    @property
    def figures(self) -> str:
        """The figure's name in the plural, for headings."""
        return "win rates" if self.is_win_rate else self.figure
