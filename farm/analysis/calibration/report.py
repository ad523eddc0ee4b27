"""What `farm calibrate` prints and writes: a page, and JSON with all digits."""

import dataclasses
from collections.abc import Collection, Sequence

from farm.analysis.calibration.checks import Figure
from farm.analysis.calibration.fit_and_check import Calibration
from farm.analysis.calibration.parameters import Parameter
from farm.reports.page import Bullets, Page, Picture, Section, Table, Text
from farm.reports.short_names import short_names
from farm.reports.text import MISSING, PLAIN, SIGNED, interval, number
from farm.stats.bootstrap import Estimate
from farm.stats.noise.scores import Score
from farm.wording import counted

CALIBRATION_PNG = "calibration.png"
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


def calibration_page(fit: Calibration, name: str, pictures: Collection[str] = ()) -> Page:
    """The report.

    Args:
        fit: the fitted crowd and how it fares on held-out labels.
        name: of the fitted annotator.
        pictures: the names of the PNGs that were drawn.
    """
    people = counted(len(fit.annotators), "human annotator")
    fitted = Text(
        text=f"Fitted to {fit.n_labels} labels by {people} on {fit.n_items} items. The model and its equations: "
        "farm/annotators/noise/crowd.py."
    )
    drawn = [Picture(file=file, description="Real against simulated labels") for file in pictures]
    return Page(
        title=f"Annotator {name}: {fit.judge} with the noise of a crowd",
        sections=(
            Section(
                title="The fitted crowd, on held-out labels",
                blocks=(
                    Bullets(lines=verdict_lines(fit.held_out.scores)),
                    fitted,
                    *_bullets(fit.notes),
                    *drawn,
                ),
            ),
            _parameter_section(fit),
            _annotator_section(fit),
            _score_section(fit),
            _figure_section(fit),
        ),
    )


def verdict_lines(scores: Sequence[Score]) -> tuple[str, ...]:
    """Whether the fitted crowd beats each of the others on held-out labels, in words."""
    return tuple(
        _verdict(_SCORES[score.name].removesuffix(" *"), score.ahead)
        for score in scores
        if score.ahead is not None and score.ahead.value is not None
    )


def _verdict(other: str, gap: Estimate) -> str:
    assert gap.value is not None
    if gap.low is None or gap.high is None:
        return f"{other}: ahead by {SIGNED.text(gap.value)}, without an interval ({gap.reason})"
    if gap.low > 0:
        return f"beats {other}: the whole interval is above 0"
    if gap.high < 0:
        return f"does NOT beat {other}: the whole interval is below 0, so do not use this fit for prediction"
    where = "ahead of" if gap.value > 0 else "behind"
    return (
        f"not shown to beat {other}: {where} it by {abs(gap.value):.3f}, but the interval contains 0; "
        f"{gap.n_total} labels are too few to tell, or the judge's verdicts say too little"
    )


def calibration_json(fit: Calibration, *, name: str, config: str) -> dict[str, object]:
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
        "judge": fit.judge,
        "config": config,
        "n_items": fit.n_items,
        "n_labels": fit.n_labels,
        "n_annotators": len(fit.annotators),
        "notes": list(fit.notes),
        "log_likelihood": fit.log_likelihood,
        "parameters": {
            row.name: {
                "value": row.value,
                "low": row.low,
                "high": row.high,
                "is_identified": row.is_identified,
                "reason": row.reason,
            }
            for row in fit.parameters
        },
        "annotators": [dataclasses.asdict(row) for row in fit.annotators],
        "held_out": {
            "n_folds": fit.n_folds,
            "scores": {
                score.name: {
                    "per_label": dataclasses.asdict(score.per_label),
                    "calibrated_ahead": None if score.ahead is None else dataclasses.asdict(score.ahead),
                }
                for score in fit.held_out.scores
            },
            "joint_gain": dataclasses.asdict(fit.held_out.joint),
            "n_impossible_alone": fit.held_out.n_impossible_alone,
            "n_impossible_flips": fit.held_out.n_impossible_flips,
        },
        "figures": {
            figure.name: {
                "real": dataclasses.asdict(figure.real),
                "calibrated": dataclasses.asdict(figure.calibrated),
                "flat_flips": dataclasses.asdict(figure.flat_flips),
                "judge_alone": dataclasses.asdict(figure.judge_alone),
            }
            for figure in fit.figures
        },
    }


