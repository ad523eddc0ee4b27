"""What `farm calibrate` prints and writes: Markdown tables that read as plain text too, and JSON with all digits."""

import dataclasses
from collections.abc import Sequence

from farm.analysis.calibration.checks import Figure
from farm.analysis.calibration.fit_and_check import Calibration
from farm.analysis.calibration.parameters import Parameter
from farm.reports.text import table
from farm.stats.bootstrap import Estimate
from farm.stats.noise.scores import Score

_MEANINGS = {
    "temperature": "of the judge's p_first; 1 takes it as it is, more is noisier",
    "verdict_log_odds": "log odds by which the median worker follows the judge's verdict",
    "reliability_spread": "standard deviation of the log reliability among annotators",
    "opinion_sd": "what all annotators see and the judge does not, log odds",
    "length_bias": "log odds for each factor 2.7 in length",
    "list_bias": "log odds of the only output with a list",
    "position_bias": "log odds of the output shown first",
    "tie_weight": "v; evenly matched outputs tie with probability v / (2 + v)",
    "lapse_rate": "share of answers given without looking",
}
_SCORES = {
    "calibrated": "the fitted crowd",
    "flat_flips": "flat 25% flips of the judge *",
    "judge_alone": "the judge alone *",
    "constant": "a constant",
    "fitted_flips": "flips at the fitted rates",
}
_FIGURES = {
    "agreement": "two labels of one item are equal",
    "variance": "1 - agreement with the mode of the others",
    "judge_agreement": "label equals the judge's",
    "prefer_longer": "prefers the longer output",
    "prefer_lists": "prefers the output with a list",
    "prefer_first_shown": "prefers what is shown first",
    "tie_rate": "ties",
}


