"""The answer of a sweep in ten lines: the rankings, how they correlate, and what is more than noise."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from farm.analysis.sweep.arms import Arm, ArmsComparison
from farm.analysis.sweep.controls import label_free_margins
from farm.analysis.sweep.result import SweepResult, arm_of
from farm.analysis.sweep.verdicts import seeds_of, select, value_table, win_rate_of
from farm.reports.text import (
    PERCENT,
    POINTS,
    Notation,
    exact_error,
    interval_or_reason,
    number,
    plus_minus,
)
from farm.stats.ranking.pair_orders import PairOrder
from farm.stats.ranking.win_rates import WinRate, paired_difference
from farm.wording import counted, listed

MOST_RANKINGS = 3
"""Kinds of labels whose rankings are given, where there are no two arms to compare."""
MOST_CONTROLS = 4
"""Label-free methods that the others are held against, the best ones."""
MOST_NAMES = 12
WIDTH = 118
"""Characters of a printed line."""
TWO_DIGITS = Notation(digits=2)


def answer(result: SweepResult) -> tuple[str, ...]:
    """What the sweep says, a sentence a line; everything behind it stands in the report.

    Args:
        result: of the sweep.
    """
    arms = _arms(result)
    ranked = [(arm, _ranked_rows(result, arm)) for arm in arms[:MOST_RANKINGS]]
    lines = [_what_ran(result), *(_ranking(arm, rows) for arm, rows in ranked if len(rows))]
    if len(arms) > MOST_RANKINGS:
        others = listed(arm.annotator_train for arm in arms[MOST_RANKINGS:])
        lines.append(f"the rankings with labels of {others} are in the report")
    comparison = result.comparison
    lines += _no_correlation(result) if comparison is None else [_correlations(comparison), _inversions(comparison)]
    lines += _controls(result, *ranked[0]) if ranked else []
    error = exact_error(len(seeds_of(result.verdicts)))
    if any(" > " in line or " ~ " in line for line in lines):
        lines.append(
            f"> ahead by more than two standard errors of the paired difference, ~ within noise; +- is {error}"
        )
    return tuple(lines)


def answer_text(result: SweepResult, files: Sequence[Path]) -> str:
    """The answer as it is printed: wrapped, then the paths of the files that hold everything else."""
    lines = [textwrap.fill(each, WIDTH, subsequent_indent="    ", break_on_hyphens=False) for each in answer(result)]
    return "\n".join(["", *lines, "", *(f"  {path}" for path in files)])


def _arms(result: SweepResult) -> list[Arm]:
    """The two arms that are compared; where there are none, every kind of labels, the crowd's first."""
    settings = result.settings
    if result.comparison is not None:
        return [arm_of(settings.crowd), arm_of(settings.simulated)]
    methods = result.verdicts[~result.verdicts["method"].isin(result.label_free)]
    labels, judges = (sorted(methods[column].unique()) for column in ("annotator_train", "annotator_eval"))
    labels.sort(key=lambda name: (name != settings.crowd, name != settings.simulated, name))
    return [Arm(annotator_train=name, annotator_eval=name if name in judges else judges[0]) for name in labels]


def _ranked_rows(result: SweepResult, arm: Arm) -> pd.DataFrame:
    """The verdicts on the methods of one arm that learn from labels; of compared arms, what the comparison used."""
    rows = select(result.verdicts, annotator_train=arm.annotator_train, annotator_eval=arm.annotator_eval)
    rows = rows[~rows["method"].isin(result.label_free)]
    comparison = result.comparison
    if comparison is None:
        return rows
    seeds = comparison.crowd_seeds if arm == comparison.crowd else comparison.simulated_seeds
    return rows[rows["method"].isin(comparison.ranking.models) & rows["seed"].isin(seeds)]


def _what_ran(result: SweepResult) -> str:
    seeds = seeds_of(result.verdicts)
    n_instructions = result.verdicts["instruction_key"].nunique()
    return (
        f"{counted(len(result.runs), 'run')}, {counted(len(seeds), 'seed')} ({listed(map(str, seeds))}), "
        f"{counted(n_instructions, 'instruction')}; win rates in percent against the reference"
    )


def _ranking(arm: Arm, rows: pd.DataFrame) -> str:
    """The methods in order, with what separates each from the next."""
    by_method = {str(method): of_method for method, of_method in rows.groupby("method", sort=True)}
    rates = {method: win_rate_of(of_method) for method, of_method in by_method.items()}
    order = _in_order(rates)
    text = ""
    for place, method in enumerate(order):
        text += "" if place == 0 else " > " if _is_ahead(by_method[order[place - 1]], by_method[method]) else " ~ "
        text += f"{method} {number(rates[method].win_rate, PERCENT)}"
    judge = "" if arm.annotator_eval == arm.annotator_train else f", judged by {arm.annotator_eval}"
    return f"{arm.annotator_train} labels{judge}: {text}{_errors(list(rates.values()))}"


