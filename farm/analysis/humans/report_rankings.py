"""The part of the report that is about rankings: correlations, pairs of models, and each side's own ranking."""

from farm.analysis.humans.comparison import HumanComparison
from farm.analysis.humans.rankings.source_ranking import ModelWinRate, SourceRanking
from farm.reports.page import Block, Picture, Section, Table, Text
from farm.reports.short_names import short_names
from farm.reports.text import MISSING, PERCENT, Notation, interval, interval_or_reason, number, plus_minus
from farm.stats.ranking.model_ranking import ModelRanking, RankedModel
from farm.stats.ranking.pair_orders import PairOrder
from farm.stats.ranking.ranking_comparison import RankingComparison
from farm.stats.ranking.tie_rules import TIE_RULES, TieRule
from farm.wording import counted, listed

PAIRS_PNG = "pairs.png"
_SURE = 0.95
MOST_PAIRS = 15
"""Pairs of models that a table lists."""


def correlation_section(comparison: HumanComparison) -> Section:
    """Correlations of the two rankings, over all models and over those trained in the laboratory."""
    ranking = comparison.ranking
    if ranking.reason:
        return Section(title="Ranking against ranking", blocks=(Text(text=f"None: {ranking.reason}."),))
    figures = _figures(comparison)
    rows = _correlation_rows(f"all {len(ranking.models)}", ranking, figures)
    words = []
    if comparison.n_not_trained is not None:
        words.append(
            f"{comparison.n_not_trained} of the {len(ranking.models)} models were not trained in the laboratory; they "
            "say nothing about how well it ranks what it trains."
        )
    else:
        words.append("How many of these models were trained in the laboratory is not known.")
    if comparison.trained_ranking is not None:
        trained = comparison.trained_ranking
        rows += _correlation_rows(f"{len(trained.models)} trained in the lab", trained, figures)
    if ranking.without_errors:
        words.append(
            f"No intervals, and nothing about a repetition: the figures of {ranking.without_errors} come without "
            "standard errors (farm compare --help says which columns are read as such)."
        )
    else:
        words.append(
            "Intervals are symmetric about the value, because every resample adds noise to figures that are noisy "
            "already; the last column is what a repetition with the same noise would show: its mean and 95% of its "
            "values."
        )
        words.append(_what_is_resampled(comparison))
    words += _missing(f"all {len(ranking.models)}", ranking, figures)
    if comparison.trained_ranking is not None:
        words += _missing("those trained in the lab", comparison.trained_ranking, figures)
    header = ("models", "on", "coefficient", "value", "n models", "if it were repeated")
    blocks: tuple[Block, ...] = (Table(header=header, rows=tuple(rows), n_text_columns=3), Text(text=" ".join(words)))
    return Section(title="Ranking against ranking", blocks=blocks)


def by_annotator_section(comparison: HumanComparison) -> Section:
    """The ranking by each annotator, and how each simulated one ranks like the humans together."""
    sides = comparison.annotator_rankings
    names = short_names(side.source for side in sides)
    by_name = [{model.model: model for model in side.models} for side in sides]
    rows = tuple((name, *(_rate(models.get(name)) for models in by_name)) for name in comparison.all_models)
    blocks: list[Block] = [Table(header=("model", *(names[side.source] for side in sides)), rows=rows)]
    by_annotator = comparison.ranking_by_annotator
    if by_annotator:
        correlations = tuple(_correlation_row(name, r) for name, r in by_annotator.items() if not r.reason)
        header = ("against the humans together", "Spearman", "Kendall", "Pearson", "n models", "inversions")
        blocks += [
            Table(header=header, rows=correlations),
            Text(text="Win rates in percent, ties one half, standard errors over instructions; correlations on them."),
        ]
    return Section(title="Annotator by annotator", blocks=tuple(blocks))


def _correlation_row(name: str, ranking: RankingComparison) -> tuple[str, ...]:
    on = ranking.on_win_rates
    values = [interval_or_reason(each.estimate) for each in (on.spearman, on.kendall, on.pearson)]
    return (name, *values, str(len(ranking.models)), str(len(ranking.inversions)))


