"""The tables of a sweep's report: both arms or each kind of labels, the rankings, and the controls."""

import math
from collections.abc import Collection, Sequence

import pandas as pd

from farm.analysis.sweep.arms import ArmResult, ArmsComparison, ModelRow
from farm.analysis.sweep.controls import Margin
from farm.analysis.sweep.verdicts import win_rate_of
from farm.pipeline.results import LabelQuality
from farm.reports.page import Block, Bullets, Picture, Section, Table, Text
from farm.reports.text import (
    MISSING,
    POINTS,
    SIGNED,
    Notation,
    difference_text,
    exact_error,
    interval_or_reason,
    number,
    plus_minus,
    rate_text,
)
from farm.stats.ranking.pair_orders import PairOrder
from farm.stats.ranking.win_rates import Difference

ARMS_PNG = "comparison.png"
_UTILITY = Notation(digits=2)


def arms_section(comparison: ArmsComparison, pictures: Collection[str]) -> Section:
    """Both arms side by side."""
    crowd, simulated = comparison.crowd, comparison.simulated
    n_seeds = max(len(comparison.crowd_seeds), len(comparison.simulated_seeds))
    header = ("method", "crowd win rate", "simulated win rate", "n", "unparsed", "length", "utility")
    blocks: list[Block] = [
        Text(
            text=f"Crowd arm: trained on {crowd.annotator_train}, judged by {crowd.annotator_eval}, seeds "
            f"{_numbers(comparison.crowd_seeds)}. Simulated arm: trained on {simulated.annotator_train}, judged by "
            f"{simulated.annotator_eval}, seeds {_numbers(comparison.simulated_seeds)}. {comparison.n_instructions} "
            f"instructions. Win rates in percent +- {exact_error(n_seeds)}; two figures: crowd / simulated arm."
        ),
        Table(header=header, rows=tuple(_arms_row(row) for row in comparison.rows)),
        Text(text="* learns nothing from labels; (labels): trained on labels of neither arm. Neither kind is ranked."),
    ]
    if ARMS_PNG in pictures:
        blocks.append(Picture(file=ARMS_PNG, description="Win rate of each method in the one arm and in the other"))
    return Section(title="Win rates in both arms", blocks=tuple(blocks))


def rankings_section(comparison: ArmsComparison) -> Section:
    """The correlations with their intervals, and the inverted pairs."""
    ranking = comparison.ranking
    correlations = ranking.on_win_rates
    lines = (
        f"Spearman {interval_or_reason(correlations.spearman.estimate)}",
        f"Kendall {interval_or_reason(correlations.kendall.estimate)}",
        f"Pearson {interval_or_reason(correlations.pearson.estimate)}",
        f"{len(ranking.inversions)} of {len(ranking.pairs)} pairs inverted "
        f"({number(ranking.expected_inversions, Notation(digits=1))} on average over resamples)",
        *(_inversion_text(pair, "crowd", "simulated") for pair in ranking.inversions),
    )
    return Section(
        title="Ranking against ranking",
        blocks=(
            Text(text=f"Rankings of {len(ranking.models)} models, crowd against simulated (95% intervals):"),
            Bullets(lines=lines),
        ),
    )


def all_judges_section(verdicts: pd.DataFrame) -> Section:
    """All methods of a sweep with every evaluation annotator, the best for the first one on top.

    Args:
        verdicts: as `verdict_table` makes it.
    """
    judges = sorted(set(verdicts["annotator_eval"]))
    rows: list[tuple[float, tuple[str, ...]]] = []
    for (method, labels), of_method in verdicts.groupby(["method", "annotator_train"], sort=True):
        rates = [win_rate_of(of_method[of_method["annotator_eval"] == judge]) for judge in judges]
        by_first = of_method[of_method["annotator_eval"] == judges[0]]
        utility = by_first["utility"].mean()
        cells = (
            str(method),
            str(labels),
            *(rate_text(rate) for rate in rates),
            _numbers(sorted(set(by_first["seed"]))),
            str(rates[0].n_total),
            str(rates[0].n_unparsed),
            f"{by_first['length'].mean():.0f}",
            number(None if math.isnan(utility) else utility, _UTILITY),
        )
        rows.append((-1.0 if rates[0].win_rate is None else rates[0].win_rate, cells))
    rows.sort(key=lambda row: (-row[0], row[1]))
    header = ("method", "labels", *(f"judged by {judge}" for judge in judges))
    header += ("seeds", "n", "unparsed", "length", "utility")
    n_seeds = verdicts["seed"].nunique()
    about = f"Against the reference, in percent +- {exact_error(n_seeds)}; n counts labels of {judges[0]}."
    return Section(
        title="Win rates",
        blocks=(Text(text=about), Table(header=header, rows=tuple(cells for _, cells in rows), n_text_columns=2)),
    )