def _in_order(rates: Mapping[str, WinRate]) -> list[str]:
    """The best win rate first, those without one last."""

    def place(name: str) -> tuple[float, str]:
        rate = rates[name].win_rate
        return 1.0 if rate is None else -rate, name

    return sorted(rates, key=place)


def _errors(rates: Sequence[WinRate]) -> str:
    errors = [rate.standard_error for rate in rates if rate.standard_error is not None]
    if not errors:
        return ""
    ends = list(dict.fromkeys(PERCENT.text(error) for error in (min(errors), max(errors))))
    return f" (each +- {' to '.join(ends)})"


def _is_ahead(better: pd.DataFrame, worse: pd.DataFrame) -> bool:
    """Whether the paired difference is more than two standard errors; not if the two share no seed."""
    seeds = sorted(set(seeds_of(better)) & set(seeds_of(worse)))
    keys = sorted(set(better["instruction_key"]) & set(worse["instruction_key"]))
    if not seeds or not keys:
        return False
    first, second = (value_table(rows, "score", seeds=seeds, instruction_keys=keys) for rows in (better, worse))
    return paired_difference(first, second).is_beyond_noise


def _no_correlation(result: SweepResult) -> list[str]:
    crowd, simulated = result.settings.crowd, result.settings.simulated
    return [f"no rank correlation: it takes two or more methods trained by {crowd} and by {simulated} each"]


def _correlations(comparison: ArmsComparison) -> str:
    correlations = comparison.ranking.on_win_rates
    return (
        f"the two rankings of {counted(len(comparison.ranking.models), 'method')} correlate at Spearman "
        f"{interval_or_reason(correlations.spearman.estimate, TWO_DIGITS)}, Kendall "
        f"{interval_or_reason(correlations.kendall.estimate, TWO_DIGITS)} (95% intervals)"
    )


def _inversions(comparison: ArmsComparison) -> str:
    ranking = comparison.ranking
    beyond = [pair for pair in ranking.inversions if pair.is_beyond_noise]
    inverted = f"{len(ranking.inversions)} of {counted(len(ranking.pairs), 'pair')} of methods inverted"
    if not beyond:
        return f"{inverted}, none beyond noise" if ranking.inversions else inverted
    return f"{inverted}, {len(beyond)} beyond noise: {listed(map(_inversion, beyond), 3)}"


def _inversion(pair: PairOrder) -> str:
    return (
        f"{pair.model} over {pair.other} by {plus_minus(pair.first_difference, pair.first_standard_error, POINTS)} "
        f"points for the first, {plus_minus(pair.second_difference, pair.second_standard_error, POINTS)} for the second"
    )


def _controls(result: SweepResult, arm: Arm, rows: pd.DataFrame) -> list[str]:
    """For each label-free method, which of the others learned more than it has without labels."""
    free = {name: _control_rows(result, name, arm) for name in result.label_free}
    free = {name: of_name for name, of_name in free.items() if len(of_name)}
    rates = {name: win_rate_of(of_name) for name, of_name in free.items()}
    methods = _in_order({str(method): win_rate_of(of_method) for method, of_method in rows.groupby("method")})
    better: dict[str, list[str]] = {name: [] for name in rates}
    for method in methods:
        seeds = set(seeds_of(select(rows, method=method)))
        shared = [name for name in rates if seeds & set(seeds_of(free[name]))]
        margins = label_free_margins(result.verdicts, method=method, arm=arm, label_free=shared, measure="score")
        for margin in margins:
            if margin.paired.is_beyond_noise and (margin.paired.difference or 0.0) > 0:
                better[margin.control].append(method)
    return [
        f"more than {name} without labels ({number(rates[name].win_rate, PERCENT)} by {arm.annotator_eval}): "
        f"{_which(better[name], methods)}"
        for name in _in_order(rates)[:MOST_CONTROLS]
    ]


def _control_rows(result: SweepResult, name: str, arm: Arm) -> pd.DataFrame:
    """The verdicts on a label-free method; where it was run on each arm's samples, on the arm's own."""
    rows = select(result.verdicts, method=name, annotator_eval=arm.annotator_eval)
    own = select(rows, annotator_train=arm.annotator_train)
    return own if len(own) else rows


def _which(better: Sequence[str], methods: Sequence[str]) -> str:
    if not better:
        return f"none of {len(methods)}"
    return f"all {len(methods)}" if len(better) == len(methods) > 1 else listed(better, MOST_NAMES)
