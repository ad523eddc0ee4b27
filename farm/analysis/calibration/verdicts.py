"""The judge of a calibration: its recorded verdicts on what people labelled, or an annotator that is asked now."""

import pandas as pd

from farm.analysis.calibration.data import (
    CalibrationData,
    HumanLabels,
    calibration_data,
    human_labels,
    recorded_verdicts,
)
from farm.annotators.annotator import Annotator
from farm.annotators.tally import Tally
from farm.calls.request import Calls
from farm.labels.read import notes_of


def with_recorded_verdicts(
    humans: pd.DataFrame, verdicts: pd.DataFrame, *, source: str, annotator: str | None, p_limit: float
) -> CalibrationData:
    """The human labels of a table with a judge's verdicts from another, or from the same.

    Args:
        humans: an annotation table; its human rows count.
        verdicts: an annotation table; its llm rows count.
        source: where the verdicts come from, in words.
        annotator: the judge, where the table holds several.
        p_limit: p_first is cut to [1 - p_limit, p_limit].
    """
    people = human_labels(humans)
    recorded = recorded_verdicts(people, verdicts, annotator)
    judge = next((verdict.judge for verdict in recorded if verdict is not None), source)
    notes = tuple(dict.fromkeys([*notes_of(humans), *notes_of(verdicts)]))
    return calibration_data(people, recorded, judge=judge, p_limit=p_limit, notes=notes)


def with_asked_verdicts(
    humans: pd.DataFrame, judge: Annotator, *, name: str, seed: int, calls: Calls, p_limit: float, tally: Tally
) -> CalibrationData:
    """The human labels of a table with the clean verdicts that an annotator gives now.

    Args:
        humans: an annotation table; its human rows count.
        judge: who is asked.
        name: what the report calls it.
        seed: keys its draws.
        calls: answers its requests to models.
        p_limit: p_first is cut to [1 - p_limit, p_limit].
        tally: counts the verdicts.
    """
    people: HumanLabels = human_labels(humans)
    verdicts = judge.annotate(people.comparisons, (), seed, with_noise=False, calls=calls)
    tally.add(verdicts)
    return calibration_data(people, verdicts, judge=name, p_limit=p_limit, notes=notes_of(humans))