def calibration_report(found: Calibration, name: str) -> str:
    """The whole report in Markdown."""
    people = _counted(len(found.annotators), "human annotator")
    blocks = [
        f"# Annotator {name}: {found.judge} with the noise of a crowd",
        f"Fitted to {found.n_labels} labels by {people} on {found.n_items} items. The model and its equations: "
        "`farm/annotators/noise/crowd.py`.",
        *(["\n".join(f"- {note}" for note in found.notes)] if found.notes else []),
        "Parameters (maximum likelihood, 95% profile-likelihood intervals):",
        table(
            ["parameter", "meaning", "value", "95% interval"],
            [_parameter_line(row) for row in found.parameters],
            n_text_columns=2,
        ),
        _missing_lines(found.parameters),
        _annotator_block(found),
        f"Log-probability of held-out labels, in nats per label ({found.n_folds} folds over items; each label is "
        "predicted from the judge's verdict and the outputs, not knowing whose it is):",
        table(
            ["prediction", "held-out score", "calibrated is ahead by", "labels"],
            [_score_line(score) for score in found.held_out.scores],
        ),
        "* mixed with an even guess among the labels that people use, in the share that fits the training items best. "
        f"Without that they would score minus infinity: the judge alone rules out {found.held_out.n_impossible_alone} "
        f"of the labels, flat flips rule out {found.held_out.n_impossible_flips} (they never make a tie). Intervals "
        "are paired and resample items.",
        verdict_text(found.held_out.scores),
        "Simulated against real labels of held-out items (real: 95% interval over items; simulated: where 95% of "
        "simulated data sets of this size lie):",
        table(
            ["share", "real", "calibrated", "flat 25% flips", "judge alone", "items"],
            [_figure_line(figure) for figure in found.figures],
        ),
        _missed_lines(found.figures),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def verdict_text(scores: Sequence[Score]) -> str:
    """Whether the fitted crowd beats each of the others on held-out labels, in words."""
    lines = []
    for score in scores:
        gap = score.ahead
        if gap is None or gap.value is None:
            continue
        what = _SCORES[score.name].removesuffix(" *")
        if gap.low is None or gap.high is None:
            lines.append(f"- {what}: ahead by {gap.value:+.3f}, without an interval ({gap.reason})")
        elif gap.low > 0:
            lines.append(f"- beats {what}: the whole interval is above 0")
        elif gap.high < 0:
            lines.append(
                f"- does NOT beat {what}: the whole interval is below 0, so do not use this fit for prediction"
            )
        else:
            sign = "ahead of" if gap.value > 0 else "behind"
            lines.append(
                f"- not shown to beat {what}: {sign} it by {abs(gap.value):.3f}, but the interval contains 0; "
                f"{gap.n_total} labels are too few to tell, or the judge's verdicts say too little"
            )
    return "\n".join(["The fitted crowd, on held-out labels:", *lines])


def calibration_json(found: Calibration, *, name: str, config: str) -> dict[str, object]:
    """calibration.json: every number with its n and interval.

    Keys: `name`, `judge`, `config` (the YAML written), `n_items`, `n_labels`, `n_annotators`, `notes`,
    `log_likelihood`, `parameters` (by name: `value`, `low`, `high`, `is_identified`, `reason`), `annotators` (`name`,
    `n_labels`, `reliability`, `low`, `high`, `reason`), `held_out` (`n_folds`; `scores` by name: `per_label` and
    `calibrated_ahead`, estimates in nats per label; `joint_gain`; `n_impossible_alone`, `n_impossible_flips`),
    `figures` (by name: `real`, `calibrated`, `flat_flips`, `judge_alone`). An estimate has `value`, `low`, `high`,
    `n_total`, `n_unparsed`, `reason`.
    """
    return {
        "name": name,
        "judge": found.judge,
        "config": config,
        "n_items": found.n_items,
        "n_labels": found.n_labels,
        "n_annotators": len(found.annotators),
        "notes": list(found.notes),
        "log_likelihood": found.log_likelihood,
        "parameters": {
            row.name: {
                "value": row.value,
                "low": row.low,
                "high": row.high,
                "is_identified": row.is_identified,
                "reason": row.reason,
            }
            for row in found.parameters
        },
        "annotators": [dataclasses.asdict(row) for row in found.annotators],
        "held_out": {
            "n_folds": found.n_folds,
            "scores": {
                score.name: {
                    "per_label": dataclasses.asdict(score.per_label),
                    "calibrated_ahead": None if score.ahead is None else dataclasses.asdict(score.ahead),
                }
                for score in found.held_out.scores
            },
            "joint_gain": dataclasses.asdict(found.held_out.joint),
            "n_impossible_alone": found.held_out.n_impossible_alone,
            "n_impossible_flips": found.held_out.n_impossible_flips,
        },
        "figures": {
            figure.name: {
                "real": dataclasses.asdict(figure.real),
                "calibrated": dataclasses.asdict(figure.calibrated),
                "flat_flips": dataclasses.asdict(figure.flat_flips),
                "judge_alone": dataclasses.asdict(figure.judge_alone),
            }
            for figure in found.figures
        },
    }


def _parameter_line(row: Parameter) -> list[str]:
    if row.value is None:
        return [row.name, _MEANINGS[row.name], "-", "left out"]
    low, high = ("..." if end is None else f"{end:.3f}" for end in (row.low, row.high))
    return [row.name, _MEANINGS[row.name], f"{row.value:.3f}", f"[{low}, {high}]"]


def _missing_lines(rows: Sequence[Parameter]) -> str:
    return "\n".join(
        f"- {row.name}: {'' if row.is_identified else _left_out(row)}{row.reason}" for row in rows if row.reason
    )


def _left_out(row: Parameter) -> str:
    # Lapses are left out by choice; of the others the data say nothing.
    return "left out: " if row.name == "lapse_rate" else "not identified: "


def _annotator_block(found: Calibration) -> str:
    reason = found.annotators[0].reason
    if reason:
        return f"Reliability of each annotator: {reason}."
    rows = [
        [row.name, f"{row.reliability:.2f}", f"[{row.low:.2f}, {row.high:.2f}]", str(row.n_labels)]
        for row in found.annotators
    ]
    return "\n\n".join(
        [
            "Reliability of each annotator (1 = the median; most probable value given the spread, approximate 95% "
            "interval):",
            table(["annotator", "reliability", "95% interval", "labels"], rows),
        ]
    )


def _missed_lines(rows: Sequence[Figure]) -> str:
    """What the simulation does not reproduce: the real value is outside its range and the intervals are apart."""
    lines = []
    for row in rows:
        real, simulated = row.real, row.calibrated
        if real.low is None or real.high is None or simulated.low is None or simulated.high is None:
            continue
        if real.high < simulated.low or real.low > simulated.high:
            lines.append(
                f"- not reproduced: {_FIGURES[row.name]}, {real.value:.3f} of real and {simulated.value:.3f} of "
                "simulated labels; the intervals do not meet"
            )
    return "\n".join(lines)


def _score_line(score: Score) -> list[str]:
    ahead = "" if score.ahead is None else _signed(score.ahead)
    return [_SCORES[score.name], _text(score.per_label), ahead, str(score.per_label.n_total)]


def _figure_line(figure: Figure) -> list[str]:
    cells = (figure.real, figure.calibrated, figure.flat_flips, figure.judge_alone)
    return [_FIGURES[figure.name], *(_text(cell) for cell in cells), str(figure.real.n_total)]


def _text(value: Estimate) -> str:
    if value.value is None:
        return "-"
    ends = "" if value.low is None or value.high is None else f" [{value.low:.3f}, {value.high:.3f}]"
    return f"{value.value:.3f}{ends}"


def _signed(value: Estimate) -> str:
    if value.value is None:
        return "-"
    ends = "" if value.low is None or value.high is None else f" [{value.low:+.3f}, {value.high:+.3f}]"
    return f"{value.value:+.3f}{ends}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
