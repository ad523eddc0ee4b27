"""Judges that give a probability beside their verdict: which of the two counts as the preference.

AlpacaEval 2 counts the probability, most others the verdict. `farm annotate` writes both, preference and p_first.
"""

import numpy as np
import pandas as pd

from farm.labels.annotation_table import NOTES, notes_of

_TIE = 1.5


def judged(frame: pd.DataFrame, *, is_soft: bool) -> pd.DataFrame:
    """The table with the preferences that count, and a note on those with a probability beside them.

    A verdict on another side of the tie than its probability stays as it is: noise, or a rule for conflicts, made it.

    Args:
        frame: an annotation table.
        is_soft: whether 2 - p_first counts as a graded preference, instead of the verdict.
    """
    if "p_first" not in frame:
        return frame
    verdict, soft = frame["preference"], 2.0 - frame["p_first"]
    is_graded = (np.sign(soft - _TIE) == np.sign(verdict - _TIE)) & (soft != verdict)
    n_graded = int(is_graded.sum())
    if n_graded == 0:
        return frame
    counts = "counts" if is_soft else "does not count (soft_verdicts=true: it does)"
    note = f"{n_graded} of {len(frame)} verdicts have the judge's probability beside them (p_first), which {counts}"
    table = frame.assign(preference=verdict.where(~is_graded, soft) if is_soft else verdict)
    table.attrs[NOTES] = [*notes_of(frame), note]
    return table
