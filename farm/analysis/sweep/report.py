"""What `farm compare` prints: Markdown tables whose columns are aligned, so that they read as plain text too."""

import math
from collections.abc import Sequence

import pandas as pd

from farm.analysis.sweep.arms import ArmResult, ArmsComparison, ModelRow
from farm.analysis.sweep.controls import Margin
from farm.analysis.sweep.verdicts import win_rate_of
from farm.pipeline.results import LabelQuality
from farm.reports.text import difference_text, interval, rate_text, table
from farm.stats.ranking.correlations import Inversion, RankingAgreement
from farm.stats.ranking.win_rates import Difference


def arms_report(comparison: ArmsComparison) -> str:
    """Both arms side by side, the correlations, and the inverted pairs."""
    crowd, simulated = comparison.crowd, comparison.simulated
    header = ["method", "crowd win rate", "simulated win rate", "n", "unparsed", "length", "utility"]
    blocks = [
        f"Crowd arm: trained on {crowd.annotator_train}, judged by {crowd.annotator_eval}, seeds "
        f"{_listed(comparison.crowd_seeds)}. Simulated arm: trained on {simulated.annotator_train}, judged by "
        f"{simulated.annotator_eval}, seeds {_listed(comparison.simulated_seeds)}. {comparison.n_instructions} "
        "instructions. Win rates in percent +- standard error; two figures: crowd / simulated arm.",
        table(header, [_arms_line(row) for row in comparison.rows]),
        "* learns nothing from labels; (labels): trained on labels of neither arm. Neither kind is ranked.",
        ranking_text(comparison.ranking, "crowd", "simulated"),
    ]
    return "\n\n".join(blocks) + "\n"


def one_by_one_report(verdicts: pd.DataFrame) -> str:
    """All methods of a sweep with every evaluation annotator, the best for the first one on top.

    Args:
        verdicts: as `verdict_table` makes it.
    """
    judges = sorted(set(verdicts["annotator_eval"]))
    rows = []
    for (method, labels), of_method in verdicts.groupby(["method", "annotator_train"], sort=True):
        rates = [win_rate_of(of_method[of_method["annotator_eval"] == judge]) for judge in judges]
        counted = of_method[of_method["annotator_eval"] == judges[0]]
        utility = counted["utility"].mean()
        rows.append(
            (
                -1.0 if rates[0].win_rate is None else rates[0].win_rate,
                [
                    str(method),
                    str(labels),
                    *(rate_text(rate) for rate in rates),
                    _listed(sorted(set(counted["seed"]))),
                    str(rates[0].n_total),
                    str(rates[0].n_unparsed),
                    f"{counted['length'].mean():.0f}",
                    "-" if math.isnan(utility) else f"{utility:.2f}",
                ],
            )
        )
    rows.sort(key=lambda row: (-row[0], row[1]))
    header = ["method", "labels", *(f"judged by {judge}" for judge in judges)]
    header += ["seeds", "n", "unparsed", "length", "utility"]
    return (
        "Win rates against the reference in percent +- standard error over seeds and instructions; n counts labels of "
        f"{judges[0]}.\n\n" + table(header, [cells for _, cells in rows], n_text_columns=2)
    )


def ranking_text(ranking: RankingAgreement, first: str, second: str) -> str:
    """The correlations with their intervals, and the inverted pairs."""
    lines = [
        f"Rankings of {len(ranking.models)} models, {first} against {second} (95% intervals):",
        f"- Spearman  {interval(ranking.spearman)}",
        f"- Kendall   {interval(ranking.kendall)}",
        f"- Pearson   {interval(ranking.pearson)}",
        f"- {len(ranking.inversions)} of {ranking.n_pairs} pairs inverted "
        f"({ranking.expected_inversions:.1f} on average over resamples)",
    ]
    return "\n".join(lines + [f"  - {_inversion_text(pair, first, second)}" for pair in ranking.inversions])


def bars_report(qualities: Sequence[LabelQuality], margins: Sequence[Margin]) -> str:
    """Held-out agreement of reward models with true utility per kind of labels, and margins over label-free pickers."""
    by_labels: dict[str, list[LabelQuality]] = {}
    for quality in qualities:
        by_labels.setdefault(quality.labels, []).append(quality)
    quality_rows = [
        [
            labels,
            f"{sum(q.agreement for q in rows) / len(rows):.3f}",
            ", ".join(f"{q.agreement:.3f} +- {q.standard_error:.3f}" for q in sorted(rows, key=lambda q: q.seed)),
            str(sum(q.n_total for q in rows)),
        ]
        for labels, rows in by_labels.items()
    ]
    margin_rows = [
        [
            f"{m.method} - {m.picker}",
            "win rate" if m.measure == "score" else "utility",
            m.annotator_eval,
            difference_text(m.paired, is_percent=m.measure == "score"),
            _verdict_text(m.paired),
            str(m.paired.n_total),
            str(m.paired.n_unparsed),
        ]
        for m in margins
    ]
    blocks = [
        "Held-out agreement of reward models with true utility, by what they were trained on:",
        table(["labels", "mean", "each seed", "pairs"], quality_rows),
        "Margins over pickers that use no labels, paired by instruction and seed (win rates in points):",
        table(["difference", "of", "judge", "value", "beyond 2 SE", "n", "unparsed"], margin_rows, n_text_columns=3),
    ]
    return "\n\n".join(blocks) + "\n"


def _arms_line(row: ModelRow) -> list[str]:
    sides = row.crowd, row.simulated
    return [
        f"{row.name} *" if row.kind == "label_free" else row.name,
        *("-" if side is None else rate_text(side.win_rate) for side in sides),
        _both(["-" if side is None else str(side.win_rate.n_total) for side in sides]),
        _both(["-" if side is None else str(side.win_rate.n_unparsed) for side in sides]),
        _both(["-" if side is None else f"{side.mean_length:.0f}" for side in sides]),
        _both([_utility(side) for side in sides]),
    ]


def _utility(side: ArmResult | None) -> str:
    return "-" if side is None or side.utility is None else f"{side.utility:.2f}"


def _both(texts: Sequence[str]) -> str:
    return " / ".join(texts)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _inversion_text(pair: Inversion, first: str, second: str) -> str:
    noise = "larger than noise" if pair.is_beyond_noise else "within noise"
    return (
        f"{first} puts {pair.better_in_first} over {pair.better_in_second} "
        f"({difference_text(pair.first, is_percent=True)} points), {second} the reverse "
        f"({difference_text(pair.second, is_percent=True)}): {noise}, p {pair.p_value:.2f}, "
        f"{pair.p_value_joint:.2f} corrected for all pairs; inverted in {100 * pair.probability:.0f}% of resamples"
    )


def _verdict_text(gap: Difference) -> str:
    if gap.difference is None or not gap.is_beyond_noise:
        return "no"
    return "better" if gap.difference > 0 else "worse"