def _figures(comparison: HumanComparison) -> str:
    """What the models are ranked by: "win rates", or the published columns."""
    sides = [side for side in (comparison.humans, comparison.simulated) if side is not None]
    return " and ".join(dict.fromkeys(side.figures for side in sides))


def _correlation_rows(models: str, ranking: RankingComparison, figures: str) -> list[tuple[str, ...]]:
    """One line a coefficient and scale; no Bradley-Terry of figures that are no win rates."""
    scales = [(figures, ranking.on_win_rates), ("Bradley-Terry", ranking.on_strengths)]
    if figures != "win rates":
        del scales[1]
    rows: list[tuple[str, ...]] = []
    for scale, correlations in scales:
        for name, each in zip(correlations._fields, correlations, strict=True):
            repeated = MISSING
            if each.repeated_mean is not None:
                repeated = f"{each.repeated_mean:.2f} [{each.repeated_low:.2f}, {each.repeated_high:.2f}]"
            value = interval(each.estimate) if ranking.without_errors else interval_or_reason(each.estimate)
            value = MISSING if each.estimate.value is None else value
            rows.append((models, scale, name.capitalize(), value, str(each.estimate.n_total), repeated))
    return rows


def _missing(models: str, ranking: RankingComparison, figures: str) -> list[str]:
    """Why correlations are missing, one sentence a scale."""
    scales = ((figures, ranking.on_win_rates), ("Bradley-Terry strengths", ranking.on_strengths))
    left_out = [f"{ranking.without_strength} ({models})."] if ranking.without_strength else []
    reasons = {
        name: correlations.spearman.estimate.reason
        for name, correlations in scales
        if correlations.spearman.estimate.value is None
    }
    if len(reasons) == 2 and len(set(reasons.values())) == 1:
        return [f"No correlation over {models}: {next(iter(reasons.values()))}."]
    return left_out + [f"No correlation on {name} over {models}: {reason}." for name, reason in reasons.items()]


def _what_is_resampled(comparison: HumanComparison) -> str:
    parts = []
    for side in (comparison.humans, comparison.simulated):
        if side is None:
            continue
        if side.ranking is None:
            what = "the standard errors" + (f" and {len(side.seeds)} training seeds" if len(side.seeds) > 1 else "")
        else:
            n_drawn, n_all = side.n_drawn_annotators, len(side.annotators)
            some = f"{n_drawn} of {n_all}" if n_drawn < n_all else str(n_all)
            what = "instructions" + (f" and {some} annotators" if n_drawn else "")
        parts.append(f"{side.role}: {what}")
    return f"Resampled are {'; '.join(parts)}."


def pairs_section(comparison: HumanComparison, pictures: frozenset[str]) -> Section:
    """Which pairs of models the two sides order differently, and how surely the others are ordered the same."""
    ranking = comparison.ranking
    inversions = ranking.inversions
    on_average = ""
    if ranking.expected_inversions is not None:
        on_average = f"; over resamples {ranking.expected_inversions:.1f} on average"
    blocks: list[Block] = [Text(text=f"{inverted_text(ranking)}{on_average}.")]
    header = ("better for humans", "better for simulated", "humans", "simulated", "same order", "p", "p, all pairs", "")
    if inversions:
        rows = tuple(_inversion_row(comparison, pair) for pair in inversions[:MOST_PAIRS])
        blocks.append(Table(header=header, rows=rows, n_text_columns=2))
    if len(inversions) > MOST_PAIRS:
        blocks.append(Text(text=f"{len(inversions) - MOST_PAIRS} more are in comparison.json."))
    same = [p for p in ranking.pairs if p.first_difference * p.second_difference > 0]
    known = [(pair.p_same_order, pair) for pair in same if pair.p_same_order is not None]
    unsure = sorted(((chance, pair) for chance, pair in known if chance < _SURE), key=lambda each: each[0])
    if unsure:
        names = [f"{pair.model} over {pair.other} ({100 * chance:.0f}%)" for chance, pair in unsure]
        blocks.append(
            Text(
                text="Ordered the same, but in less than 95% of the resamples: "
                f"{counted(len(unsure), 'pair')}, the least sure first: {listed(names, MOST_PAIRS)}."
            )
        )
    if PAIRS_PNG in pictures:
        blocks.append(Picture(file=PAIRS_PNG, description="Probability that each pair of models is ordered the same"))
    return Section(title="Pairs of models", blocks=tuple(blocks))


