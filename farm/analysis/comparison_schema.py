"""`comparison.json`: the one shape in which two rankings of models are held against each other, whoever made them.

`farm compare humans=... simulated=...` and a sweep write the same keys; what one of them has not got is null or empty.
"humans" are people, or in a sweep the crowd that stands for them: whose ranking counts as the truth. Win rates are
fractions in [0, 1], ties one half. Every figure is a `FigureJson`: null stands with its reason. Keys are sorted, floats
are not rounded. `schema_version` grows when a key changes its name, place or meaning; a new key leaves it.

| key | what |
|:----|:-----|
| schema_version | 1 |
| sources | humans, simulated: where each ranking comes from |
| n_instructions | instructions behind the labels; null for published figures |
| ranking | how far the simulated ranking is the humans': spearman, kendall, pearson with interval and repetition |
| ranking_trained_in_lab | the same over the models trained in the laboratory; null if unknown, or all |
| n_not_trained_in_lab | how many of the ranked models were not trained there; null if unknown |
| ranking_by_annotator | the same for each simulated annotator against the humans, where there are several |
| inversions | pairs of models that the two order differently, the least likely to be noise first |
| pairs | every pair of models, in the humans' order |
| models | the models: in a sweep those that are ranked, else all of either source; the best for the humans first |
| label_free | of a sweep: methods that learn nothing from labels, which are not ranked; like models |
| other | of a sweep: methods trained on labels of neither source, or for one of them only; like models |
| label_agreement | how far simulated labels are the humans', grades too (`farm.analysis.humans.agreement`) |
| label_agreement_by_annotator | the same for each simulated annotator, where there are several |
| order_effects | what the order does to simulated annotators that saw pairs in both (`farm.stats.bias.position`) |
| win_rates_by_annotator | every annotator's own win rates, where a source has several |
| win_rates_by_rule | each source's win rates by consensus, by votes and by first labels of its items |
| rankings | humans, simulated: each source's own ranking of its labels, under three conventions for ties |
| human_labels | what the human labels are like: agreement beyond chance, ties, length and list bias, acceptability |
| flagged_humans | humans who seem not to look at what they label (`farm.stats.bias.outliers.Flag`) |
| screening | how many annotators and tests that rests on; null without human labels |
| notes | what was left out, with counts |
| wall_seconds, peak_memory_mb | of a sweep |
"""

from typing import TypedDict

from farm.analysis.label_schema import (
    AnnotatorRatesJson,
    FlagJson,
    HumanLabelsJson,
    LabelAgreementJson,
    LabelRuleRatesJson,
    OwnRankingsJson,
    ScreeningJson,
)
from farm.reports.json_file import FigureJson

SCHEMA_VERSION = 1


class RepeatedJson(TypedDict):
    """What a repetition with the same noise would show: mean and 95% of its values."""

    mean: float | None
    low: float | None
    high: float | None


class CorrelationJson(FigureJson):
    """n counts models."""

    repeated: RepeatedJson


class CorrelationsJson(TypedDict):
    """kendall is tau-b."""

    spearman: CorrelationJson
    kendall: CorrelationJson
    pearson: CorrelationJson


class RankingJson(CorrelationsJson):
    """The three at the top are on what the models are ranked by (`figure` of the sources), mostly win rates."""

    n_models: int
    reason: str
    """Why there is no comparison; empty if there is one."""
    n_pairs: int
    n_inversions: int
    expected_inversions: float | None
    """Sum over all pairs of the share of resamples in which the two order them differently."""
    without_errors: str
    """Whose published figures come without standard errors, in part or all, so that nothing is said of noise: null are
    intervals, repetitions, expected_inversions and, of pairs with such models, p_same_order and p-values. Empty if
    nobody's."""
    win_rates: CorrelationsJson
    bradley_terry: CorrelationsJson
    """On log-strengths."""


class PairJson(TypedDict):
    """Differences are of win rates, the first named model minus the second."""

    model: str
    other: str
    is_inverted: bool
    human_difference: float
    human_standard_error: float | None
    simulated_difference: float
    simulated_standard_error: float | None
    p_same_order: float | None
    """Share of the resamples in which the two order the pair the same."""
    reason: str
    """Why it is null; empty if it is not."""


class InversionJson(TypedDict):
    """Differences are of win rates, better_for_humans minus better_for_simulated."""

    better_for_humans: str
    better_for_simulated: str
    human_difference: float
    human_standard_error: float | None
    simulated_difference: float
    simulated_standard_error: float | None
    p_same_order: float | None
    p_inverted: float | None
    """1 - p_same_order."""
    is_beyond_noise: bool | None
    """More than two standard errors in both rankings."""
    p_value: float | None
    """Gail and Simon (1985)."""
    p_value_joint: float | None
    """After Holm's correction for all pairs."""
    reason: str
    """Why these are null; empty if they are not."""


class SourceJson(TypedDict):
    """Whose ranking it is."""

    source: str
    figure: str
    """What the models are ranked by: "win rate", or the name of the published column, such as elo."""
    annotators: list[str]
    """Whose labels they are; of a sweep: who judged the outputs."""
    annotator_train: str | None
    """Of a sweep: whose labels trained the methods."""
    seeds: list[int]
    """Training seeds."""
    n_seeds: int
    rule: str | None
    """How several labels of one item count (`farm.stats.ranking.label_rules`); null for other figures."""


class SourcesJson(TypedDict):
    """null if there is none."""

    humans: SourceJson | None
    simulated: SourceJson | None


class ModelJson(TypedDict):
    """One model, with its figures by both sources; null where a source has not got them.

    A published figure that is no win rate stands as human_score or simulated_score, on its own scale like the standard
    error and the interval beside it; the win rate is null then.
    """

    model: str
    labels: str
    """Whose labels trained it, where these are not its source's; else empty."""
    is_trained_in_lab: bool | None
    human_win_rate: float | None
    human_score: float | None
    human_standard_error: float | None
    human_low: float | None
    human_high: float | None
    human_n: int | None
    human_n_unparsed: int | None
    human_n_seeds: int | None
    human_mean_length: float | None
    human_utility: float | None
    simulated_win_rate: float | None
    simulated_score: float | None
    simulated_standard_error: float | None
    simulated_low: float | None
    simulated_high: float | None
    simulated_n: int | None
    simulated_n_unparsed: int | None
    simulated_n_seeds: int | None
    simulated_mean_length: float | None
    simulated_utility: float | None


class ComparisonJson(TypedDict):
    """The file."""

    schema_version: int
    sources: SourcesJson
    n_instructions: int | None
    ranking: RankingJson
    ranking_trained_in_lab: RankingJson | None
    n_not_trained_in_lab: int | None
    ranking_by_annotator: dict[str, RankingJson]
    inversions: list[InversionJson]
    pairs: list[PairJson]
    models: list[ModelJson]
    label_free: list[ModelJson]
    other: list[ModelJson]
    label_agreement: LabelAgreementJson
    label_agreement_by_annotator: dict[str, LabelAgreementJson]
    order_effects: dict[str, dict[str, FigureJson]]
    win_rates_by_annotator: list[AnnotatorRatesJson]
    win_rates_by_rule: list[LabelRuleRatesJson]
    rankings: OwnRankingsJson
    human_labels: HumanLabelsJson | None
    flagged_humans: list[FlagJson]
    screening: ScreeningJson | None
    notes: list[str]
    wall_seconds: float | None
    peak_memory_mb: float | None
