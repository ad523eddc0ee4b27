"""The evaluation of a reward model as files: evaluation.json with every estimate, evaluation.md to read."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from farm.reports.json_file import write_json
from farm.reports.text import interval, table
from farm.stats.bootstrap import Estimate
from farm.stats.reward_evaluation import LengthBin, RewardEvaluation

_DEFINITIONS = """\
Brackets: 95% intervals, pairs drawn with replacement, all labels on a pair together. A label is predicted with
probability sigmoid(scale x (score of the preferred output - score of the other)). accuracy: share of the labels whose
preferred output has the higher score, equal scores count one half. log loss: .693 for a coin. Brier: .25 for a coin.
ECE: |sure - right| over the bins, weighted by n; too high where bins are small. best slope: what the margins would have
to be multiplied by for the lowest log loss on these very labels; below 1, the model is too sure. longest: the accuracy
of "the longer output is better"."""


@dataclass(frozen=True, kw_only=True)
class RewardReport:
    """One reward model on one file of labelled pairs."""

    reward_model: str
    """Its folder."""
    pairs: str
    """Where the labels come from."""
    annotators: tuple[str, ...]
    """Whose labels they are."""
    n_ties: int
    n_unparsed: int
    n_same: int
    """Labels on two equal outputs."""
    n_unscored: int
    """Labels on a pair with an output that got no score."""
    score_scale: float
    """What margins are multiplied by to be log-odds."""
    evaluation: RewardEvaluation
    notes: tuple[str, ...]
    """What was dropped or changed when the file was read."""


def write_reward_report(report: RewardReport, folder: Path) -> None:
    """Write evaluation.json and evaluation.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(dataclasses.asdict(report), folder / "evaluation.json")
    (folder / "evaluation.md").write_text(f"# A reward model against labels\n\n{reward_text(report)}\n", "utf-8")


def reward_text(report: RewardReport) -> str:
    """The tables as Markdown that reads as plain text too."""
    found = report.evaluation
    names = ", ".join(report.annotators[:5]) + (
        f" and {len(report.annotators) - 5} more" if len(report.annotators) > 5 else ""
    )
    error = "" if found.standard_error is None else f" +- {found.standard_error:.3f}"
    estimates = {
        f"accuracy{error}": found.accuracy,
        "longest": found.longest,
        "ahead of longest": found.ahead_of_longest,
        "prefers the longer output": found.agreement_with_longest,
        "log loss": found.log_loss,
        "Brier": found.brier,
    }
    figures = [[name, interval(value), str(value.n_total)] for name, value in estimates.items()]
    slope = f"log loss at the best slope, {found.best_slope:.2f}"
    figures += [[slope, f"{found.log_loss_at_best_slope:.3f}", str(found.n)]]
    figures += [["ECE", f"{found.calibration_error:.3f}", str(found.n)]]
    calibration = [
        [f"{each.low:.1f} to {each.high:.1f}", _number(each.confidence), _cell(each.accuracy), str(each.n)]
        for each in found.calibration
    ]
    lengths = [[gap_text(each), _cell(each.accuracy), str(each.n)] for each in found.by_length]
    blocks = [
        f"{report.reward_model} on {report.pairs}: {found.n:,} labels on {found.n_items:,} pairs by {names}. Left out: "
        f"{report.n_ties} ties, {report.n_unparsed} unparsed, {report.n_same} on two equal outputs, "
        f"{report.n_unscored} with an output without a score. Scale {report.score_scale:.3g}.",
        table(["", "value", "n"], figures),
        "How sure it is, and how often it is right then:",
        table(["probability", "sure", "right", "n"], calibration),
        "Accuracy by how much longer the preferred output is, in characters:",
        table(["preferred output is", "accuracy", "n"], lengths),
        _DEFINITIONS,
        *(f"Note: {note}." for note in report.notes),
    ]
    return "\n\n".join(blocks)


def gap_text(each: LengthBin) -> str:
    """How much longer or shorter the preferred output is, in words."""
    if each.low == each.high == 0:
        return "as long"
    is_longer = each.low is not None and each.low > 0
    least, most = (each.low, each.high) if is_longer else (each.high, each.low)
    assert least is not None
    size = f"{abs(least):.0f} or more" if most is None else f"{abs(least):.0f} to {abs(most):.0f}"
    return f"{'longer' if is_longer else 'shorter'} by {size}"


def _cell(value: Estimate) -> str:
    return "-" if value.value is None else interval(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
