"""The fitted crowd as an annotator's YAML, ready for conf/annotator/: every key with a comment in words."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from farm.analysis.calibration.fit_and_check import Calibration
from farm.annotators.noise.crowd import CrowdNoise
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping
from farm.plain_text import one_line

_INTERPOLATION = re.compile(r"(\\*)\$\{")
"""What OmegaConf would look up, with the backslashes before it."""
_COMMENTS = {
    "n_workers": "workers in the crowd; one is drawn for each comparison",
    "reliability_spread": "standard deviation of the logarithm of their reliability",
    "temperature": "Bradley-Terry temperature of the judge's p_first; null: p_first is not used",
    "verdict_log_odds": "log odds by which the median worker follows a verdict without p_first; null: there are none",
    "p_limit": "p_first is cut to [1 - p_limit, p_limit]",
    "opinion_sd": "standard deviation, in log odds, of what all workers see and the judge does not",
    "length_bias": "log odds for each factor 2.7 in length",
    "list_bias": "log odds of the only output with a list",
    "position_bias": "log odds of the output shown first",
    "tie_weight": "v: evenly matched outputs tie with probability v / (2 + v)",
    "lapse_rate": "probability of an answer without looking",
    "seed": "the workers' reliabilities and the crowd's opinions are keyed by it",
}


@dataclass(frozen=True, kw_only=True)
class RecordedBase:
    """The noise is put on the verdicts of a table."""

    file: Path
    annotator: str
    """Whose verdicts in it."""
    columns: ColumnMapping = OWN_NAMES
    """What it calls its columns."""


@dataclass(frozen=True, kw_only=True)
class AnnotatorBase:
    """The noise takes the place of that of a named annotator."""

    name: str


def annotator_yaml(calibration: Calibration, name: str, base: RecordedBase | AnnotatorBase) -> str:
    """The text of annotator/NAME.yaml in a folder of settings.

    Args:
        calibration: what was fitted.
        name: of the new annotator.
        base: whose clean verdicts the noise is put on.
    """
    head = [
        f"# {one_line(calibration.judge)} with the noise of {len(calibration.annotators)} human annotators, fitted by "
        f"`farm calibrate` to {calibration.n_labels} labels on {calibration.n_items} items."
    ]
    if isinstance(base, AnnotatorBase):
        head += ["defaults:", f"  - {base.name}", "  - _self_"]
    else:
        head += ["_target_: farm.annotators.noised.NoisedAnnotator"]
    head += [
        f"name: {_quoted(name)}  # stands in every annotation and table",
        f"arm: {_quoted(name)}   # annotators of one arm label the same samples",
    ]
    if isinstance(base, RecordedBase):
        head += [
            "clean:",
            "  _target_: farm.annotators.recorded.RecordedAnnotator",
            f"  name: {_quoted(name)}  # of no use here; the name above counts",
            f"  arm: {_quoted(name)}   # of no use here; the arm above counts",
            f"  file: {_quoted(str(base.file.resolve()))}  # table of verdicts that are replayed",
            f"  annotator_in_file: {_quoted(base.annotator)}  # the judge in it",
        ]
        if base.columns:
            given = {name: value for name, value in vars(base.columns).items() if value is not None}
            head += [f"  columns: {json.dumps(given, ensure_ascii=False)}  # what it calls its columns"]
    return "\n".join([*head, *_stage_lines(calibration, calibration.stage)]) + "\n"


def _stage_lines(calibration: Calibration, stage: CrowdNoise) -> list[str]:
    reasons = {row.name: row.reason for row in calibration.parameters if not row.is_identified}
    ends = {row.name: (row.low, row.high) for row in calibration.parameters if row.is_identified}
    lines = ["noise:", "  - _target_: farm.annotators.noise.crowd.CrowdNoise"]
    for name, value in vars(stage).items():
        if name not in _COMMENTS:
            continue  # what the stage has worked out for itself
        note = ""
        if name in reasons:
            note = f" (left out: {one_line(reasons[name])})"
        elif name in ends:
            low, high = ("..." if end is None else f"{end:.3g}" for end in ends[name])
            note = f" (95% interval {low} to {high})"
        written = "null" if value is None else repr(value)
        lines.append(f"    {name}: {written}  # {_COMMENTS[name]}{note}")
    return lines


def _quoted(text: str) -> str:
    """The text as a YAML scalar on one line, which a JSON string is; none of it is looked up or hidden."""
    literal = _INTERPOLATION.sub(lambda match: f"{match[1] * 2}\\${{", text)
    written = json.dumps(literal, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in written)