def inverted_text(ranking: RankingComparison) -> str:
    """How many pairs of models the two sides order differently, and how many of them beyond noise."""
    n_beyond = sum(pair.is_beyond_noise is True for pair in ranking.inversions)
    noise = f"{n_beyond} beyond noise (more than two standard errors on both sides)"
    if ranking.without_errors:
        reason = f"for the figures of {ranking.without_errors} have no standard errors"
        noise = f"how many of them beyond noise is unknown, {reason}"
    return f"{len(ranking.inversions)} of {len(ranking.pairs)} pairs of models are inverted, {noise}"


def _inversion_row(comparison: HumanComparison, pair: PairOrder) -> tuple[str, ...]:
    gaps = (
        (comparison.humans, pair.first_difference, pair.first_standard_error),
        (comparison.simulated, pair.second_difference, pair.second_standard_error),
    )
    return (
        pair.model,
        pair.other,
        *(_gap(side, gap, error) for side, gap, error in gaps),
        number(pair.p_same_order, Notation(digits=0, scale=100, unit="%")),
        number(pair.p_value),
        number(pair.p_value_joint),
        "noise unknown" if pair.is_beyond_noise is None else "beyond noise" if pair.is_beyond_noise else "within noise",
    )


def _gap(side: SourceRanking | None, gap: float, error: float | None) -> str:
    scale = 100 if side is not None and side.is_win_rate else 1
    return plus_minus(gap, error, Notation(digits=1, scale=scale, is_signed=True))


def own_ranking_section(side: SourceRanking, ranking: ModelRanking) -> Section:
    """One side's ranking under the three conventions for ties, with strengths and Elo."""
    header = ("model", "n", *(rule.replace("_", " ") for rule in TIE_RULES), "ties", "Bradley-Terry", "Elo")
    rows = tuple(
        (
            row.model,
            str(row.under("ties_half").estimate.n_total),
            *(_rate_under(row, rule) for rule in TIE_RULES),
            str(row.n_ties),
            MISSING if row.strength.value is None else interval_or_reason(row.strength),
            interval(row.elo, Notation(digits=0)),
        )
        for row in ranking.models
    )
    ties = "a tie is half a win for each"
    if ranking.tie_strength is not None:
        ties = f"ties after Davidson, tie strength {interval_or_reason(ranking.tie_strength)}"
    labels = (
        counted(ranking.n_total, "label")
        if side.rule == "votes"
        else counted(ranking.n_total, "item with a label", "items with a label")
    )
    words = [
        f"{labels}, {ranking.n_unparsed:,} without a parsed one, {counted(ranking.n_clusters, 'instruction')}.",
        f"Bradley-Terry: natural-log scale, {ties}.",
        "Elo: mean over random orders of play, with an interval over items and orders.",
    ]
    if ranking.is_graded:
        words.append(
            "Graded verdicts count as they are under ties half and in Bradley-Terry (.7 is .7 of a win and .3 of a "
            "loss); under the other two conventions and in Elo each is a win of the side of the tie that it lies on."
        )
    if ranking.reason:
        words.insert(1, f"No Bradley-Terry strengths: {ranking.reason}.")
    return Section(
        title=f"The ranking by {side.role}",
        blocks=(Table(header=header, rows=rows), Text(text=" ".join(words))),
    )


def _rate(model: ModelWinRate | None) -> str:
    return MISSING if model is None else plus_minus(model.win_rate, model.standard_error, PERCENT)


def _rate_under(model: RankedModel, rule: TieRule) -> str:
    rate = model.under(rule)
    return plus_minus(rate.estimate.value, rate.standard_error, PERCENT)
