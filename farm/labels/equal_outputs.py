"""Labels that prefer one of two outputs with the same text: they say nothing of either.

Whoever counts labels leaves them out. A tie on such a pair is right, and stays.
"""

from pathlib import Path

import pandas as pd

from farm.errors import UserError
from farm.records import Preference


def without_equal_outputs(frame: pd.DataFrame, source: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table without such labels, and a sentence if there were some.

    Args:
        frame: an annotation table; a pair without its texts is not taken for one of equal outputs.
        source: where it comes from, for messages.

    Raises:
        UserError: no label is left.
    """
    is_equal = (frame["output_1"] == frame["output_2"]) & (frame["output_1"] != "")
    says_nothing = is_equal & frame["preference"].notna() & (frame["preference"] != Preference.TIE.value)
    n = int(says_nothing.sum())
    if n == 0:
        return frame, []
    if n == len(frame):
        raise UserError(f"{source}: all {n} labels are on two outputs with the same text; they say nothing")
    note = f"{n} of {len(frame)} labels prefer one of two outputs with the same text and are left out"
    return frame[~says_nothing], [note]
