import numpy as np
import pandas as pd
import pytest

from farm.labels.annotation_row import annotation_frame
from farm.labels.label_table import label_table
from tests.labels.label_rows import row


def test_grades_are_kept_and_have_a_class() -> None:
    said = {"a": 1.2, "b": 1.5, "c": 1.51, "d": 2.0, "e": None}
    table = label_table(
        annotation_frame([row(item, "judge", value) for item, value in said.items()]), pd.Index(list(said))
    )
    assert table.labels[:, 0] == pytest.approx([1.2, 1.5, 1.51, 2.0, np.nan], nan_ok=True)
    assert table.classes[:, 0] == pytest.approx([1, 1.5, 2, 2, np.nan], nan_ok=True)
    assert table.has_grades and (table.n_verdicts, table.n_unparsed) == (4, 1)
    rest = table.of_items(np.array([False, True, False, True, True]))
    assert not rest.has_grades and (rest.n_verdicts, rest.n_unparsed) == (2, 1)
