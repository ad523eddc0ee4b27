"""What the resamples of a ranking cannot know, in sentences: too few annotators, too few verdicts, or all alike."""

from farm.labels.published.standings import Role
from farm.stats.bootstrap import LEVEL
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel
from farm.stats.ranking.ranks import MIN_CLUSTERS
from farm.wording import listed

_SAME = 1e-9
"""A standard error below is that of equal verdicts, but for rounding."""
ONE_ANNOTATOR = "{role}: one annotator; intervals say nothing about other annotators"


def fixed_annotators(role: Role, n_annotators: int, n_fixed: int) -> tuple[str, ...]:
    """A sentence if some of several annotators are in every resample."""
    if n_fixed == 0:
        return ()
    if n_annotators == 1:
        return (ONE_ANNOTATOR.format(role=role),)
    return (
        f"{role}: {n_fixed} of {n_annotators} annotators judged models that nobody else judged; they are in every "
        "resample, and intervals say nothing about other annotators of these models",
    )


def without_interval(role: Role, ranking: ModelRanking) -> tuple[str, ...]:
    """A sentence if some models' strengths have an interval and others' have not."""
    rows = [row for row in ranking.models if row.n_clusters > 1]
    has_interval = [row.strength.low is not None for row in rows]
    if ranking.reason or not any(has_interval) or all(has_interval):
        return ()
    names = sorted(row.model for row in rows if row.strength.low is None)
    return (
        f"{role}: no interval for the Bradley-Terry strength of {listed(names)}, which is not finite in too many "
        "resamples; the intervals of the others are of their strengths among themselves",
    )


def few_verdicts(role: Role, ranking: ModelRanking) -> list[str]:
    """Sentences about models with so few verdicts, or such, that the resamples hardly know their noise."""
    by_n = sorted(ranking.models, key=lambda row: row.model)
    notes = []
    unknown = [row.model for row in by_n if row.n_clusters == 1]
    if unknown:
        notes.append(
            f"{role}: verdicts on one instruction only, which cannot be resampled, so that there is no interval and no "
            f"rank: {listed(unknown)}"
        )
    open_ranks = [row.model for row in by_n if 1 < row.n_clusters < MIN_CLUSTERS]
    if open_ranks:
        notes.append(
            f"{role}: fewer than {MIN_CLUSTERS} instructions, which no exact test at the 5% level can tell from chance "
            f"even if all are alike, so that ranks do not count them as better or worse: {listed(open_ranks)}"
        )
    rates = [(row, row.under("ties_half")) for row in by_n]
    alike = [
        _alike(row, rate.estimate.value)
        for row, rate in rates
        if rate.estimate.value is not None and rate.standard_error is not None and rate.standard_error < _SAME
    ]
    if alike:
        notes.append(
            f"{role}: all instructions say the same of a model, so that the bootstrap sees no noise, and +- 0.0 is no "
            f"certainty: {listed(alike)}"
        )
    return notes


def _alike(row: RankedModel, rate: float) -> str:
    """The model, and how far the exact interval of a rate seen in none or all of n reaches (Clopper, Pearson 1934)."""
    if rate not in (0.0, 1.0):
        return f"{row.model} ({row.n_clusters} instructions)"
    reach = 1 - ((1 - LEVEL) / 2) ** (1 / row.n_clusters)
    low, high = (0.0, reach) if rate == 0 else (1 - reach, 1.0)
    exact = f"exact binomial 95% interval {100 * low:.1f}% to {100 * high:.1f}%"
    return f"{row.model} ({row.n_clusters} instructions; {exact})"
