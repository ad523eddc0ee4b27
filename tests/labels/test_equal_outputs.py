"""Labels on two outputs with the same text."""

from pathlib import Path

import pandas as pd
import pytest

from farm.errors import UserError
from farm.labels.equal_outputs import without_equal_outputs

FILE = Path("labels.json")
LABELS = pd.DataFrame(
    [("fig", "fig", 1.0), ("fig", "pear", 2.0), ("a", "a", 1.5), ("", "", 1.0), ("b", "b", None), ("c", "c", 1.4)],
    columns=["output_1", "output_2", "preference"],
)


def test_only_preferences_between_equal_texts_are_left_out() -> None:
    kept, notes = without_equal_outputs(LABELS, FILE)
    # The texts of the fourth pair are not known; a tie on equal texts is right.
    assert kept["output_1"].tolist() == ["fig", "a", "", "b"]
    assert notes == ["2 of 6 labels prefer one of two outputs with the same text and are left out"]
    again, nothing = without_equal_outputs(kept, FILE)
    assert again is kept and nothing == []


def test_a_table_of_nothing_else_is_refused() -> None:
    with pytest.raises(UserError, match=r"labels.json: all 2 labels are on two outputs with the same text"):
        without_equal_outputs(LABELS.iloc[[0, 5]], FILE)
    assert without_equal_outputs(LABELS.iloc[:0], FILE)[1] == []