def controls_section(qualities: Sequence[LabelQuality], margins: Sequence[Margin]) -> Section:
    """Held-out agreement of reward models with true utility per kind of labels, and margins over label-free methods."""
    by_labels: dict[str, list[LabelQuality]] = {}
    for quality in qualities:
        by_labels.setdefault(quality.labels, []).append(quality)
    quality_rows = tuple(
        (
            labels,
            number(sum(q.agreement for q in rows) / len(rows)),
            ", ".join(plus_minus(q.agreement, q.standard_error) for q in sorted(rows, key=lambda q: q.seed)),
            str(sum(q.n_total for q in rows)),
        )
        for labels, rows in by_labels.items()
    )
    margin_rows = tuple(
        (
            f"{m.method} - {m.control}",
            "win rate" if m.measure == "score" else "utility",
            m.annotator_eval,
            difference_text(m.paired, POINTS if m.measure == "score" else SIGNED),
            _direction(m.paired),
            str(m.paired.n_total),
            str(m.paired.n_unparsed),
        )
        for m in margins
    )
    margin_header = ("difference", "of", "judge", "value", "beyond 2 SE", "n", "unparsed")
    return Section(
        title="Do labels matter?",
        blocks=(
            Text(text="Held-out agreement of reward models with true utility, by what they were trained on:"),
            Table(header=("labels", "mean", "each seed", "pairs"), rows=quality_rows),
            Text(text="Margins over label-free methods, paired by instruction and seed (win rates in points):"),
            Table(header=margin_header, rows=margin_rows, n_text_columns=3),
        ),
    )


def _arms_row(row: ModelRow) -> tuple[str, ...]:
    arms = row.crowd, row.simulated
    return (
        f"{row.name} *" if row.kind == "label_free" else row.name,
        *(MISSING if arm is None else rate_text(arm.win_rate) for arm in arms),
        " / ".join(MISSING if arm is None else str(arm.win_rate.n_total) for arm in arms),
        " / ".join(MISSING if arm is None else str(arm.win_rate.n_unparsed) for arm in arms),
        " / ".join(MISSING if arm is None else f"{arm.mean_length:.0f}" for arm in arms),
        " / ".join(_utility(arm) for arm in arms),
    )


def _utility(arm: ArmResult | None) -> str:
    return number(None if arm is None else arm.utility, _UTILITY)


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(each) for each in numbers)


def _inversion_text(pair: PairOrder, first: str, second: str) -> str:
    noise = "larger than noise" if pair.is_beyond_noise else "within noise"
    gaps = (
        plus_minus(pair.first_difference, pair.first_standard_error, POINTS),
        plus_minus(pair.second_difference, pair.second_standard_error, POINTS),
    )
    p_inverted = None if pair.p_same_order is None else 1 - pair.p_same_order
    two_digits = Notation(digits=2)
    return (
        f"{first} puts {pair.model} over {pair.other} ({gaps[0]} points), {second} the reverse ({gaps[1]}): {noise}, "
        f"p {number(pair.p_value, two_digits)}, {number(pair.p_value_joint, two_digits)} corrected for all pairs; "
        f"inverted in {number(p_inverted, Notation(digits=0, scale=100, unit='%'))} of resamples"
    )


def _direction(gap: Difference) -> str:
    if gap.difference is None or not gap.is_beyond_noise:
        return "no"
    return "better" if gap.difference > 0 else "worse"