def _parameter_section(fit: Calibration) -> Section:
    reasons = [
        f"{row.name}: {'' if row.is_identified else _left_out(row)}{row.reason}" for row in fit.parameters if row.reason
    ]
    return Section(
        title="Parameters",
        blocks=(
            Text(text="Maximum likelihood, 95% profile-likelihood intervals:"),
            Table(
                header=("parameter", "meaning", "value", "95% interval"),
                rows=tuple(_parameter_row(row) for row in fit.parameters),
                n_text_columns=2,
            ),
            *_bullets(reasons),
        ),
    )


def _parameter_row(row: Parameter) -> tuple[str, ...]:
    if row.value is None:
        return row.name, _MEANINGS[row.name], MISSING, "left out"
    low, high = ("..." if end is None else PLAIN.text(end) for end in (row.low, row.high))
    return row.name, _MEANINGS[row.name], PLAIN.text(row.value), f"[{low}, {high}]"


def _left_out(row: Parameter) -> str:
    # Lapses are left out by choice; of the others the data say nothing.
    return "left out: " if row.name == "lapse_rate" else "not identified: "


def _annotator_section(fit: Calibration) -> Section:
    title = "Reliability of each annotator"
    reason = fit.annotators[0].reason
    if reason:
        return Section(title=title, blocks=(Text(text=f"{reason[:1].upper()}{reason[1:]}."),))
    names = short_names(row.name for row in fit.annotators)
    rows = tuple(
        (names[row.name], f"{row.reliability:.2f}", f"[{row.low:.2f}, {row.high:.2f}]", str(row.n_labels))
        for row in fit.annotators
    )
    about = "1 = the median; most probable value given the spread, approximate 95% interval:"
    table = Table(header=("annotator", "reliability", "95% interval", "labels"), rows=rows)
    return Section(title=title, blocks=(Text(text=about), table))


def _score_section(fit: Calibration) -> Section:
    rows = tuple(
        (
            _SCORES[score.name],
            interval(score.per_label),
            "" if score.ahead is None else interval(score.ahead, SIGNED),
            str(score.per_label.n_total),
        )
        for score in fit.held_out.scores
    )
    return Section(
        title="Log-probability of held-out labels",
        blocks=(
            Text(
                text=f"In nats per label ({fit.n_folds} folds over items; each label is predicted from the judge's "
                "verdict and the outputs, not knowing whose it is):"
            ),
            Table(header=("prediction", "held-out score", "calibrated is ahead by", "labels"), rows=rows),
            Text(
                text="* mixed with an even guess among the labels that people use, in the share that fits the training "
                "items best. Without that they would score minus infinity: the judge alone rules out "
                f"{fit.held_out.n_impossible_alone} of the labels, flat flips rule out "
                f"{fit.held_out.n_impossible_flips} (they never make a tie). Intervals are paired and resample items."
            ),
        ),
    )


def _figure_section(fit: Calibration) -> Section:
    rows = tuple(
        (
            _FIGURES[row.name],
            *(interval(each) for each in (row.real, row.calibrated, row.flat_flips, row.judge_alone)),
            str(row.real.n_total),
        )
        for row in fit.figures
    )
    return Section(
        title="Simulated against real labels",
        blocks=(
            Text(
                text="On held-out items (real: 95% interval over items; simulated: where 95% of simulated data sets of "
                "this size lie):"
            ),
            Table(header=("share", "real", "calibrated", "flat 25% flips", "judge alone", "items"), rows=rows),
            *_bullets(_missed(fit.figures)),
        ),
    )


def _missed(rows: Sequence[Figure]) -> list[str]:
    """What the simulation does not reproduce: the real value is outside its range and the intervals are apart."""
    lines = []
    for row in rows:
        real, simulated = row.real, row.calibrated
        if real.low is None or real.high is None or simulated.low is None or simulated.high is None:
            continue
        if real.high < simulated.low or real.low > simulated.high:
            lines.append(
                f"not reproduced: {_FIGURES[row.name]}, {number(real.value)} of real and {number(simulated.value)} of "
                "simulated labels; the intervals do not meet"
            )
    return lines


def _bullets(lines: Sequence[str]) -> list[Bullets]:
    return [Bullets(lines=tuple(lines))] if lines else []
