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
