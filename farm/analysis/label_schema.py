"""What `comparison.json` (`farm.analysis.comparison_schema`) says of recorded labels, and of their own rankings."""

from typing import TypedDict

from farm.reports.json_file import FigureJson


class LabelAgreementJson(TypedDict):
    """Definitions in `farm.analysis.humans.agreement`."""

    n_items: int
    n_pairs: int
    raw: FigureJson
    kappa: FigureJson
    s1: FigureJson
    s2: FigureJson
    leave_one_out: FigureJson
    human_human_s1: FigureJson
    human_human_s2: FigureJson
    pearson: FigureJson
    """Of grades; null where no label is graded, so for the next three."""
    mean_difference: FigureJson
    human_human_pearson: FigureJson
    human_human_mean_difference: FigureJson


class RateJson(TypedDict):
    """A win rate."""

    win_rate: float | None
    standard_error: float | None
    n: int | None


class AnnotatorRatesJson(TypedDict):
    """One annotator's win rates, model by model."""

    role: str
    annotator: str
    models: dict[str, RateJson]


class LabelRuleRatesJson(TypedDict):
    """One source's win rates under each rule for several labels of one item."""

    role: str
    rules: dict[str, dict[str, RateJson]]
    """By rule (`farm.stats.ranking.label_rules`) and model; empty if no item has several labels."""


class RuleRateJson(FigureJson):
    """A win rate under one convention for ties."""

    standard_error: float | None


class RankedModelJson(TypedDict):
    """One model of a source's own ranking."""

    model: str
    place: int | None
    rank_low: int | None
    rank_high: int | None
    n_ties: int
    win_rates: dict[str, RuleRateJson]
    """By convention for ties."""
    bradley_terry: FigureJson
    elo: FigureJson


class OwnRankingJson(TypedDict):
    """The ranking by one source's labels (`farm.stats.ranking.model_ranking.ModelRanking`)."""

    models: list[RankedModelJson]
    reference: str
    ranked_by: str
    tie_model: str
    tie_strength: FigureJson | None
    n_total: int
    n_unparsed: int
    n_clusters: int
    reason: str


class OwnRankingsJson(TypedDict):
    """null for published figures, and in a sweep."""

    humans: OwnRankingJson | None
    simulated: OwnRankingJson | None


class GradesJson(TypedDict):
    """How often each of five grades was given to the first model against the other."""

    model: str
    other: str
    counts: dict[str, int]


class HumanLabelsJson(TypedDict):
    """Definitions in `farm.analysis.humans.label_statistics`."""

    fleiss_kappa: FigureJson
    krippendorff_alpha: FigureJson
    relaxed_agreement: FigureJson
    exact_agreement: FigureJson
    ties: FigureJson
    prefers_longer: FigureJson
    prefers_lists: FigureJson
    prefers_first_shown: FigureJson
    acceptability_agreement: FigureJson
    acceptable: dict[str, FigureJson]
    """By model."""
    grades: list[GradesJson]
    """Empty if nobody gave such grades."""


class FlagJson(TypedDict):
    """Definitions in `farm.stats.bias.outliers.Flag`."""

    annotator: str
    kind: str
    share: float
    expected: float | None
    n_labels: int
    p_value: float | None


class ScreeningJson(TypedDict):
    """Definitions in `farm.stats.bias.outliers.Screening`."""

    n_annotators: int
    n_tests: int
    alpha: float
