"""The evaluation of a reward model as files: evaluation.json with every estimate, a page to read."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from farm.reports.json_file import write_json
from farm.reports.page import Page, Picture, Section, Table, Text, write_page
from farm.reports.short_names import short_names
from farm.reports.text import MISSING, interval_or_reason, number
from farm.stats.bootstrap import Estimate
from farm.stats.reward_evaluation import LengthBin, RewardEvaluation
from farm.stats.solved_prompts import SolvedShare
from farm.wording import counted, listed

MOST_NAMED = 5
"""Annotators who are named."""

CALIBRATION_PNG = "calibration.png"
_DEFINITIONS = """\
Brackets: 95% intervals, prompts drawn with replacement, all labels on the outputs to one together; +- is one standard
error over the same prompts. A label is predicted with
probability sigmoid(scale x (score of the preferred output - score of the other)). accuracy: share of the labels whose
preferred output has the higher score, equal scores count one half. log loss: .693 for a coin. Brier: .25 for a coin.
ECE: |sure - right| over the bins, weighted by n; too high where bins are small. best slope: what the margins would have
to be multiplied by for the lowest log loss on these very labels; below 1, the model is too sure. longest: the accuracy
of "the longer output is better". solved prompts: those whose right output has a higher score than every wrong one (of
k equal ones 1/k; where several are right, all of them have to be higher), prompts drawn with replacement."""


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
    solved: tuple[SolvedShare, ...]
    """Prompts with three answers or more, right and wrong ones; none where every label is about a pair by itself."""
    notes: tuple[str, ...]
    """What was dropped or changed when the file was read."""


def write_reward_report(report: RewardReport, folder: Path) -> list[Path]:
    """Write evaluation.json, and the report as evaluation.md and .html into the folder that holds its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(dataclasses.asdict(report), folder / "evaluation.json")
    pages = write_page(reward_page(report), folder, "evaluation")
    return [*pages, folder / "evaluation.json", folder / CALIBRATION_PNG]


def reward_page(report: RewardReport) -> Page:
    """The report."""
    evaluation = report.evaluation
    names = listed(short_names(report.annotators).values(), MOST_NAMED)
    left_out = (
        f"Left out: {report.n_ties} ties, {report.n_unparsed} unparsed, {report.n_same} on two equal outputs, "
        f"{report.n_unscored} with an output without a score."
    )
    calibration = tuple(
        (f"{each.low:.1f} to {each.high:.1f}", number(each.confidence), _cell(each.accuracy), str(each.n))
        for each in evaluation.calibration
    )
    lengths = tuple((gap_text(each), _cell(each.accuracy), str(each.n)) for each in evaluation.by_length)
    notes = [Text(text=f"Note: {note}.") for note in report.notes]
    return Page(
        title="A reward model against labels",
        sections=(
            Section(
                title="In short",
                blocks=(
                    Text(
                        text=f"{report.reward_model} on {report.pairs}: {counted(evaluation.n, 'label')} on "
                        f"{counted(evaluation.n_items, 'pair')} of outputs to "
                        f"{counted(evaluation.n_prompts, 'prompt')} by {names}. {left_out} "
                        f"Scale {report.score_scale:.3g}."
                    ),
                    Table(header=("", "value", "n"), rows=(*_solved_rows(report.solved), *_figure_rows(evaluation))),
                    Picture(file=CALIBRATION_PNG, description="How sure it is against how often it is right"),
                ),
            ),
            Section(
                title="How sure it is, and how often it is right then",
                blocks=(Table(header=("probability", "sure", "right", "n"), rows=calibration),),
            ),
            Section(
                title="Accuracy by how much longer the preferred output is, in characters",
                blocks=(Table(header=("preferred output is", "accuracy", "n"), rows=lengths),),
            ),
            Section(title="What the figures mean", blocks=(Text(text=_DEFINITIONS), *notes)),
        ),
    )


def _figure_rows(evaluation: RewardEvaluation) -> tuple[tuple[str, ...], ...]:
    error = "" if evaluation.standard_error is None else f" +- {number(evaluation.standard_error)}"
    estimates = {
        f"accuracy{error}": evaluation.accuracy,
        "longest": evaluation.longest,
        "ahead of longest": evaluation.ahead_of_longest,
        "prefers the longer output": evaluation.agreement_with_longest,
        "log loss": evaluation.log_loss,
        "Brier": evaluation.brier,
    }
    slope = f"log loss at the best slope, {evaluation.best_slope:.2f}"
    return (
        *((name, interval_or_reason(value), str(value.n_total)) for name, value in estimates.items()),
        (slope, number(evaluation.log_loss_at_best_slope), str(evaluation.n)),
        ("ECE", number(evaluation.calibration_error), str(evaluation.n)),
    )


def _solved_rows(solved: tuple[SolvedShare, ...]) -> tuple[tuple[str, ...], ...]:
    """Prompts of a benchmark, all together and by dataset."""
    return tuple(
        (f"solved prompts{f', {each.dataset}' if each.dataset else ''}", _cell(each.share), str(each.share.n_total))
        for each in solved
    )


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
    return MISSING if value.value is None else interval_or_reason(value)
